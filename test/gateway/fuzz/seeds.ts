import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql'
import { createOperation } from '../../federation/differential/operations.ts'
import { random as seeded } from '../../federation/differential/random.ts'

/** What a client may send, before anything is made wrong of it. */
export interface Seeds {
  bodies: Record<string, unknown>[]
  /** Bodies of requests to single subgraphs, by path. */
  subgraphs: { path: string; body: Record<string, unknown> }[]
  subscriptions: Record<string, unknown>[]
}

const publish = 'mutation ($events: [EventInput!]!) { publish(events: $events) { token results { accepted id code message } } }'
const event = { type: 'LivestreamChanged', subject: 'livestream:fuzzed', data: { title: 'Fuzzed' } }
const hash = 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38'

const written: Record<string, unknown>[] = [
  { query: '{ __typename }' },
  { query: '{ livestream(id: "control") { id title seller { id } } }', operationName: null, variables: {}, extensions: {} },
  { query: 'query A($id: ID!, $yes: Boolean = true) { livestream(id: $id) { id @include(if: $yes) ...T } } fragment T on Livestream { title }', variables: { id: 'control', yes: false }, operationName: 'A' },
  { query: 'query A { __typename } query B { __typename }', operationName: 'B' },
  { query: publish, variables: { events: [event] } },
  { query: publish, variables: { events: [{ ...event, id: 'f-1', source: '/fuzz', time: '2026-01-01T00:00:00Z', dataschema: 'x' }] } },
  { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: hash } } },
  { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } },
  { query: '{ livestream(id: "control") { title } }', extensions: { freshetToken: 'AAAA' } },
  { documentId: 'sha256:x' },
  { query: '{ a: __typename b: livestreams(first: 3, filter: { status: { eq: LIVE } }) { nodes { id } pageInfo { endCursor } } }' },
  { query: '{ searchLivestreams(hybrid: { query: "vinyl", alpha: 0.5 }, first: 3) { edges { score node { id } } } }' },
  { query: '{ feed(userId: "u", first: 3) { nodes { id } } }' },
  { query: '{ nearestLivestreams(vector: [0.1, 0.2], first: 2) { livestream { id } } }' },
  { query: '{ embed(text: "vinyl") { model } }' },
]

/** @param count of random operations besides those that are written down */
export async function seedsOf(url: string, seed: number, count: number): Promise<Seeds> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: getIntrospectionQuery() }),
  })
  const { data } = await answer.json() as { data: IntrospectionQuery }
  const schema = buildClientSchema(data)
  const random = seeded(seed)
  const operations = Array.from({ length: count }, () => {
    const { text, variables } = createOperation(schema, random, random.chance(0.05))
    return { query: text, variables }
  })
  const representations = (typename: string) => ({
    query: `query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on ${typename} { id } } }`, variables: { r: [{ __typename: typename, id: 'control' }] },
  })
  return {
    bodies: [...written, ...operations, { query: getIntrospectionQuery() }],
    subgraphs: ['users', 'sellers', 'livestreams', 'metrics', 'embeddings', 'feed', 'events', 'nothing', 'freshet'].flatMap((name) => [
      { path: `/subgraphs/${name}`, body: { query: '{ _service { sdl } }' } },
      { path: `/subgraphs/${name}`, body: representations('Livestream') },
      { path: `/subgraphs/${name}`, body: representations(random.pick(['User', 'Seller', 'Livestream'])) },
      { path: `/subgraphs/${name}`, body: random.pick(operations) },
    ]),
    subscriptions: [
      { query: 'subscription { livestream(id: "control") { id title } }' },
      { query: 'subscription ($f: LivestreamFilter) { livestreams(filter: $f) { id livestream { id } } }', variables: { f: { status: { eq: 'LIVE' } } } },
      { query: 'subscription { events(types: ["LivestreamStarted"]) { subject } }' },
      { query: 'subscription { feed(userId: "u") { nodes { id } } }' },
      { query: 'subscription { metrics(entities: ["user:a"]) { metrics { window } } }' },
    ],
  }
}
