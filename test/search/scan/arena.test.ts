import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allocate, comparing, floats, release, strideOf } from '../../../search/scan/arena.ts'

describe('the arena', () => {
  it('gives blocks that do not overlap, all zeros, taken back ones too', () => {
    const length = 48 * 1024
    const first = allocate(length)
    const second = allocate(length)
    floats().fill(1, first, first + length)
    floats().fill(2, second, second + length)
    assert.ok(floats().subarray(first, first + length).every((value) => value === 1))
    release(first, length)
    const again = allocate(length)
    assert.equal(again, first)
    assert.ok(floats().subarray(again, again + length).every((value) => value === 0))
    assert.ok(floats().subarray(second, second + length).every((value) => value === 2))
    // More than is there by far: it grows.
    const large = allocate(8 * 1024 * 1024)
    floats()[large + 8 * 1024 * 1024 - 1] = 3
    assert.ok(floats().subarray(second, second + length).every((value) => value === 2))
  })

  it('compares a query with rows, padded to whole runs', () => {
    assert.deepEqual([1, 16, 17, 256, 1536].map(strideOf), [16, 16, 32, 256, 1536])
    const start = allocate(strideOf(20))
    floats().set(Float32Array.from({ length: 20 }, (_, n) => n), start)
    comparing(new Float32Array(64).fill(9))
    assert.equal(comparing(new Float32Array(20).fill(2))(start), 380)
  })
})
