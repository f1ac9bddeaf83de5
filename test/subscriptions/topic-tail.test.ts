import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { partitionKey, type LogRecord, type ReadOptions } from '../../events/log.ts'
import type { Wants } from '../../subscriptions/audience.ts'
import type { Cut } from '../../subscriptions/cut.ts'
import { EventTail } from '../../subscriptions/event-tail.ts'
import type { Follower, Taken } from '../../subscriptions/follower.ts'
import type { RingOptions } from '../../subscriptions/ring.ts'

type Followed = { begun: Cut } | Taken<number>

/** Topics of one partition, read as they grow. */
function growingLog(ring: Partial<RingOptions> = {}) {
  const topics = new Map<string, LogRecord[]>()
  const waiting = new Set<() => void>()
  const failing = new Map<string, Error>()
  const reads: string[] = []
  const running = new Set<string>()
  const first = new Map<string, number>()
  const positions = (at: (topic: string) => number) => (names: readonly string[]) => Promise.resolve(Object.fromEntries(names.map((topic) => [partitionKey(topic, 0), at(topic)])))
  const of = (topic: string): LogRecord[] => topics.get(topic) ?? topics.set(topic, []).get(topic)!
  async function* read({ from, signal }: ReadOptions): AsyncGenerator<LogRecord[], void> {
    const [key] = Object.keys(from)
    const topic = key!.slice(0, -2)
    let next = from[key!]!
    // Who begins at the end follows, who begins before it catches up.
    const name = `${next < of(topic).length ? 'missed' : 'live'} ${topic}`
    reads.push(name)
    running.add(name)
    try {
      while (!signal.aborted) {
        const failure = failing.get(topic)
        if (failure) throw failure
        const records = of(topic).slice(Math.max(next, first.get(topic) ?? 0))
        next = of(topic).length
        if (records.length > 0) yield records
        else await new Promise<void>((resolve) => {
          waiting.add(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
    } finally {
      running.delete(name)
    }
  }
  const wake = (): void => {
    for (const resolve of waiting) resolve()
    waiting.clear()
  }
  const errors: unknown[] = []
  const tail = new EventTail<number>({
    log: { read, starts: positions((topic) => first.get(topic) ?? 0), ends: positions((topic) => of(topic).length) },
    decode: ({ value }) => (value === null ? null : Number(Buffer.from(value).toString())), onError: (error) => errors.push(error), ...ring,
  })
  return {
    tail, errors, reads, running,
    append(topic: string, ...numbers: number[]) {
      for (const n of numbers) of(topic).push({ topic, partition: 0, offset: of(topic).length, key: null, value: Buffer.from(String(n)), appendedAt: n })
      wake()
    },
    /** Lets go of what lies before. */
    forget(topic: string, before: number) {
      first.set(topic, before)
    },
    fail(topic: string, error: Error) {
      failing.set(topic, error)
      wake()
    },
    async follow(names: readonly string[], wants: Wants<number> = () => true) {
      const follower: Follower<number, Followed> = tail.follow<Followed>({ topics: names, wants, begin: (begun) => ({ begun }), show: (taken) => taken })
      const first = (await follower.next()).value as { begun: Cut }
      return { begun: first.begun, follower, take: async (count: number): Promise<Taken<number>[]> => {
        const taken: Taken<number>[] = []
        while (taken.length < count) taken.push((await follower.next()).value as Taken<number>)
        return taken
      } }
    },
  }
}

const events = (taken: readonly Taken<number>[]): number[] => taken.map(({ event }) => event)
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
const settled = async (): Promise<void> => { for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate) }

describe('a tail of topics that are asked for', { timeout: 20_000 }, () => {
  test('reads each topic once for all who follow it, and as long as somebody does', async () => {
    const log = growingLog()
    const both = await Promise.all(range(0, 20).map(() => log.follow(['one', 'two'])))
    const one = await log.follow(['one'])
    assert.deepEqual(log.reads, ['live one', 'live two'])
    for (const { follower } of both) await follower.return()
    await settled()
    assert.deepEqual([...log.running], ['live one'])
    log.append('one', 1)
    assert.deepEqual(events(await one.take(1)), [1])
    await one.follower.return()
    await settled()
    assert.deepEqual([[...log.running], log.tail.size], [[], 0])
    assert.deepEqual(await one.follower.next(), { done: true, value: undefined })
    const again = await log.follow(['one'])
    log.append('one', 2)
    assert.deepEqual(events(await again.take(1)), [2])
  })

  test('whoever does not read gets all of it later, from memory or from the log, and holds nobody up', async () => {
    for (const [ring, source] of [[{}, 'memory'], [{ maxCount: 50 }, 'log'], [{ pool: { bytes: 0, maxBytes: 100 } }, 'log']] as const) {
      const log = growingLog(ring)
      const slow = await log.follow(['one', 'two'])
      const quick = await log.follow(['two'], (n) => n % 1_000 === 0)
      for (let from = 0; from < 5_000; from += 500) {
        log.append('one', ...range(from, from + 500).map((n) => -n - 1))
        log.append('two', ...range(from, from + 500))
        if (from % 1_000 === 0) assert.deepEqual(events(await quick.take(1)), [from])
      }
      const taken = await slow.take(10_000)
      assert.deepEqual(events(taken).filter((n) => n >= 0), range(0, 5_000))
      assert.deepEqual(events(taken).filter((n) => n < 0), range(0, 5_000).map((n) => -n - 1))
      assert.equal(log.reads.includes('missed one') ? 'log' : 'memory', source)
      log.append('one', 7)
      assert.deepEqual(events(await slow.take(1)), [7])
    }
  })

  test('an event comes with all that was read before it of every topic, wanted or not, and its cut is one object for all who read the same', async () => {
    const log = growingLog()
    const wants: Wants<number> = (n) => n === 9
    const [first, second, alone] = await Promise.all([log.follow(['one', 'two'], wants), log.follow(['two', 'one'], wants), log.follow(['two'], wants)])
    log.append('one', 1, 2, 3)
    await settled()
    log.append('two', 4, 9, 5)
    const [a, b, c] = (await Promise.all([first, second, alone].map(({ take }) => take(1)))).flat()
    assert.deepEqual(Object.fromEntries(Object.entries(a!.cut).map(([lane, { next }]) => [lane, next])), { 'one/0': 3, 'two/0': 2 })
    assert.deepEqual(c!.cut, { 'two/0': a!.cut['two/0'] })
    assert.deepEqual(a!.cut, b!.cut)
    assert.equal((await log.follow(['one'])).begun['one/0']?.next, 3)
  })

  test('a topic that cannot be read any further ends those who follow it, behind what came before, and nobody else', async () => {
    const log = growingLog()
    const [both, other] = [await log.follow(['one', 'two']), await log.follow(['two'])]
    log.append('one', 1)
    await settled()
    log.fail('one', new Error('gone'))
    await settled()
    assert.deepEqual(events(await both.take(1)), [1])
    await assert.rejects(both.follower.next(), (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'LOG_UNAVAILABLE')
    assert.deepEqual(await both.follower.next(), { done: true, value: undefined })
    assert.deepEqual(log.errors.map(String), ['Error: gone'])
    log.append('two', 2)
    assert.deepEqual(events(await other.take(1)), [2])
  })

  test('what the log has let go of before somebody who has fallen behind came to it, ends that one with a code: it is told by its cursor what is missing', async () => {
    const log = growingLog({ maxCount: 10 })
    const slow = await log.follow(['one'])
    log.append('one', 0)
    assert.deepEqual(events(await slow.take(1)), [0])
    log.append('one', ...range(1, 100))
    await settled()
    log.forget('one', 40)
    await assert.rejects(slow.follower.next(), (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'LOG_UNAVAILABLE')
    assert.deepEqual(await slow.follower.next(), { done: true, value: undefined })
  })

  test('what is there can be polled, and whoever polled in vain is woken', async () => {
    const log = growingLog()
    const { follower } = await log.follow(['one'])
    const woken = Promise.withResolvers<void>()
    assert.equal(follower.poll(woken.resolve), undefined)
    log.append('one', 1, 2)
    await woken.promise
    await settled()
    assert.equal((follower.poll(() => {})?.value as Taken<number>).event, 1)
    assert.equal((follower.poll(() => {})?.value as Taken<number>).event, 2)
    const left = Promise.withResolvers<void>()
    assert.equal(follower.poll(left.resolve), undefined)
    await follower.return()
    await left.promise
    assert.deepEqual(follower.poll(() => {}), { done: true, value: undefined })
  })
})
