import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { VectorColumn } from '../../../search/scan/vectors.ts'
import { cosine, normalised } from '../../../search/vector-math.ts'
import { randomFrom, randomVector } from '../contract/fixture.ts'

const byNumber = (a: number, b: number): boolean => a < b

describe('a column of vectors', () => {
  it('finds the nearest of any number of dimensions, after any writes and removals', () => {
    const change = fc.record({ slot: fc.nat(700), seed: fc.option(fc.nat()) })
    fc.assert(fc.property(fc.integer({ min: 1, max: 70 }), fc.array(change, { maxLength: 40 }), fc.nat(), (dimensions, changes, seed) => {
      const column = new VectorColumn(dimensions)
      const held = new Map<number, Float32Array>()
      for (const { slot, seed: own } of changes) {
        if (own === null) {
          assert.equal(column.remove(slot), held.delete(slot))
          continue
        }
        const vector = randomVector(dimensions, randomFrom(own)).map((value) => value * (1 + own % 5))
        column.set(slot, vector)
        held.set(slot, vector)
      }
      assert.equal(column.size, held.size)
      for (const [slot, vector] of held) assert.deepEqual(column.get(slot), vector)
      const query = normalised(randomVector(dimensions, randomFrom(seed)))
      const found = column.nearest(query, 1000, (slot) => slot % 3 !== 0, byNumber)
      assert.deepEqual(found.map(({ slot }) => slot).sort(), [...held.keys()].filter((slot) => slot % 3 !== 0).sort())
      found.forEach(({ slot, score }, at) => {
        assert.ok(Math.abs(score - cosine(held.get(slot)!, query)) < 1e-5, `${score} is not ${cosine(held.get(slot)!, query)}`)
        assert.ok(at === 0 || score <= found[at - 1]!.score)
      })
      assert.deepEqual(column.nearest(query, 3, () => true, byNumber), column.nearest(query, 1000, () => true, byNumber).slice(0, 3))
    }), { numRuns: 200 })
  })

  it('keeps columns apart while they grow', () => {
    const columns = [16, 24, 3].map((dimensions) => new VectorColumn(dimensions))
    for (let slot = 0; slot < 2000; slot++) {
      for (const column of columns) column.set(slot, new Float32Array(column.dimensions).fill(slot + column.dimensions))
    }
    for (const column of columns) {
      for (let slot = 0; slot < 2000; slot++) {
        assert.deepEqual(column.get(slot), new Float32Array(column.dimensions).fill(slot + column.dimensions))
      }
    }
  })

  it('counts a zero vector as like nothing, and finds it nevertheless', () => {
    const column = new VectorColumn(2)
    column.set(0, Float32Array.of(0, 0))
    column.set(1, Float32Array.of(-1, 0))
    assert.deepEqual(column.nearest(Float32Array.of(1, 0), 5, () => true, byNumber), [{ slot: 0, score: 0 }, { slot: 1, score: -1 }])
    assert.deepEqual(column.nearest(Float32Array.of(0, 0), 5, () => true, byNumber).map(({ score }) => Math.abs(score)), [0, 0])
  })
})
