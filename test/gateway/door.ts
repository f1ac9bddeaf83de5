import assert from 'node:assert/strict'
import { composeSubgraphs, buildSubgraph, createEngine, inProcessSubgraph, type Callbacks, type Engine, type SubgraphResolvers } from '../../federation/index.ts'
import { Deliveries } from '../../gateway/deliveries.ts'
import { Documents } from '../../gateway/documents.ts'
import type { Door } from '../../gateway/door.ts'
import { EngineHost } from '../../gateway/engine-host.ts'
import type { Entrance } from '../../gateway/entrance.ts'
import { FreshnessMark } from '../../gateway/freshness.ts'
import type { Peers } from '../../gateway/processes/peers.ts'
import { listen } from '../../gateway/server.ts'
import type { Pace } from '../../subscriptions/delivery/pace.ts'
import type { Verifier } from '../../gateway/session.ts'
import { Staleness } from '../../gateway/staleness.ts'
import { defaultGatewaySettings, defaultLimits, type GatewaySettings, type Limits } from '../../gateway/settings.ts'
import { createTelemetry, type Telemetry } from '../../gateway/telemetry.ts'
import { createPublisher } from '../../resolvers/events/publisher.ts'
import { localScope, type Scope } from '../../resolvers/scope.ts'
import { topicNames } from '../../events/topics.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { MetricViewImpl } from '../../search/metric-view.ts'
import type { FormattedExecutionResult } from 'graphql'

/** A small API with something for every rule of the door. */
export const typeDefs = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query {
    hello: String
    item: Item
    items(first: Int! = 10): [Item!]!
    byKeys(entities: [ID!]!): [Item!]!
    version: Int
    broken: String
    refused: String
    slow: String
  }
  type Mutation { count: Int }
  type Subscription { ticks: Int, quiet: Int, breaks: Int }
  type Item { id: ID, item: Item, items(first: Int! = 10): [Item!]! }
`

export function engineOf(resolvers: SubgraphResolvers, onError?: (error: unknown) => void): Engine {
  const { supergraphSdl } = composeSubgraphs([{ name: 'small', url: 'http://localhost/small', typeDefs }])
  const schema = buildSubgraph({ typeDefs, resolvers })
  return createEngine({ supergraphSdl, subgraphs: new Map([['small', inProcessSubgraph({ schema, onError })]]) })
}

export interface OpenDoor extends AsyncDisposable {
  url: string
  host: EngineHost
  telemetry: Telemetry
  view: MetricViewImpl
  /** What the operator was told. */
  told: unknown[]
  /** The answer of an operation over HTTP, without what it says of its freshness. */
  ask(query: string, variables?: object, headers?: Record<string, string>): Promise<{ status: number; body: FormattedExecutionResult }>
  close(): Promise<void>
}

export interface DoorOptions {
  resolvers?: SubgraphResolvers
  settings?: Partial<Omit<GatewaySettings, 'limits'>>
  limits?: Partial<Limits>
  callbacks?: Callbacks
  scope?: Scope
  verifier?: Verifier
  /** Where it is one of several processes behind one port. */
  among?: { entrance: Entrance; peers: Peers }
  /** Of those who come. */
  arrival?: Pace
  /** Instead of one over the small API. */
  engine?: Engine
}

/** Takes out what every answer with data says of its freshness, which differs each time; with nothing else in them the extensions go. */
export function withoutFreshness({ extensions, ...result }: FormattedExecutionResult): FormattedExecutionResult {
  if (!result.data) return { ...result, ...extensions && { extensions } }
  const { freshness, ...others } = extensions ?? {}
  assert.deepEqual(Object.keys(freshness as object), ['eventTime', 'appliedAt', 'deliveredAt'])
  return Object.keys(others).length > 0 ? { ...result, extensions: others } : result
}

/** The door alone, over an API of its own: no log, no ingest. */
export async function openDoor({ resolvers = {}, settings, limits, callbacks, scope = localScope, verifier, among, arrival, engine }: DoorOptions = {}): Promise<OpenDoor> {
  const told: unknown[] = []
  const onError = (error: unknown) => void told.push(error)
  const unexpected = (): never => {
    throw new Error('this test has no log')
  }
  const index = await openEmbeddedIndex({ directory: null })
  const view = new MetricViewImpl()
  const telemetry = createTelemetry({ processMetrics: false })
  const first = engine ?? engineOf(resolvers, onError)
  const host = new EngineHost(first)
  const door: Door = {
    host, telemetry, onError, callbacks, verifier, peers: among?.peers, logId: 'log',
    deliveries: new Deliveries({ cursors: createCursors({ key: new Uint8Array(16), logId: 'log', partitions: 4 }), telemetry, clock: Date.now, arrival }),
    documents: new Documents({ trusted: settings?.trustedDocuments }), scope, mark: new FreshnessMark(Date.now),
    staleness: new Staleness({ log: { ends: unexpected, read: unexpected }, topics: [], view, clock: Date.now }), ready: () => view.ready(), measure: () => Promise.resolve(),
    settings: { ...defaultGatewaySettings, port: 0, ...settings, limits: { ...defaultLimits, ...limits } },
    services: {
      index, view, embedder: createHashingEmbedder(), clock: Date.now,
      feed: { serve: unexpected, evaluate: unexpected },
      live: { livestream: unexpected, livestreams: unexpected, search: unexpected, feed: unexpected, metrics: unexpected, events: unexpected },
      publisher: createPublisher({ log: { id: 'log', append: unexpected } as never, topics: topicNames(), clock: Date.now, newId: unexpected }),
    },
  }
  const subgraphs = {
    schemas: new Map([['small', buildSubgraph({ typeDefs, resolvers })]]),
    merged: { doorOf: (asked: Door) => asked, aloneOf: () => undefined, close: () => Promise.resolve() },
  }
  const server = await listen(door, subgraphs, among?.entrance).catch(async (error: unknown) => {
    await first.close()
    throw error
  })
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => closed ??= server.close()
  return {
    url: server.url, host, telemetry, view, told, close,
    async ask(query, variables, headers) {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query, variables }),
      })
      return { status: response.status, body: withoutFreshness(await response.json() as FormattedExecutionResult) }
    },
    async [Symbol.asyncDispose]() {
      await close()
      await Promise.all([index.close(), first.close(), host.current.close()])
    },
  }
}
