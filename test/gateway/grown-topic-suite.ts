import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { logEventSource } from '../../gateway/event-source.ts'
import type { DeliveryRequest, SourceEvent } from '../../resolvers/live.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import type { EventLog } from '../../events/log.ts'

type Told = SourceEvent<{ n: number }>

/** A topic of a log whose operator changes its partitions. */
export interface ChangingTopic {
  log: EventLog
  topic: string
  append(partition: number, ...numbers: number[]): Promise<void>
  /** Gives it more partitions. */
  grow(count: number): Promise<void>
}

/** So soon that a test may wait for it. */
const soon = 10
const never = 1_000_000

/** @param make a topic of two partitions */
export function grownTopicSuite(name: string, make: () => Promise<ChangingTopic>): void {
  describe(`a topic that gets more partitions, on ${name}`, { timeout: 60_000 }, () => {
    test('is read in all of them, by those who follow it and by those who come back: nothing is missing, and nobody is told of a gap', async () => {
      await using stack = new AsyncDisposableStack()
      // What looks now and then keeps no process alive.
      stack.adopt(setInterval(() => {}, 1_000), clearInterval)
      const { log, topic, append, grow } = await make()
      const cursors = createCursors({ key: Buffer.alloc(32), logId: log.id, partitions: log.partitions })
      const replica = (lookEveryMs: number) => {
        const source = logEventSource({ log, cursors, lookEveryMs, report: (problem) => { throw problem } })
        return async (delivery: DeliveryRequest) => {
          const told = await source.subscribe({ topics: [topic], passes: () => true, keyOf: ({ n }) => String(n), context: { delivery } }) as AsyncIterableIterator<Told>
          stack.defer(async () => void await told.return?.())
          return told
        }
      }
      const [first, second] = [replica(soon), replica(never)]
      const take = async (events: AsyncIterator<Told>, count: number): Promise<Told[]> => {
        const taken: Told[] = []
        while (taken.length < count) taken.push((await events.next()).value as Told)
        return taken
      }
      const numbers = (events: readonly Told[]): (number | undefined)[] => events.map(({ value, gap }) => gap ? undefined : value.n).sort()

      const [live, late] = [await first({ kind: 'whole' }), await second({ kind: 'whole' })]
      await append(0, 1)
      await append(1, 2)
      const seen = await take(live, 2)
      assert.deepEqual([numbers(seen), numbers(await take(late, 2))], [[1, 2], [1, 2]])
      const before = cursors.encode(seen.at(-1)!.cut)

      await grow(3)
      await append(2, 3, 4)
      await append(0, 5)
      const grown = await take(live, 3)
      assert.deepEqual(numbers(grown), [3, 4, 5])
      const behind = cursors.encode(grown.at(-1)!.cut)
      // By a cursor from before it, and by one from behind it to who has not seen it yet.
      assert.deepEqual(numbers(await take(await first({ kind: 'whole', after: before }), 3)), [3, 4, 5])
      const other = await second({ kind: 'whole', after: behind })
      await append(2, 6)
      assert.deepEqual(numbers(await take(other, 1)), [6])
      assert.deepEqual(numbers(await take(await second({ kind: 'whole', after: before }), 4)), [3, 4, 5, 6])
      // Whoever followed there has it since somebody came by that cursor.
      assert.deepEqual(numbers(await take(late, 4)), [3, 4, 5, 6])
    })

    test('a cursor with partitions that it has not is told to be none of it', async () => {
      const { log, topic, append } = await make()
      const cursors = createCursors({ key: Buffer.alloc(32), logId: log.id, partitions: log.partitions })
      const source = logEventSource({ log, cursors, report: (problem) => { throw problem } })
      const subscribe = async (delivery: DeliveryRequest) =>
        await source.subscribe({ topics: [topic], passes: () => true, keyOf: ({ n }) => String(n), context: { delivery } }) as AsyncIterableIterator<Told>
      await append(0, 1)
      const first = await subscribe({ kind: 'stream' })
      const begin = (await first.next()).value as Told
      await first.return?.()
      const after = cursors.encode({ ...begin.cut, [`${topic}/2`]: begin.cut[`${topic}/0`]! })
      const events = await subscribe({ kind: 'whole', after })
      const { gap, value } = (await events.next()).value as Told
      assert.deepEqual([gap, value], [{ reason: 'CURSOR', missed: { from: after, count: null } }, undefined])
      await append(1, 2)
      assert.equal(((await events.next()).value as Told).value.n, 2)
      await events.return?.()
    })
  })
}
