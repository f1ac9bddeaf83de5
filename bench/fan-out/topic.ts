/** What the servers read, and clients see: an SDL-declared subscription, as Cosmo has it. */
export const sdl = `
  type Subscription {
    tick: Tick! @edfs__kafkaSubscribe(topics: ["TOPIC"])
    tickOf(id: ID!): Tick! @edfs__kafkaSubscribe(topics: ["TOPIC"]) @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: ["{{ args.id }}"] } })
  }
  type Tick @key(fields: "id", resolvable: false) { id: ID! @external at: String! @external text: String! @external }
`

/** A record's value. @param at ms since the epoch, with fractions */
export const tickOf = (id: string, at: number): string => JSON.stringify({ __typename: 'Tick', id, at: at.toFixed(2), text: 'something that has changed, told' })

/** As the gateway renders it. */
export const payloadOf = (value: string): string => {
  const { id, at, text } = JSON.parse(value) as Record<string, string>
  const now = new Date().toISOString()
  return `{"data":{"tick":${JSON.stringify({ id, at, text })}},"extensions":{"freshness":{"eventTime":null,"appliedAt":null,"deliveredAt":"${now}"}}}`
}
