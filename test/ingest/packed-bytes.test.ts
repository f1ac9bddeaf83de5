import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter, ownBytes } from '../../ingest/packed-bytes.ts'

const number = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.integer(), fc.double(), fc.constantFrom(
  0, 63, 64, 127, 128, 8_191, 8_192, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 37, 2 ** 38, 2 ** 52, Number.MAX_SAFE_INTEGER, 2 ** 53, -1, 0.5, Infinity, -Infinity, NaN,
))

test('numbers, texts, lists and bytes come back as they were, whatever the writer had room for', () => {
  const part = fc.oneof(
    number.map((value) => ['number', value] as const), fc.string({ unit: 'binary', maxLength: 60 }).map((value) => ['text', value] as const),
    fc.array(number).map((value) => ['numbers', value] as const), fc.uint8Array().map((value) => ['bytes', value] as const),
    fc.nat({ max: 255 }).map((value) => ['byte', value] as const),
  )
  fc.assert(fc.property(fc.array(part), fc.integer({ min: 1, max: 100 }), (parts, capacity) => {
    const writer = new ByteWriter(capacity)
    for (const round of [1, 2]) {
      for (const [kind, value] of parts) (writer[kind] as (value: unknown) => void)(value)
      const reader = new ByteReader(writer.take())
      // A surrogate without its other half is no character, and a zero has no sign.
      const expected = (value: unknown) => typeof value === 'string' ? value.toWellFormed() : Object.is(value, -0) ? 0 : value
      for (const [kind, value] of parts) {
        const read = reader[kind]()
        assert.deepEqual(kind === 'bytes' ? new Uint8Array(read as Uint8Array) : read, Array.isArray(value) ? value.map(expected) : expected(value), `${round}`)
      }
      assert.equal(reader.done, true)
    }
  }))
})

test('small whole numbers are small', () => {
  const size = (value: number) => {
    const writer = new ByteWriter(1)
    writer.number(value)
    return writer.take().length
  }
  assert.deepEqual([0, 63, 64, 8_191, 8_192, 1_700_000_000_000, Number.MAX_SAFE_INTEGER, 0.5, -1].map(size), [1, 1, 2, 2, 3, 6, 8, 9, 9])
})

test('what is cut off is refused, not made up', () => {
  const writer = new ByteWriter(16)
  for (const value of [0.5, 1_000_000, 70]) writer.number(value)
  writer.text('a text')
  const bytes = writer.take()
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => {
      const reader = new ByteReader(bytes.subarray(0, length))
      for (let i = 0; i < 3; i++) reader.number()
      reader.text()
    }, RangeError)
  assert.throws(() => new ByteReader(Uint8Array.of(3)).number(), /Expected a number at byte 0, got 3/)
})

test('bytes to stay keep no more than themselves', () => {
  const large = new Uint8Array(100_000)
  assert.equal(ownBytes(large.subarray(10_000)).buffer, large.buffer)
  const few = ownBytes(large.subarray(0, 100))
  assert.notEqual(few.buffer, large.buffer)
  assert.equal(few.length, 100)
})
