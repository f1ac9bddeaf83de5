import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { advance, comparePositions, furtherPosition, includes, includesCut, merge, plainPosition, restrict, type Cut, type Position } from '../../subscriptions/cut.ts'

/** Positions as a shard with batches of three records gives them: batch n begins at offset 3n. */
const inBatches = fc.record({ batch: fc.nat(6), skip: fc.nat(2), isTime: fc.boolean(), epoch: fc.nat(3) })
  .map(({ batch, skip, isTime, epoch }): Position => isTime
    ? { next: 3 * batch, epoch: -1, sequence: -1, skip: 0 }
    : { next: 3 * batch, epoch, sequence: batch - 1, skip })
const cuts: fc.Arbitrary<Cut> = fc.dictionary(fc.constantFrom('changes/0', 'changes/1', 'freshet.users/0'), inBatches)
const places = fc.record({ lane: fc.constantFrom('changes/0', 'changes/1', 'freshet.users/0'), position: inBatches })

describe('positions', () => {
  test('are in one order, whether a sequence is known or not', () => {
    fc.assert(fc.property(inBatches, inBatches, inBatches, (a, b, c) => {
      assert.equal(Math.sign(comparePositions(a, b)), -Math.sign(comparePositions(b, a)) || 0)
      assert.equal(comparePositions(a, a), 0)
      if (comparePositions(a, b) <= 0 && comparePositions(b, c) <= 0) assert.ok(comparePositions(a, c) <= 0)
      assert.ok(comparePositions(furtherPosition(a, b), a) >= 0 && comparePositions(furtherPosition(a, b), b) >= 0)
    }))
  })

  test('of a batch that was appended twice are the same', () => {
    const [first, again] = [{ next: 12, epoch: 1, sequence: 3, skip: 0 }, { next: 15, epoch: 2, sequence: 3, skip: 0 }]
    assert.equal(comparePositions(first, again), 0)
    assert.deepEqual([furtherPosition(first, again), furtherPosition(again, first)], [again, again])
  })

  test('inside a batch lie behind its beginning and before its end', () => {
    const [begin, inside, end] = [{ next: 9, epoch: 1, sequence: 2, skip: 0 }, { next: 9, epoch: 1, sequence: 2, skip: 4 }, { next: 12, epoch: 1, sequence: 3, skip: 0 }]
    assert.ok(comparePositions(begin, inside) < 0 && comparePositions(inside, end) < 0)
    assert.ok(comparePositions({ ...begin, epoch: -1, sequence: -1 }, inside) < 0)
  })
})

describe('cuts', () => {
  test('merging gives the least cut that includes both', () => {
    fc.assert(fc.property(cuts, cuts, places, (a, b, place) => {
      const both = merge(a, b)
      assert.ok(includesCut(both, a) && includesCut(both, b))
      assert.equal(includes(both, place), includes(a, place) || includes(b, place))
      assert.ok(includesCut(merge(b, a), both) && includesCut(both, merge(b, a)))
      assert.deepEqual(merge(both, a), both)
    }))
  })

  test('advancing includes the place, and never forgets another', () => {
    fc.assert(fc.property(cuts, places, places, (cut, place, other) => {
      const next = advance(cut, place)
      assert.ok(includes(next, place))
      assert.equal(includes(next, other), includes(cut, other) || (other.lane === place.lane && comparePositions(place.position, other.position) >= 0))
      if (includes(cut, place)) assert.equal(next, cut)
    }))
  })

  test('a lane that a cut does not know is not included', () => {
    assert.equal(includes({}, { lane: 'changes/0', position: plainPosition(0) }), false)
    assert.equal(includesCut({}, { 'changes/0': plainPosition(0) }), false)
    assert.equal(includesCut({ 'changes/0': plainPosition(0) }, {}), true)
  })

  test('a state that was shown is included wherever it is announced, also as it was written anew under a later revision', () => {
    const state = (next: number, epoch: number) => ({ next, epoch, sequence: -1, skip: 0 })
    const shown = (position: Position) => includes({ 'changes/0': plainPosition(5), 'state/x': state(7, 77) },
      { lane: 'changes/0', position: plainPosition(6), shows: { lane: 'state/x', position } })
    assert.equal(shown(state(6, 66)), true, 'an earlier one')
    assert.equal(shown(state(7, 77)), true, 'the same')
    assert.equal(shown(state(8, 77)), true, 'a later one that looks the same')
    assert.equal(shown(state(8, 88)), false, 'a later one')
  })

  test('are restricted to lanes', () => {
    const cut = { 'changes/0': plainPosition(1), 'changes/1': plainPosition(2) }
    assert.deepEqual(restrict(cut, ['changes/1', 'changes/7']), { 'changes/1': plainPosition(2) })
  })
})
