import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstPosition, hybridPosition, startAfter } from '../../search/hybrid-position.ts'

const fused = ['a', 'b', 'c', 'd'].map((id) => ({ id, score: 1, parts: {} }))

describe('the place of a hybrid page', () => {
  it('begins at the best hit', () => {
    assert.deepEqual(firstPosition(20), { depth: 100, offset: 0, id: '' })
    assert.equal(startAfter(fused, firstPosition(20)), 0)
  })

  it('follows the last hit to where it stands now, or to where it stood', () => {
    assert.equal(startAfter(fused, { depth: 100, offset: 1, id: 'c' }), 3)
    assert.equal(startAfter(fused, { depth: 100, offset: 2, id: 'gone' }), 1)
  })

  it('is refused where it was altered', () => {
    assert.deepEqual(hybridPosition([100, 3, 'x']), { depth: 100, offset: 3, id: 'x' })
    for (const position of [[0, 1, 'x'], [1001, 1, 'x'], [100, 0, 'x'], [100, 1.5, 'x'], [100, 1, 2], ['100', 1, 'x'], [100, 1], []]) {
      assert.throws(() => hybridPosition(position as never), { code: 'INVALID_CURSOR' }, JSON.stringify(position))
    }
  })
})
