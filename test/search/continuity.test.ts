import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Continuity } from '../../search/continuity.ts'

test('a batch follows the one before it in its shard; a gap and another epoch are a break', () => {
  const continuity = new Continuity()
  const of = (shard: number, epoch: number, sequence: number) => continuity.of({ shard, epoch, sequence })
  assert.deepEqual([of(0, 1, 5), of(0, 1, 6), of(1, 1, 1), of(0, 1, 7)], ['first', 'next', 'first', 'next'])
  assert.deepEqual([of(0, 1, 9), of(0, 1, 10)], ['break', 'next'])
  assert.deepEqual([of(1, 2, 2), of(1, 2, 3)], ['break', 'next'])
})
