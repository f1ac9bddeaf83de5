import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse, type ExecutionResult } from 'graphql'
import {
  composeSubgraphs, createCallbacks, createEngine, eventSubgraph, httpSubgraph, inProcessSubgraph, type Callbacks,
  type Engine, type SubgraphTransport,
} from '../../federation/index.ts'
import { EventQueue } from '../../federation/event-queue.ts'
import { MemorySource } from './edfs/memory-source.ts'
import { serveSubgraph } from './remote.ts'
import { newShop, reviewsSchema, reviewsSdl, shopSupergraph, usersSchema, usersSdl, type Shop } from './shop.ts'
import { serveByCallback, serveBySse, serveCallbacks } from './streaming-servers.ts'

/** Where the subscription's events come from, as the test makes them. */
interface Source {
  transport: SubgraphTransport
  send(user: { id: string, name: string }): void
  fail(): void
  /** Kept once the source knows that nobody reads any more. */
  left: Promise<void>
}

/** A subgraph's resolver that is fed by the test. */
const fed = (shop: Shop): Omit<Source, 'transport'> => {
  const queue = new EventQueue<unknown>(10_000)
  const left = Promise.withResolvers<void>()
  queue.whenEnded(() => left.resolve())
  shop.renamed = queue
  return { send: (user) => queue.push({ userRenamed: user }), fail: () => queue.fail(new Error('secret')), left: left.promise }
}

type Make = (shop: Shop, stack: AsyncDisposableStack) => Promise<Source>

const kinds: Record<string, Make> = {
  'co-located': async (shop) => ({ ...fed(shop), transport: inProcessSubgraph({ schema: usersSchema(shop) }) }),
  'graphql-ws': async (shop, stack) => {
    const source = fed(shop)
    const { url } = stack.use(await serveSubgraph(usersSchema(shop)))
    return { ...source, transport: httpSubgraph({ url }) }
  },
  'server-sent events': async (shop, stack) => {
    const source = fed(shop)
    const { url } = stack.use(await serveBySse(usersSchema(shop)))
    return { ...source, transport: httpSubgraph({ url, subscriptionProtocol: 'sse' }) }
  },
  'HTTP callback': async (shop, stack) => {
    const source = fed(shop)
    const gateway = stack.use(await serveCallbacks(() => callbacks))
    // The heartbeat is how a subgraph without events learns that nobody reads any more.
    const callbacks: Callbacks = createCallbacks({ publicUrl: gateway.url, heartbeatIntervalMs: 100 })
    const { url } = stack.use(await serveByCallback(usersSchema(shop)))
    return { ...source, transport: httpSubgraph({ url, subscriptionProtocol: 'callback', callbacks }) }
  },
  'declared in SDL': async () => {
    const source = new MemorySource()
    const left = Promise.withResolvers<void>()
    source.onLeft = left.resolve
    return {
      transport: eventSubgraph({ name: 'users', typeDefs: streamsSdl, sources: new Map([['default', source]]), report: () => {} }),
      send: ({ id }) => source.send('renamed', { __typename: 'User', id }),
      fail: () => source.fail('renamed', new Error('secret')),
      left: left.promise,
    }
  },
}

const streamsSdl = `
  type User @key(fields: "id", resolvable: false) { id: ID! }
  type Subscription { userRenamed(id: ID): User @edfs__kafkaSubscribe(topics: ["renamed"]) }
`

const ownersSdl = usersSdl.replace(/type Subscription .*\n/, '')

interface Setup extends AsyncDisposable, Source {
  engine: Engine
}

