import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventLog } from '../../events/log.ts'
import { recordEnds } from '../../events/record-ends.ts'
import { partitionWithMarks } from './partition-with-marks.ts'

function partition(holds: (offset: number) => boolean, end: number) {
  const { log, readFrom } = partitionWithMarks(holds, end)
  return { readFrom, endOf: async (from: number) => (await recordEnds(log, { 't/0': from }, { 't/0': end }, AbortSignal.timeout(5_000)))['t/0'] }
}

test('a log that ends with a record ends behind it', async () => {
  const { endOf, readFrom } = partition(() => true, 100)
  assert.equal(await endOf(3), 100)
  assert.deepEqual(readFrom, [99])
})

test('marks at the end are left out, however many there are', async () => {
  for (const [last, end] of [[98, 100], [50, 100], [0, 1_000]] as const) {
    const { endOf } = partition((offset) => offset <= last, end)
    assert.equal(await endOf(0), last + 1)
  }
})

test('where nothing but marks follow it ends where it is known already, and is not read where nothing follows', async () => {
  const marks = partition((offset) => offset < 40, 100)
  assert.equal(await marks.endOf(40), 40)
  assert.ok(marks.readFrom.every((from) => from >= 40))
  const { endOf, readFrom } = partition(() => true, 100)
  assert.equal(await endOf(100), 100)
  assert.deepEqual(readFrom, [])
})

test('who gives up is told why', async () => {
  const never: Pick<EventLog, 'read'> = { async *read({ signal }) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  } }
  const given = new AbortController()
  const asked = recordEnds(never, {}, { 't/0': 5 }, given.signal)
  given.abort(new Error('enough'))
  await assert.rejects(asked, /enough/)
})
