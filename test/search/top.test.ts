import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Top } from '../../search/top.ts'

describe('the best k', () => {
  it('are those of a full sort, in its order', () => {
    fc.assert(fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 12 }), (values, limit) => {
      const before = (a: number, b: number): boolean => values[a]! > values[b]! || (values[a] === values[b] && a < b)
      const rows = values.map((_, row) => row)
      const top = new Top(limit, before)
      for (const row of rows) top.push(row)
      const sorted = rows.sort((a, b) => (before(a, b) ? -1 : 1)).slice(0, limit)
      assert.equal(top.worst, sorted.length < limit ? undefined : sorted.at(-1))
      assert.deepEqual(top.take(), sorted)
    }))
  })
})
