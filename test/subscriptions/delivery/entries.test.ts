import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutOf } from '../../../subscriptions/cut.ts'
import { Budget } from '../../../subscriptions/delivery/budget.ts'
import { Entries } from '../../../subscriptions/delivery/entries.ts'

test('a cut is further than all of them where it is in a lane, or knows a partition of their topics that they do not', () => {
  const entries = new Entries(new Budget(1_000))
  entries.base = cutOf({ 'hearts/0': 3, 'hearts/1': 5 })
  const isPassedBy = (positions: Record<string, number>) => entries.isPassedBy(cutOf(positions))
  assert.deepEqual([isPassedBy({ 'hearts/0': 3, 'hearts/1': 5 }), isPassedBy({ 'hearts/0': 2 }), isPassedBy({ 'loves/7': 9, 'hearts/1': 1 })], [false, false, false])
  assert.deepEqual([isPassedBy({ 'hearts/0': 4, 'hearts/1': 5 }), isPassedBy({ 'hearts/0': 3, 'hearts/1': 5, 'hearts/2': 0 })], [true, true])
})
