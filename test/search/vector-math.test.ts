import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cosine, dot, norm, normalised } from '../../search/vector-math.ts'

const numbers = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 0, maxLength: 40 })
const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) <= 1e-3, `${a} is not ${b}`)

describe('vector arithmetic', () => {
  it('multiplies a row of a block with a vector of any length', () => {
    fc.assert(fc.property(numbers, fc.nat(5), (values, before) => {
      const query = Float32Array.from(values, (value, at) => value - at / 7)
      const rows = new Float32Array(before + values.length + 3).fill(99)
      rows.set(values, before)
      near(dot(rows, before, query), query.reduce((sum, value, at) => sum + value * rows[before + at]!, 0))
    }))
  })

  it('normalises to length 1, and leaves zeros and its input alone', () => {
    const vector = Float32Array.of(3, 0, 4)
    assert.deepEqual(normalised(vector), Float32Array.of(0.6, 0, 0.8))
    assert.deepEqual(vector, Float32Array.of(3, 0, 4))
    assert.equal(norm(vector), 5)
    assert.deepEqual(normalised(new Float32Array(2)), new Float32Array(2))
  })

  it('knows the cosine, whatever the lengths, and 0 for a zero vector', () => {
    near(cosine(Float32Array.of(1, 1), Float32Array.of(10, 0)), Math.SQRT1_2)
    near(cosine(Float32Array.of(1, 2), Float32Array.of(-2, -4)), -1)
    assert.equal(cosine(new Float32Array(2), Float32Array.of(1, 2)), 0)
  })
})
