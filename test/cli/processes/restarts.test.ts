import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Restarts } from '../../../cli/processes/restarts.ts'

test('the first two ends are followed at once, the next later and later, up to half a minute', () => {
  const restarts = new Restarts()
  assert.deepEqual(Array.from({ length: 10 }, () => restarts.pauseAfter(1_000)), [0, 0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('a good life makes up for what was before', () => {
  const restarts = new Restarts()
  for (let ends = 0; ends < 5; ends++) restarts.pauseAfter(1_000)
  assert.deepEqual([restarts.pauseAfter(60_000), restarts.pauseAfter(59_999), restarts.pauseAfter(59_999)], [0, 0, 500])
})
