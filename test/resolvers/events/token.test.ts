import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeToken, encodeToken } from '../../../resolvers/events/token.ts'

const at = (topic: string, partition: number, offset: number) => ({ topic, partition, offset, appendedAt: 0 })

describe('tokens', () => {
  test('stand for the ends of what was appended', () => {
    const token = encodeToken([at('a', 0, 3), at('b', 1, 9), at('a', 0, 5), at('a', 0, 4)], 'log')
    assert.deepEqual(decodeToken(token, 'log'), { 'a/0': 6, 'b/1': 10 })
    assert.match(token, /^[\w-]+$/)
  })

  test('of another log are none', () => {
    assert.equal(decodeToken(encodeToken([at('a', 0, 3)], 'log'), 'other'), null)
  })

  test('of the largest publish can be read again', () => {
    const token = encodeToken(Array.from({ length: 1_000 }, (_, i) => at(`${'p'.repeat(100)}.engagements`, i, i)), 'log')
    assert.equal(Object.keys(decodeToken(token, 'log') ?? {}).length, 1_000)
  })

  test('that anybody makes up are positions or none, never an exception', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'))), (text) => {
      assert.equal(decodeToken(text, 'log'), null)
    }))
    const made = (value: unknown) => decodeToken(Buffer.from(JSON.stringify(value)).toString('base64url'), 'log')
    for (const ends of [null, 7, 'a', { a: '7' }, { a: 1.5 }, { a: 2 ** 60 }, { 'a/0': -1 }, { 'a/0': 1.5 }, { a: 1 }, { '/0': 1 }, { 'a/-1': 1 }, { 'a/x': 1 }, { 'a b/0': 1 }, { __proto__x: 1 }]) assert.equal(made({ v: 1, log: 'log', ends }), null)
    assert.deepEqual(made({ v: 1, log: 'log', ends: { 'a/0': 7 } }), { 'a/0': 7 })
    assert.equal(made({ v: 2, log: 'log', ends: {} }), null)
    assert.equal(decodeToken('A'.repeat(300_000), 'log'), null)
  })
})
