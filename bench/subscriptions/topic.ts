/** What is read, and what clients see: an SDL-declared subscription, as Cosmo has it. */
export const sdlOf = (topic: string): string => `
  type Subscription {
    tick: Tick! @edfs__kafkaSubscribe(topics: ["${topic}"])
    tickOf(id: ID!): Tick! @edfs__kafkaSubscribe(topics: ["${topic}"])
      @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: ["{{ args.id }}"] } })
  }
  type Tick @key(fields: "id", resolvable: false) { id: ID! @external at: String! @external text: String! @external }
`

/** Another subgraph, which knows more of what the events are about. */
export const namesSdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Tick @key(fields: "id") { id: ID! name: String! price: Int! }
  type Query { names: Int! }
`

/** A record's value. @param at ms since the epoch, with fractions */
export const tickOf = (id: string, at: number, text = 'something that has changed, told'): string =>
  JSON.stringify({ __typename: 'Tick', id, at: at.toFixed(2), text })

/** The payload of the operation that selects all three, as an executor would render it. */
export const payloadOf = (tick: string, field: 'tick' | 'tickOf'): string => {
  const { id, at, text } = JSON.parse(tick) as Record<string, string>
  return JSON.stringify({ data: { [field]: { id, at, text } } })
}

export const operations = {
  one: 'subscription { tick { id at text } }',
  own: 'subscription ($id: ID!) { tickOf(id: $id) { id at text } }',
  /** INDEX is another number for each subscriber. */
  distinct: 'subscription { tick { id at text aINDEX: __typename } }',
  /** The same for Cosmo, which answers with null for an alias in what events bring. */
  named: 'subscription Of_INDEX { tick { id at text } }',
  entities: 'subscription { tick { id at text name price } }',
}
