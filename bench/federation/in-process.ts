import assert from 'node:assert/strict'
import { execute, parse, type GraphQLSchema } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'
import { quantile } from '../report.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n'
const typeDefs: Record<string, string> = {
  feed: 'type Query { feed(first: Int!): [Livestream!]! } type Livestream @key(fields: "id", resolvable: false) { id: ID! }',
  livestreams: 'type Livestream @key(fields: "id") { id: ID! title: String! category: String! seller: Seller! } type Seller @key(fields: "id", resolvable: false) { id: ID! }',
  sellers: 'type Seller @key(fields: "id") { id: ID! name: String! rating: Float }',
  metrics: 'type Livestream @key(fields: "id") { id: ID! metrics: Metrics } type Metrics { viewersNow: Int! likes: Int! popularity: Float! }',
  ai: 'type Livestream @key(fields: "id") { id: ID! embedding: [Float!] }',
}
const merged = `type Query { feed(first: Int!): [Livestream!]! }
  type Livestream { id: ID! title: String! category: String! seller: Seller! metrics: Metrics embedding: [Float!] }
  type Seller { id: ID! name: String! rating: Float } type Metrics { viewersNow: Int! likes: Int! popularity: Float! }`

interface Keyed { id: string }
const livestreams = new Map(Array.from({ length: 20 }, (_, index) => [`ls-${index}`, {
  id: `ls-${index}`, title: `The great show number ${index}`, category: 'shoes', seller: { id: `s-${index % 7}` },
}]))
const sellers = new Map(Array.from({ length: 7 }, (_, index) => [`s-${index}`, { id: `s-${index}`, name: `Seller number ${index}`, rating: 4.5 }]))
const metricsOf = ({ id }: Keyed) => ({ viewersNow: id.length * 17, likes: 1200, popularity: 0.731 })
const embeddings = new Map([...livestreams.keys()].map((id, at) => [id, Array.from({ length: 16 }, (_, index) => Math.fround(Math.sin(at + index)))]))
const embeddingOf = ({ id }: Keyed) => embeddings.get(id)
const feed = (_: unknown, { first }: { first: number }) => [...livestreams.keys()].slice(0, first).map((id) => ({ id }))

const resolvers: Record<string, object> = {
  feed: { Query: { feed } },
  livestreams: { Livestream: { __resolveReference: ({ id }: Keyed) => livestreams.get(id) } },
  sellers: { Seller: { __resolveReference: ({ id }: Keyed) => sellers.get(id) } },
  metrics: { Livestream: { metrics: metricsOf } },
  ai: { Livestream: { embedding: embeddingOf } },
}

const document = parse('query ($first: Int!) { feed(first: $first) { id title category seller { id name rating } metrics { viewersNow likes popularity } embedding } }')

export interface InProcess {
  /** CPU time of one operation over five co-located subgraphs and over one merged schema with graphql-js, µs. */
  federated: number
  merged: number
  /** The one by the other. */
  ratio: number
  bytes: number
}

/** Medians of rounds of so many operations each, alternating. Both give objects; neither is rendered to text. */
async function inProcess(operations: number, rounds: number): Promise<InProcess> {
  const parts = Object.entries(typeDefs).map(([name, sdl]) => ({ name, url: `http://localhost/${name}`, typeDefs: link + sdl }))
  const engine = createEngine({
    supergraphSdl: composeSubgraphs(parts).supergraphSdl,
    subgraphs: new Map(parts.map(({ name, typeDefs: sdl }) =>
      [name, inProcessSubgraph({ schema: buildSubgraph({ typeDefs: sdl, resolvers: resolvers[name] }) })])),
  })
  const whole: GraphQLSchema = buildSubgraph({ typeDefs: merged, resolvers: {
    Query: { feed: (_: unknown, { first }: { first: number }) => [...livestreams.values()].slice(0, first) },
    Livestream: { metrics: metricsOf, embedding: embeddingOf, seller: ({ seller }: { seller: Keyed }) => sellers.get(seller.id) },
  } })
  const variables = { first: 20 }
  try {
    const federated = async () => engine.execute({ document, variables })
    const inOne = async () => execute({ schema: whole, document, variableValues: variables })
    const answer = JSON.stringify(await inOne())
    assert.equal(JSON.stringify(await federated()), answer, 'the federated answer differs from that of the merged schema')
    for (const action of [federated, inOne]) await cpuOf(action, operations * 2)
    const measured: { federated: number; merged: number }[] = []
    for (let round = 0; round < rounds; round++) measured.push({ federated: await cpuOf(federated, operations), merged: await cpuOf(inOne, operations) })
    return {
      federated: median(measured.map((each) => each.federated)), merged: median(measured.map((each) => each.merged)),
      ratio: median(measured.map((each) => each.federated / each.merged)), bytes: answer.length,
    }
  } finally {
    await engine.close()
  }
}

const median = (values: readonly number[]): number => quantile(values, 0.5)

async function cpuOf(action: () => Promise<unknown>, rounds: number): Promise<number> {
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round++) await action()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / rounds
}

// A process of its own, as both are much slower where they do not run "in production".
const [operations, rounds] = process.argv.slice(2).map(Number) as [number, number]
process.send?.(await inProcess(operations, rounds))
process.disconnect?.()
