import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { WantedEvents } from '../../federation/index.ts'
import { logEventSource } from '../../gateway/event-source.ts'
import type { Cut, DeliveryRequest, SourceEvent } from '../../resolvers/live.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import type { RingOptions } from '../../subscriptions/ring.ts'
import type { MakeLog } from './event-source-suite.ts'

type Told = SourceEvent<{ n: number; kind: string }>

/** What every log does for subscriptions declared in SDL that go on from a position. @param ring how much is in memory */
export function positionsSuite(name: string, make: MakeLog, ring: Partial<RingOptions>): void {
  async function world() {
    const { log, prefix, truncate, dispose } = await make()
    const topics = ['one', 'two'].map((topic) => `${prefix}.${topic}.${randomUUID()}`)
    await log.ensureTopics(topics.map((topic) => ({ name: topic })))
    const cursors = createCursors({ key: Buffer.alloc(32), logId: log.id, partitions: log.partitions })
    const problems: unknown[] = []
    const source = logEventSource({ log, cursors, ring, report: (problem) => problems.push(problem) })
    let n = 0
    return {
      log, topics, cursors, truncate, problems,
      /** Of the kinds in turn, to both topics in turn, under four keys. */
      async append(count: number, kinds = ['a', 'b']) {
        for (let i = 0; i < count; i++, n++)
          await source.publish(topics[n % 2]!, { key: `k${n % 4}`, value: Buffer.from(JSON.stringify({ n, kind: kinds[n % kinds.length] })) })
      },
      /** To one partition. */
      async appendLarge(count: number, text: string) {
        for (let i = 0; i < count; i++, n++) await source.publish(topics[0]!, { key: 'k', value: Buffer.from(JSON.stringify({ n, kind: text })) })
      },
      subscribe: async (delivery: DeliveryRequest, passes: WantedEvents['passes'] = () => true) =>
        await source.subscribe({ topics, passes, keyOf: ({ n: key }) => String(key), context: { delivery } }) as AsyncIterableIterator<Told>,
      [Symbol.asyncDispose]: dispose,
    }
  }
  const take = async (events: AsyncIterator<Told>, count: number): Promise<Told[]> => {
    const taken: Told[] = []
    while (taken.length < count) taken.push((await events.next()).value as Told)
    return taken
  }
  const numbers = (events: readonly Told[]): number[] => events.map(({ value }) => value.n).sort((a, b) => a - b)
  const ofKind = (kind: string): WantedEvents['passes'] => Object.assign((event: Record<string, unknown>) => event.kind === kind, { within: { path: ['kind'], texts: new Set([kind]) } })
  /** What was missed, and where that ends. A cut travels as text. */
  async function missed(it: Awaited<ReturnType<typeof world>>, from: Cut, passes?: WantedEvents['passes']) {
    const events = await Array.fromAsync(await it.subscribe({ kind: 'missed', from: it.cursors.decode(it.cursors.encode(from))! }, passes))
    const end = events.pop()
    assert.equal(end?.marker, true)
    return { events, end: end.cut }
  }

  describe(`positions of SDL-declared subscriptions on ${name}`, { timeout: 120_000 }, () => {
    test('resumed from every cut, those who follow several topics get exactly what is behind it, in order of each key', async () => {
      await using it = await world()
      const live = await it.subscribe({ kind: 'stream' })
      const [begin] = await take(live, 1)
      assert.equal(begin?.marker, true)
      await it.append(16)
      const seen = await take(live, 16)
      assert.deepEqual(numbers(seen), Array.from({ length: 16 }, (_, n) => n))
      for (let from = -1; from < seen.length; from++) {
        const { events, end } = await missed(it, from < 0 ? begin.cut : seen[from]!.cut)
        assert.deepEqual(numbers(events), numbers(seen.slice(from + 1)), `from ${from}`)
        for (const key of [0, 1, 2, 3]) {
          const ofKey = events.map(({ value }) => value.n).filter((n) => n % 4 === key)
          assert.deepEqual(ofKey, ofKey.toSorted((a, b) => a - b))
        }
        assert.deepEqual((await missed(it, end)).events, [])
        for (const [i, { cut }] of events.entries()) assert.deepEqual(numbers((await missed(it, cut)).events), numbers(events.slice(i + 1)))
      }
      await live.return?.()
      // Nobody follows the topics now: the log is read.
      assert.equal((await missed(it, begin.cut)).events.length, 16)
    })

    test('what a filter drops moves the position: who comes back does not read it again', async () => {
      await using it = await world()
      const live = await it.subscribe({ kind: 'stream' }, ofKind('b'))
      const all = await it.subscribe({ kind: 'stream' })
      await take(live, 1)
      await it.append(10, ['a'])
      // Both follow the same readers.
      assert.equal((await take(all, 11)).length, 11)
      await it.append(1, ['b'])
      const [only] = await take(live, 1)
      assert.deepEqual([only?.value.n, (await missed(it, only!.cut)).events], [10, []])
      await it.append(3, ['c'])
      // What was missed ends at what is read.
      assert.deepEqual(numbers(await take(all, 4)), [10, 11, 12, 13])
      assert.deepEqual((await missed(it, only!.cut, ofKind('b'))).events, [])
      assert.deepEqual(numbers((await missed(it, only!.cut)).events), [11, 12, 13])
      await Promise.all([live.return?.(), all.return?.()])
    })

    test('a whole subscription goes on behind a cursor while events come, and since a moment', async () => {
      await using it = await world()
      const first = await it.subscribe({ kind: 'whole' })
      await it.append(4)
      const seen = await take(first, 4)
      await first.return?.()
      await it.append(4)
      const again = await it.subscribe({ kind: 'whole', after: it.cursors.encode(seen[1]!.cut) })
      await it.append(4)
      const rest = await take(again, 10)
      assert.deepEqual(numbers([...seen.slice(0, 2), ...rest]), Array.from({ length: 12 }, (_, n) => n))
      await again.return?.()
      const before = Math.max(...rest.map(({ eventTime }) => eventTime!))
      while (Date.now() <= before) await delay(1)
      await it.append(2)
      const since = await it.subscribe({ kind: 'whole', since: before + 1 })
      assert.deepEqual(numbers(await take(since, 2)), [12, 13])
      await since.return?.()
    })

    test('a cursor that does not fit is said, and what comes follows', async () => {
      await using it = await world()
      await it.append(2)
      const foreign = createCursors({ key: Buffer.alloc(32, 1), logId: it.log.id, partitions: it.log.partitions })
      const begin = (await take(await it.subscribe({ kind: 'stream' }), 1))[0]!.cut
      const half = Object.fromEntries(Object.entries(begin).filter(([lane]) => lane.startsWith(it.topics[0]!)))
      const beyond = Object.fromEntries(Object.entries(begin).map(([lane, position]) => [lane, { ...position, next: position.next + 1_000 }]))
      for (const after of ['none', foreign.encode(begin), it.cursors.encode({}), it.cursors.encode(half), it.cursors.encode(beyond)]) {
        const events = await it.subscribe({ kind: 'whole', after })
        const [notice] = await take(events, 1)
        assert.deepEqual([notice?.gap, notice?.value], [{ reason: 'CURSOR', missed: { from: it.cursors.decode(after) ? after : after.slice(0, 200), count: null } }, undefined])
        await it.append(1)
        assert.equal((await take(events, 1))[0]?.gap, undefined)
        await events.return?.()
      }
    })

    test('what retention has dropped is said with its count, and what is left follows', async () => {
      await using it = await world()
      const begin = (await take(await it.subscribe({ kind: 'stream' }), 1))[0]!.cut
      await it.append(20)
      const ends = await it.log.ends(it.topics)
      await it.truncate(Object.fromEntries(Object.entries(ends).map(([key, end]) => [key, Math.max(0, end - 1)])))
      const starts = await it.log.starts(it.topics)
      const dropped = Object.values(starts).reduce((sum, start) => sum + start, 0)
      assert.ok(dropped > 0)
      const after = it.cursors.encode(begin)
      const { events: [notice, ...rest] } = await missed(it, begin)
      assert.deepEqual([notice?.gap, notice?.value], [{ reason: 'RETENTION', missed: { from: after, count: dropped } }, undefined])
      assert.equal(rest.length, 20 - dropped)
    })

    test('what retention drops while it is being read is said with its count, and what is left follows', async () => {
      await using it = await world()
      const live = await it.subscribe({ kind: 'stream' })
      const begin = (await take(live, 1))[0]!.cut
      // From then on it is the log that says how far it goes.
      await live.return?.()
      // More than a reader has in hand.
      const count = 40
      const text = 'x'.repeat(900_000)
      await it.appendLarge(count, text)
      const events = await it.subscribe({ kind: 'missed', from: begin })
      const seen = await take(events, 1)
      const ends = await it.log.ends(it.topics)
      await it.truncate(Object.fromEntries(Object.entries(ends).map(([key, end]) => [key, Math.max(0, end - 1)])))
      for await (const event of events) seen.push(event)
      const [gap, ...others] = seen.flatMap((event) => event.gap ?? [])
      assert.deepEqual([gap?.reason, others], ['RETENTION', []])
      const came = seen.filter((event) => !event.gap && !event.marker).map(({ value }) => value.n)
      assert.equal(came.length + gap!.missed.count!, count)
      assert.deepEqual(came, came.toSorted((a, b) => a - b))
      // By the cursor of the notice it is the same again.
      assert.deepEqual((await missed(it, it.cursors.decode(gap!.missed.from!)!)).events[0]!.gap, gap)
      assert.equal(seen.at(-1)!.marker, true)
    })
  })
}
