import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse, type ExecutionResult } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, httpSubgraph, inProcessSubgraph, type Engine, type SubgraphTransport } from '../../federation/index.ts'
import { EventQueue } from '../../federation/event-queue.ts'
import { EngineHost } from '../../gateway/engine-host.ts'
import { serveSubgraph } from '../federation/remote.ts'
import { serveBySse } from '../federation/streaming-servers.ts'
import { engineOf } from './door.ts'

interface Watched {
  engine: Engine
  closed: Promise<void>
  isClosed: () => boolean
}

function watched(engine: Engine): Watched {
  const closed = Promise.withResolvers<void>()
  let isClosed = false
  return { closed: closed.promise, isClosed: () => isClosed, engine: { ...engine, close: async () => {
    isClosed = true
    await engine.close()
    closed.resolve()
  } } }
}

const versioned = (version: number, slow: Promise<string> = Promise.resolve('')) => watched(engineOf({ Query: { version: () => version, slow: () => slow } }))
const version = { document: parse('{ version }') }

describe('an engine that is swapped out', { timeout: 30_000 }, () => {
  test('is closed when its last operation has its answer, and not before', async () => {
    const slow = Promise.withResolvers<string>()
    const [first, second] = [versioned(1, slow.promise), versioned(2)]
    const host = new EngineHost(first.engine)
    const running = host.current.execute({ document: parse('{ slow }') })
    await host.swap(second.engine)
    assert.deepEqual((await host.current.execute(version)).data, { version: 2 })
    // The time for those that wait is none, and over.
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual([first.isClosed(), host.engines], [false, 2])
    slow.resolve('at last')
    assert.deepEqual((await running).data, { slow: 'at last' })
    await first.closed
    assert.deepEqual([second.isClosed(), host.engines], [false, 1])
    await host.close()
    assert.ok(second.isClosed())
  })

  test('still runs what was validated on it and waits, for as long as it may', async () => {
    const [first, second] = [versioned(1), versioned(2)]
    const host = new EngineHost(first.engine, { graceMs: 60_000 })
    const validatedOn = host.current
    await host.swap(second.engine)
    assert.deepEqual((await validatedOn.execute(version)).data, { version: 1 })
    assert.deepEqual([first.isClosed(), host.engines], [false, 2])
    await host.close()
    assert.ok(first.isClosed() && second.isClosed())
  })
})

/** Ticks of a remote subgraph, whose field `more` was another subgraph's in the former graph. */
const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])'
const ticksSdl = (fields: string) => `${link} type Query { ticks: Int } type Subscription { tick: Tick } type Tick @key(fields: "id") { id: ID! number: Int ${fields} }`
const moreSdl = `${link} type Tick @key(fields: "id") { id: ID! more: String }`
const more = ({ id }: { id: string }) => `more of ${id}`

function engineOfTicks(ticks: SubgraphTransport, isMoved: boolean): Engine {
  const subgraphs = [{ name: 'ticks', typeDefs: ticksSdl(isMoved ? 'more: String' : '') }, ...isMoved ? [] : [{ name: 'more', typeDefs: moreSdl }]]
  const others = inProcessSubgraph({ schema: buildSubgraph({ typeDefs: moreSdl, resolvers: { Tick: { more } } }) })
  return createEngine({ ...composeSubgraphs(subgraphs), subgraphs: new Map([['ticks', { ...ticks, close: undefined }], ['more', others]]) })
}

describe('a subscription of a remote subgraph whose own selection changes', { timeout: 60_000 }, () => {
  for (const protocol of ['graphql-ws', 'sse'] as const)
    test(`goes on with each event once, by ${protocol}`, async () => {
      const subscribed = new Set<EventQueue<unknown>>()
      const schema = buildSubgraph({ typeDefs: ticksSdl('more: String'), resolvers: { Tick: { more }, Subscription: { tick: { subscribe: () => {
        const queue = new EventQueue<unknown>(1_000)
        subscribed.add(queue)
        queue.whenEnded(() => subscribed.delete(queue))
        return queue
      } } } } })
      await using server = protocol === 'sse' ? await serveBySse(schema) : await serveSubgraph(schema)
      const ticks = httpSubgraph({ url: server.url, subscriptionProtocol: protocol })
      let sent = 0
      const send = (): void => {
        sent++
        for (const queue of subscribed) queue.push({ tick: { id: String(sent), number: sent } })
      }
      const [former, latter] = [watched(engineOfTicks(ticks, false)), engineOfTicks(ticks, true)]
      const host = new EngineHost(former.engine)
      const results = await host.current.subscribe({ document: parse('subscription { tick { number more } }') })
      assert.ok(Symbol.asyncIterator in results, JSON.stringify(results))
      while (subscribed.size === 0) await new Promise((resolve) => setImmediate(resolve))
      const next = async () => JSON.parse(JSON.stringify((await results.next()).value)) as ExecutionResult
      const expected = (number: number) => ({ data: { tick: { number, more: `more of ${number}` } } })
      send()
      assert.deepEqual(await next(), expected(1))
      const swapped = host.swap(latter)
      // Some of these come before the subgraph has the new subscription.
      for (let number = 2; number <= 40; number++) {
        send()
        if (number % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await swapped
      for (let number = 2; number <= 40; number++) assert.deepEqual(await next(), expected(number))
      // By now both are subscribed to; two events tell where the new one is.
      while (subscribed.size < 2) await new Promise((resolve) => setImmediate(resolve))
      for (let number = 41; number <= 50; number++) {
        send()
        assert.deepEqual(await next(), expected(number))
      }
      await former.closed
      await results.return?.()
      await Promise.all([host.close(), ticks.close?.()])
    })
})