const setup = async (kind: string, remote: boolean): Promise<Setup> => {
  const stack = new AsyncDisposableStack()
  const shop = newShop()
  const source = await kinds[kind]!(shop, stack)
  const reviews = remote
    ? httpSubgraph({ url: stack.use(await serveSubgraph(reviewsSchema(shop))).url })
    : inProcessSubgraph({ schema: reviewsSchema(shop) })
  const declared = kind === 'declared in SDL'
  const engine = createEngine(declared
    ? {
        supergraphSdl: composeSubgraphs([
          { name: 'streams', typeDefs: streamsSdl }, { name: 'users', typeDefs: ownersSdl }, { name: 'reviews', typeDefs: reviewsSdl },
        ]).supergraphSdl,
        subgraphs: new Map([['streams', source.transport], ['reviews', reviews], ['users', inProcessSubgraph({ schema: usersSchema(shop) })]]),
      }
    : { supergraphSdl: shopSupergraph(), subgraphs: new Map([['users', source.transport], ['reviews', reviews]]) })
  stack.defer(() => engine.close())
  return { ...source, engine, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const document = parse('subscription { userRenamed { id score reviews { text author { id name } } } }')

const subscribed = async ({ engine }: Setup, signal?: AbortSignal): Promise<AsyncIterableIterator<ExecutionResult>> => {
  const stream = await engine.subscribe({ document, signal })
  assert.ok(Symbol.asyncIterator in stream, JSON.stringify(stream))
  return stream
}

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const event = (id: string) => ({ data: { userRenamed: id === '1'
  ? { id, score: 2, reviews: [{ text: 'good', author: { id: '1', name: 'Ada' } }, { text: 'bad', author: { id: '1', name: 'Ada' } }] }
  : { id, score: 1, reviews: [{ text: 'fine', author: { id: '2', name: 'Bob' } }] } } })

const handles = (): string[] => process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name)).sort()

/** Handles that are still there when those that were closed have had the turns that they need. */
const remainingHandles = async (): Promise<string[]> => {
  for (let turn = 0; turn < 1_000 && handles().length > 0; turn++) await new Promise((resolve) => setImmediate(resolve))
  return handles()
}

for (const kind of Object.keys(kinds)) {
  for (const remote of [false, true]) {
    describe(`${kind}, entity fields ${remote ? 'remote' : 'in process'}`, () => {
      test('each event comes with the fields of the other subgraph, in order', async () => {
        await using under = await setup(kind, remote)
        const stream = await subscribed(under)
        const ids = Array.from({ length: 20 }, (_, index) => index % 3 ? '1' : '2')
        for (const id of ids) under.send({ id, name: 'new' })
        for (const id of ids) assert.deepEqual(json((await stream.next()).value), event(id))
        await stream.return?.()
        await under.left
        assert.deepEqual(await stream.next(), { done: true, value: undefined })
      })

      test('a source that fails is the last word, after what came before', async () => {
        await using under = await setup(kind, remote)
        const stream = await subscribed(under)
        under.send({ id: '2', name: 'new' })
        assert.deepEqual(json((await stream.next()).value), event('2'))
        under.fail()
        const last = (await stream.next()).value as ExecutionResult
        assert.equal(last.errors?.length, 1)
        // A foreign server decides itself what it tells.
        if (!/graphql-ws|callback/.test(kind)) assert.doesNotMatch(last.errors[0]!.message, /secret/)
        assert.equal(last.errors[0]!.extensions.serviceName, kind === 'declared in SDL' ? 'streams' : 'users')
        assert.ok(last.errors[0]!.extensions.code)
        assert.deepEqual(await stream.next(), { done: true, value: undefined })
      })

      test('leaving while an event is awaited frees everything', async () => {
        for (const way of ['return', 'signal']) {
          {
            await using under = await setup(kind, remote)
            const leave = new AbortController()
            const stream = await subscribed(under, leave.signal)
            under.send({ id: '1', name: 'new' })
            await stream.next()
            const waiting = stream.next()
            if (way === 'signal') leave.abort()
            else await stream.return?.()
            assert.deepEqual(await waiting, { done: true, value: undefined })
            await under.left
          }
          assert.deepEqual(await remainingHandles(), [], way)
        }
      })
    })
  }
}
