import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeCursor, encodeCursor, queryFingerprint } from '../../search/cursors.ts'
import type { IndexQuery } from '../../search/entity-index.ts'

const query: IndexQuery = {
  kind: 'livestream', limit: 10, filter: { field: 'status', op: 'eq', value: 'LIVE' },
  hybrid: { text: 'a', vector: { space: 's', values: Float32Array.of(1, 2) }, alpha: 0.5, fusion: 'ranked' },
}

describe('cursors', () => {
  it('give their position back', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0), fc.boolean(), fc.constant(null)), { minLength: 1 }), (position) => {
      assert.deepEqual(decodeCursor('print', encodeCursor('print', position)), position.map((value) => (Object.is(value, -0) ? 0 : value)))
    }))
  })

  it('refuse anything that is none', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      assert.throws(() => decodeCursor('print', text), { code: 'INVALID_CURSOR' })
    }))
    for (const content of ['[]', '["print"]', '{}', 'null', '["print",{}]', '["print",[1]]']) {
      assert.throws(() => decodeCursor('print', Buffer.from(content).toString('base64url')), /cannot be read/, content)
    }
    assert.throws(() => decodeCursor('print', encodeCursor('print', ['x'.repeat(10_000)])), /cannot be read/)
    assert.throws(() => decodeCursor('print', encodeCursor('other', [1])), /belongs to another query/)
  })

  it('belong to a query whatever its page size, and to no other', () => {
    const print = queryFingerprint(query)
    assert.equal(queryFingerprint({ ...query, limit: 99, after: 'x', withVectors: ['s'] }), print)
    const padded = new Float32Array(4)
    padded.set([1, 2], 1)
    assert.equal(queryFingerprint({ ...query, hybrid: { ...query.hybrid!, vector: { space: 's', values: padded.subarray(1, 3) } } }), print)
    const { filter: _filter, ...unfiltered } = query
    const { hybrid: _hybrid, ...listing } = query
    const others: IndexQuery[] = [
      unfiltered, listing, { ...query, kind: 'user' }, { ...listing, orderBy: [{ field: 'title', direction: 'asc' }] },
      { ...query, hybrid: { ...query.hybrid!, alpha: 0.6 } }, { ...query, hybrid: { ...query.hybrid!, fusion: 'relativeScore' } },
      { ...query, hybrid: { ...query.hybrid!, text: 'b' } },
      { ...query, hybrid: { ...query.hybrid!, vector: { space: 't', values: Float32Array.of(1, 2) } } },
      { ...query, hybrid: { ...query.hybrid!, vector: { space: 's', values: Float32Array.of(1, 3) } } },
    ]
    assert.equal(new Set([print, ...others.map(queryFingerprint)]).size, others.length + 1)
  })
})
