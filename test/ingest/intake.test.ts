import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord } from '../../events/log.ts'
import { Intake } from '../../ingest/intake.ts'

const batch = (from: number, count: number): LogRecord[] =>
  Array.from({ length: count }, (_, i) => ({ topic: 't', partition: 0, offset: from + i, key: null, value: null, appendedAt: 0 }))
const offsets = (records: readonly LogRecord[]) => records.map(({ offset }) => offset)
const turn = () => new Promise(setImmediate)

/** A source that is told what to give. */
function source() {
  const waiting: ((batch: LogRecord[] | Error | null) => void)[] = []
  const given: (LogRecord[] | Error | null)[] = []
  let pulled = 0
  return {
    pulled: () => pulled,
    give: (next: LogRecord[] | Error | null) => {
      const taker = waiting.shift()
      if (taker) taker(next)
      else given.push(next)
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        pulled++
        const next = given.length > 0 ? given.shift() : await new Promise<LogRecord[] | Error | null>((resolve) => waiting.push(resolve))
        if (next instanceof Error) throw next
        if (!next) return
        yield next
      }
    },
  }
}

test('a round takes at once what has come, and all that came while it was busy', async () => {
  const from = source()
  const intake = new Intake(from, 100)
  from.give(batch(0, 1))
  assert.deepEqual(offsets(await intake.take(10)), [0])
  from.give(batch(1, 2))
  from.give(batch(3, 3))
  await turn()
  assert.equal(intake.waiting, 5)
  assert.deepEqual(offsets(await intake.take(10)), [1, 2, 3, 4, 5])
})

test('a round is no bigger than asked for, by whole batches', async () => {
  const from = source()
  const intake = new Intake(from, 100)
  for (const start of [0, 4, 8]) from.give(batch(start, 4))
  await turn()
  assert.deepEqual(offsets(await intake.take(8)), [0, 1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(offsets(await intake.take(1)), [8, 9, 10, 11])
})

test('reading ahead stops at the limit until a round takes something', async () => {
  const from = source()
  const intake = new Intake(from, 4)
  for (const start of [0, 2, 4, 6]) from.give(batch(start, 2))
  await turn()
  assert.equal(intake.waiting, 4)
  assert.equal(from.pulled(), 2)
  await intake.take(2)
  await turn()
  assert.equal(intake.waiting, 4)
})

test('waking gives an empty round, once', async () => {
  const from = source()
  const intake = new Intake(from, 4)
  const empty = intake.take(4)
  intake.wake()
  assert.deepEqual(await empty, [])
  intake.wake()
  assert.deepEqual(await intake.take(4), [])
  const next = intake.take(4)
  from.give(batch(0, 1))
  assert.deepEqual(offsets(await next), [0])
})

test('what was read before the end, or before a failure, is still taken', async () => {
  const [ending, failing] = [source(), source()]
  const ended = new Intake(ending, 10)
  ending.give(batch(0, 1))
  ending.give(null)
  await turn()
  assert.equal(ended.ended, false)
  assert.deepEqual(offsets(await ended.take(4)), [0])
  assert.deepEqual(await ended.take(4), [])
  assert.equal(ended.ended, true)
  const failed = new Intake(failing, 10)
  failing.give(batch(0, 1))
  failing.give(new Error('gone'))
  await turn()
  assert.deepEqual(offsets(await failed.take(4)), [0])
  await assert.rejects(failed.take(4), /gone/)
})
