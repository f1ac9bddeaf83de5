import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allApplied } from '../../gateway/all-applied.ts'
import { ProgressWaits } from '../../search/progress-waits.ts'
import { partitionWithMarks } from '../events/partition-with-marks.ts'

const limit = (): AbortSignal => AbortSignal.timeout(10_000)

test('what is applied soon is waited for without reading the log', async () => {
  const view = new ProgressWaits()
  const { log, readFrom } = partitionWithMarks(() => true, 5)
  const waiting = allApplied(log, view, { 't/0': 5 }, limit())
  view.advance({ 't/0': 5 }, {})
  await waiting
  assert.deepEqual(readFrom, [])
})

test('marks at the end of the log, which nobody applies, are not waited for; records before them are', async () => {
  const view = new ProgressWaits()
  view.advance({ 't/0': 2 }, {})
  const { log } = partitionWithMarks((offset) => offset < 4, 6)
  let isOver = false
  const waiting = allApplied(log, view, { 't/0': 6 }, limit()).then(() => { isOver = true })
  view.advance({ 't/0': 3 }, {})
  const brief = new AbortController()
  const given = allApplied(log, view, { 't/0': 6 }, brief.signal)
  brief.abort(new Error('enough'))
  await assert.rejects(given, /enough/)
  assert.equal(isOver, false)
  view.advance({ 't/0': 4 }, {})
  await waiting
  assert.equal(view.waiting, 0)
})
