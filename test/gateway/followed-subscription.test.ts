import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parse } from 'graphql'
import { EventQueue } from '../../federation/event-queue.ts'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph, isPolled, type Engine, type PolledStream } from '../../federation/index.ts'
import { EngineHost } from '../../gateway/engine-host.ts'
import type { Resolved } from '../../gateway/followed-subscription.ts'

const typeDefs = 'type Query { ticks: Int } type Subscription { tick: Tick } type Tick { number: Int slow: Int }'
const request = { document: parse('subscription { tick { number } }') }

/** An engine whose subscription reads a queue. */
function ticking({ slow = (value: number): unknown => value } = {}): { engine: Engine; queues: Set<EventQueue<unknown>>; send: (...numbers: number[]) => void } {
  const queues = new Set<EventQueue<unknown>>()
  const subscribe = () => {
    const queue = new EventQueue<unknown>(100)
    queues.add(queue)
    queue.whenEnded(() => queues.delete(queue))
    return queue
  }
  const schema = buildSubgraph({ typeDefs, resolvers: { Subscription: { tick: { subscribe } }, Tick: { slow: ({ number }: { number: number }) => slow(number) } } })
  const { supergraphSdl } = composeSubgraphs([{ name: 'ticks', typeDefs }])
  return {
    engine: createEngine({ supergraphSdl, subgraphs: new Map([['ticks', inProcessSubgraph({ schema })]]) }), queues,
    send: (...numbers) => { for (const queue of queues) for (const number of numbers) queue.push({ tick: { number } }) },
  }
}

async function followed(host: EngineHost, asked = request, isSilent: (event: unknown) => boolean = () => false): Promise<PolledStream<Resolved> & AsyncIterator<Resolved>> {
  const results = await host.follow(host.current, asked, isSilent)
  assert.ok(Symbol.asyncIterator in results && isPolled<Resolved>(results), 'the events of a queue can be polled')
  return results as PolledStream<Resolved> & AsyncIterator<Resolved>
}

const numberOf = (event: unknown): number => (event as { tick: { number: number } }).tick.number
const answers = (results: PolledStream<Resolved>, wake: () => void = () => {}): unknown[] => {
  const all: unknown[] = []
  for (let next = results.poll(wake); next; next = results.poll(wake)) {
    all.push(next.done ? 'end' : next.value.result?.errors?.[0]?.extensions.code ?? next.value.result?.data ?? 'silent')
    if (next.done) break
  }
  return JSON.parse(JSON.stringify(all)) as unknown[]
}
const tick = (number: number) => ({ tick: { number } })

describe('a subscription that is polled', { timeout: 30_000 }, () => {
  test('is answered within the turn in which its event came, and says what has no answer', async () => {
    const { engine, send } = ticking()
    const host = new EngineHost(engine)
    const results = await followed(host, request, (event) => numberOf(event) === 2)
    assert.deepEqual(answers(results), [])
    send(1, 2, 3)
    assert.deepEqual(answers(results), [tick(1), 'silent', tick(3)])
    await results.return?.()
    assert.deepEqual(answers(results), ['end'])
    await host.close()
  })

  test('waits for an answer that takes its time, and keeps the order', async () => {
    const { engine, send } = ticking({ slow: async (number) => number * 2 })
    const host = new EngineHost(engine)
    const results = await followed(host, { document: parse('subscription { tick { slow } }') })
    send(1, 2)
    const woken = Promise.withResolvers<void>()
    assert.deepEqual(answers(results, woken.resolve), [])
    await woken.promise
    const again = Promise.withResolvers<void>()
    assert.deepEqual(answers(results, again.resolve), [{ tick: { slow: 2 } }])
    await again.promise
    assert.deepEqual(answers(results), [{ tick: { slow: 4 } }])
    await results.return?.()
    await host.close()
  })

  test('ends with why its events broke off, behind those that were there', async () => {
    const { engine, queues, send } = ticking()
    const host = new EngineHost(engine)
    const results = await followed(host)
    send(1)
    for (const queue of queues) queue.fail(new Error('broken'))
    assert.deepEqual(answers(results), [tick(1), 'DOWNSTREAM_SERVICE_ERROR', 'end'])
    await host.close()
  })

  test('goes on with the events of the engine that follows, behind those that were there; whoever waits is woken', async () => {
    const [former, latter] = [ticking(), ticking()]
    const host = new EngineHost(former.engine)
    const results = await followed(host)
    const woken = Promise.withResolvers<void>()
    assert.deepEqual(answers(results, woken.resolve), [])
    await host.swap(latter.engine)
    former.send(1)
    latter.send(2, 3)
    await woken.promise
    const seen: unknown[] = []
    while (seen.length < 3) {
      seen.push(...answers(results))
      await nextTurn()
    }
    assert.deepEqual(seen, [tick(1), tick(2), tick(3)])
    assert.equal(former.queues.size, 0)
    latter.send(4)
    const last = answers(results)
    assert.deepEqual(last, [tick(4)], 'without a promise again')
    await results.return?.()
    assert.equal(latter.queues.size, 0)
    await host.close()
  })
})
