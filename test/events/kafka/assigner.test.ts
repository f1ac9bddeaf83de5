import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { share, type Member } from '../../../events/kafka/assigner.ts'

const member = (id: string, owned: number[] = [], generation = 0): Member => ({ id, topics: ['t'], owned, generation })
/** A generation as it follows from the one before: some members stay, with what they own, and some are new. */
const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
const owned = (shares: ReadonlyMap<string, number[]>, id: string): number[] => shares.get(id) ?? []

describe('sharing partition numbers out', () => {
  test('every number has one owner, and counts differ by one at most', () => fc.assert(fc.property(
    members, fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.array(fc.nat({ max: 25 }), { maxLength: 8 })), fc.infiniteStream(fc.nat({ max: 3 })),
    (ids, partitions, claims, generations) => {
      // Claims may overlap, or name numbers that no longer exist.
      const shares = share(ids.map((id) => member(id, claims.next().value, generations.next().value)), partitions)
      const all = [...shares.values()].flat().sort((a, b) => a - b)
      assert.deepEqual(all, Array.from({ length: partitions }, (_, partition) => partition))
      const counts = ids.map((id) => owned(shares, id).length)
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join())
    })))

  test('moves no more than evenness asks for when members come and go', () => fc.assert(fc.property(
    members, members, fc.integer({ min: 1, max: 20 }),
    (before, after, partitions) => {
      const former = share(before.map((id) => member(id)), partitions)
      const latter = share(after.map((id) => member(id, owned(former, id), 1)), partitions)
      const most = Math.ceil(partitions / after.length)
      const least = Math.floor(partitions / after.length)
      let larger = partitions % after.length
      for (const id of [...after].sort((a, b) => owned(former, b).length - owned(former, a).length)) {
        const had = owned(former, id)
        const kept = had.filter((partition) => owned(latter, id).includes(partition)).length
        // Who had more than its share keeps as much as any share holds; who had less keeps everything.
        const allowed = larger > 0 && had.length > least ? most : least
        if (had.length > least && larger > 0) larger--
        assert.ok(kept >= Math.min(had.length, allowed), `${id} had ${had.join()} and keeps ${kept} of ${allowed}`)
      }
    })))

  test('does not depend on the order in which members are listed', () => fc.assert(fc.property(
    members.chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length }))), fc.integer({ min: 1, max: 12 }),
    ([ids, shuffled], partitions) => {
      const described = (list: string[]) => list.map((id) => member(id, [id.length, id.charCodeAt(0) % partitions], id.length % 2))
      assert.deepEqual([...share(described(ids), partitions)].sort(), [...share(described(shuffled), partitions)].sort())
    })))

  test('of two that claim a number, the one of the later generation keeps it', () => {
    const shares = share([member('stale', [0, 1], 3), member('owner', [0, 1], 5)], 4)
    assert.deepEqual(owned(shares, 'owner'), [0, 1])
    assert.deepEqual(owned(shares, 'stale'), [2, 3])
  })
})
