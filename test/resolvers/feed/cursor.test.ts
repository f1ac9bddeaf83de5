import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeFeedCursor, encodeFeedCursor, hash32, maxFeedLength } from '../../../resolvers/feed/cursor.ts'
import { InvalidCursorError } from '../../../search/entity-index.ts'

const hash = fc.integer({ min: 0, max: 2 ** 32 - 1 })

describe('cursors of feeds', () => {
  test('come back as they were, to the longest feed', () => {
    fc.assert(fc.property(fc.uuid(), hash, fc.array(hash, { maxLength: maxFeedLength }), (feedId, of, shown) => {
      const cursor = encodeFeedCursor({ feedId, of, shown })
      assert.match(cursor, /^[\w-]+$/)
      assert.deepEqual(decodeFeedCursor(cursor, of), { feedId, of, shown })
    }))
    const longest = { feedId: 'f'.repeat(36), of: 1, shown: Array.from({ length: maxFeedLength }, (_, i) => i) }
    assert.deepEqual(decodeFeedCursor(encodeFeedCursor(longest), 1), longest)
  })

  test('of another person or filter are refused', () => {
    const of = hash32(JSON.stringify(['ada', null]))
    const cursor = encodeFeedCursor({ feedId: 'f', of, shown: [1, 2] })
    for (const other of [['bob', null], ['ada', { field: 'id', op: 'eq', value: 'a' }]])
      assert.throws(() => decodeFeedCursor(cursor, hash32(JSON.stringify(other))), { name: 'InvalidCursorError', message: /of another feed: person and filter must be those/ })
  })

  test('that are none are refused in words, never with another exception', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64url'))), (text) => {
      assert.throws(() => decodeFeedCursor(text, 1), InvalidCursorError)
    }))
    const cursor = encodeFeedCursor({ feedId: 'feed', of: 1, shown: [1, 2] })
    for (const bad of ['', cursor.slice(0, -1), `${cursor}AA`, 'A'.repeat(5_000)]) assert.throws(() => decodeFeedCursor(bad, 1), InvalidCursorError)
  })
})
