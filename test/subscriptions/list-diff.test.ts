import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { diffOf, isEmptyDiff } from '../../subscriptions/list-diff.ts'
import { applied } from './applied.ts'

const list = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map((n) => `l-${n}`), { maxLength: 20 })

describe('what makes one list of another', () => {
  test('gives the other when it is applied', () => {
    fc.assert(fc.property(list, list, (before, after) => {
      const diff = diffOf(before, after)
      assert.deepEqual(applied(before, diff), after)
      assert.equal(isEmptyDiff(diff), before.join() === after.join())
    }), { numRuns: 2_000 })
  })

  test('moves no more than one where one has moved', () => {
    fc.assert(fc.property(list.filter(({ length }) => length > 1), fc.nat(), fc.nat(), (before, from, to) => {
      const after = [...before]
      const [id] = after.splice(from % before.length, 1) as [string]
      after.splice(to % before.length, 0, id)
      const { added, removed, moved } = diffOf(before, after)
      assert.deepEqual([added, removed], [[], []])
      assert.ok(moved.length <= 1, JSON.stringify(moved))
    }))
  })

  test('says nothing of those that only make room', () => {
    assert.deepEqual(diffOf(['a', 'b', 'c'], ['x', 'a', 'c']), { added: [{ id: 'x', rank: 0 }], removed: ['b'], moved: [] })
  })
})
