import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuse, legDepth, legWeights, partsOf } from '../../search/fusion.ts'

const hits = (...pairs: [string, number][]) => pairs.map(([id, score]) => ({ id, score }))
const vector = { space: 's', values: Float32Array.of(1) }

describe('fusion', () => {
  it('scales each leg by its minimum and maximum for relativeScore', () => {
    // The example of Weaviate's own documentation: 1, 8, 6, 11 become 0, 0.7, 0.5, 1.
    assert.deepEqual(partsOf({ hits: hits(['a', 11], ['b', 8], ['c', 6], ['d', 1]), weight: 1 }, 'relativeScore'), [1, 0.7, 0.5, 0])
    assert.deepEqual(partsOf({ hits: hits(['a', 3], ['b', 1]), weight: 0.25 }, 'relativeScore'), [0.25, 0])
  })

  it('counts a leg of equal scores fully, and one hit alone', () => {
    assert.deepEqual(partsOf({ hits: hits(['a', 2], ['b', 2]), weight: 0.5 }, 'relativeScore'), [0.5, 0.5])
    assert.deepEqual(partsOf({ hits: hits(['a', -0.3]), weight: 0.5 }, 'relativeScore'), [0.5])
    assert.deepEqual(partsOf({ hits: [], weight: 0.5 }, 'relativeScore'), [])
  })

  it('counts ranks from 0 above 60 for ranked, whatever the scores', () => {
    assert.deepEqual(partsOf({ hits: hits(['a', 9], ['b', 9], ['c', 0]), weight: 0.3 }, 'ranked'), [0.3 / 60, 0.3 / 61, 0.3 / 62])
  })

  it('adds the parts of both legs, best first, ties by id, and keeps the raw scores', () => {
    const fused = fuse({
      text: { hits: hits(['x', 4], ['b', 2]), weight: 0.5 },
      vector: { hits: hits(['a', 0.9], ['x', 0.8], ['c', 0.5]), weight: 0.5 },
    }, 'relativeScore')
    assert.deepEqual(fused.map(({ id }) => id), ['x', 'a', 'b', 'c'])
    assert.deepEqual(fused[0]!.parts.text, { score: 4, part: 0.5 })
    assert.equal(fused[0]!.parts.vector!.similarity, 0.8)
    assert.ok(Math.abs(fused[0]!.parts.vector!.part - 0.375) < 1e-12)
    assert.equal(fused[0]!.score, 0.5 + fused[0]!.parts.vector!.part)
    assert.deepEqual(fused[1]!.parts, { vector: { similarity: 0.9, part: 0.5 } })
    assert.deepEqual(fuse({}, 'ranked'), [])
  })

  it('weighs by alpha where there are two legs, and ignores it where there is one', () => {
    const base = { fusion: 'ranked' as const }
    assert.deepEqual(legWeights({ ...base, text: 'x', vector, alpha: 0.25 }), { text: 0.75, vector: 0.25 })
    assert.deepEqual(legWeights({ ...base, text: 'x', alpha: 0.25 }), { text: 1, vector: 0 })
    assert.deepEqual(legWeights({ ...base, vector, alpha: 0.25 }), { text: 0, vector: 1 })
    assert.deepEqual(legWeights({ ...base, text: ' \n', vector, alpha: 0 }), { text: 0, vector: 1 })
    assert.deepEqual(legWeights({ ...base, text: '', alpha: 0.5 }), { text: 0, vector: 0 })
  })

  it('looks at 100 hits of each leg, or at as many as the page has', () => {
    assert.deepEqual([1, 100, 101, 1000].map(legDepth), [100, 100, 101, 1000])
  })
})
