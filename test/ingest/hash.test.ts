import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hash53, hashInto } from '../../ingest/hash.ts'

// State records and slices of the deduplicator hold these: another hash asks for another projection version.
test('gives the same numbers for ever', () => {
  assert.deepEqual(['user-1', '', 'é😀'].map(hash53), [8_218_740_295_742_069, 2_565_787_551_879_043, 2_189_650_353_698_255])
  const lanes = new Uint32Array(2)
  hashInto(lanes, 'app', 'order-1')
  assert.deepEqual([...lanes], [3_202_379_384, 1_774_425_423])
})

test('tells a million similar ids apart, and spreads them evenly over its range and its low bits', () => {
  const ids = Array.from({ length: 1_000_000 }, (_, i) => hash53(`user-${i}`))
  assert.equal(new Set(ids).size, ids.length)
  const high = new Uint32Array(64)
  const low = new Uint32Array(64)
  for (const id of ids) {
    assert.ok(Number.isSafeInteger(id) && id > 0)
    high[Math.floor(id / 2 ** 47)]!++
    low[id % 64]!++
  }
  // 15,625 each, with a standard deviation of 124.
  for (const count of [...high, ...low]) assert.ok(Math.abs(count - 15_625) < 6 * 124, `${count}`)
})
