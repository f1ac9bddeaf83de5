import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RankedSet } from '../../subscriptions/ranked-set.ts'

interface Item { key: number; note: number }
const compare = (a: Item, b: Item): number => a.key - b.key
const item = fc.record({ key: fc.integer({ min: 0, max: 40 }), note: fc.nat() })
const steps = fc.array(fc.record({ item, enters: fc.boolean() }), { maxLength: 120 })

describe('a ranked set', () => {
  test('holds, ranks and lists what a sorted list would; a former one stays as it was', () => {
    fc.assert(fc.property(fc.uniqueArray(item, { selector: ({ key }) => key }), steps, fc.nat(50), (begin, all, count) => {
      const model = new Map(begin.map((each) => [each.key, each]))
      let set = RankedSet.of(begin, compare)
      for (const { item: each, enters } of all) {
        const former = set
        const formerList = former.first(Infinity)
        if (enters) model.set(each.key, each)
        else model.delete(each.key)
        set = enters ? set.with(each) : set.without(each)
        const sorted = [...model.values()].sort(compare)
        assert.equal(set.size, sorted.length)
        assert.deepEqual(set.first(count), sorted.slice(0, count))
        assert.equal(set.rankOf(each), sorted.filter(({ key }) => key < each.key).length)
        assert.deepEqual(former.first(Infinity), formerList)
      }
    }))
  })

  test('compares a logarithm of its size for each step, also when all come in order', () => {
    let compared = 0
    let set = RankedSet.of<number>([], (a, b) => {
      compared++
      return a - b
    })
    for (let n = 0; n < 10_000; n++) set = set.with(n)
    const least = () => {
      compared = 0
      set.rankOf(5_000.5)
      return compared
    }
    // log₂ of 10,000 is 13.3; a weight-balanced tree is at most 2.41 times as deep.
    assert.ok(least() <= 32, String(compared))
    for (let n = 0; n < 9_000; n++) set = set.without(n)
    assert.equal(set.size, 1_000)
    assert.ok(least() <= 24, String(compared))
  })
})
