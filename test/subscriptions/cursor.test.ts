import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createCursors, maxCursorLength } from '../../subscriptions/cursor.ts'
import { plainPosition, type Cut, type Position } from '../../subscriptions/cut.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef')
const fitting = { key, logId: 'cluster-1', partitions: 4 }
const cursors = createCursors(fitting)
const offset = fc.maxSafeNat()
const position: fc.Arbitrary<Position> = fc.oneof(
  offset.map(plainPosition),
  fc.record({ next: offset, epoch: fc.integer({ min: -1 }), sequence: fc.integer({ min: -1, max: 2 ** 40 }), skip: fc.nat() }).map((each) => ({ ...each })),
)
const lane = fc.oneof(
  fc.nat(63).map((shard) => `changes/${shard}`), fc.tuple(fc.constantFrom('freshet.users', 'x.é'), fc.nat(63)).map(([topic, n]) => `${topic}/${n}`),
  fc.constantFrom('live/b7:feed', 'revision/livestream:a/7', 'revision/livestream:01', 'a/01', 'plain', '__proto__/1'),
)
const cuts: fc.Arbitrary<Cut> = fc.dictionary(lane, position)

describe('cursors', () => {
  test('give back the cut', () => {
    fc.assert(fc.property(cuts, (cut) => assert.deepEqual(cursors.decode(cursors.encode(cut)), { ...cut })))
  })

  test('are short, and safe in URLs and header lines', () => {
    const cut = Object.fromEntries([0, 1, 2, 3].map((shard) => [`changes/${shard}`, { next: 1_000_000 + shard, epoch: 3, sequence: 400_000, skip: 7 }]))
    const text = cursors.encode(cut)
    assert.match(text, /^[\w-]{80,100}$/)
    assert.equal(cursors.encode(cut), text)
  })

  test('are the same from every replica with the key, and void for another key, log or partition count', () => {
    const text = cursors.encode({ 'changes/0': plainPosition(7) })
    assert.deepEqual(createCursors({ ...fitting, key: Buffer.from(key) }).decode(text), { 'changes/0': plainPosition(7) })
    for (const other of [{ key: Buffer.alloc(32) }, { logId: 'cluster-2' }, { partitions: 5 }])
      assert.equal(createCursors({ ...fitting, ...other }).decode(text), null)
  })

  test('that were tampered with, cut off or lengthened are void', () => {
    fc.assert(fc.property(cuts, fc.nat(), fc.integer({ min: 1, max: 63 }), (cut, place, change) => {
      const text = cursors.encode(cut)
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const at = place % text.length
      const tampered = text.slice(0, at) + (alphabet[(alphabet.indexOf(text[at]!) + change) % 64] as string) + text.slice(at + 1)
      assert.equal(cursors.decode(tampered), null)
      assert.equal(cursors.decode(text.slice(0, at)), null)
      assert.equal(cursors.decode(`${text}A`), null)
      assert.equal(cursors.decode(`${text}=`), null)
    }))
  })

  test('of another version, and what is none at all, are void', () => {
    const bytes = Buffer.from(cursors.encode({}), 'base64url')
    const body = Buffer.concat([Buffer.from([2]), bytes.subarray(1, -16)])
    const signed = Buffer.concat([body, createHmac('sha256', key).update(body).digest().subarray(0, 16)])
    assert.equal(cursors.decode(signed.toString('base64url')), null)
    for (const text of ['', 'A', ' ', 'null', '../../etc', 'ü'.repeat(40), 'A'.repeat(maxCursorLength + 1), '\u0000'.repeat(60)]) assert.equal(cursors.decode(text), null)
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => assert.equal(cursors.decode(text), null)))
  })

  test('a key that is too short is refused', () => {
    assert.throws(() => createCursors({ ...fitting, key: Buffer.alloc(15) }), /expected a key of at least 16 bytes, got 15/)
  })
})
