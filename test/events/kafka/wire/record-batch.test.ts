import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { ByteReader } from '../../../../events/kafka/wire/byte-reader.ts'
import { ByteWriter } from '../../../../events/kafka/wire/byte-writer.ts'
import { crc32c } from '../../../../events/kafka/wire/crc32c.ts'
import { readBatches, writeBatch, type BatchHeader } from '../../../../events/kafka/wire/record-batch.ts'

/** kafkajs's own, to compare with: it has read and written what every broker takes for years. */
const require = createRequire(import.meta.url)
interface Encoder { buffer: Buffer }
const kafkajs = {
  Decoder: require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => { offset: number },
  readBatch: require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<KafkajsBatch>,
  writeBatch: (require('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch(batch: object): Promise<Encoder> }).RecordBatch,
  record: require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder,
}
interface KafkajsBatch {
  firstOffset: string
  producerId: string
  producerEpoch: number
  firstSequence: number
  records: { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null }[]
}

const records = fc.array(fc.record({
  key: fc.option(fc.string({ unit: 'binary' })),
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
}), { minLength: 1, maxLength: 200 })
const header: fc.Arbitrary<BatchHeader> = fc.record({
  producerId: fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER }), producerEpoch: fc.integer({ min: -1, max: 32_767 }),
  firstSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }), timestamp: fc.integer({ min: 0, max: 4e12 }),
})

function written(of: Parameters<typeof writeBatch>[1], head: BatchHeader): Buffer {
  const writer = new ByteWriter()
  writeBatch(writer, of, head)
  return Buffer.from(writer.written)
}
const batchOf = (bytes: Buffer) => readBatches(new ByteReader(bytes), 't', 3)
const plain = (value: Uint8Array | null) => value && [...value]

describe('record batches', () => {
  test('the checksum is CRC-32C', () => {
    assert.equal(crc32c(Buffer.from('123456789'), 0, 9) >>> 0, 0xe3069283)
    assert.equal(crc32c(Buffer.from('..123456789.'), 2, 11) >>> 0, 0xe3069283)
  })

  test('kafkajs reads what is written here', () => fc.assert(fc.asyncProperty(records, header, async (some, head) => {
    const bytes = written(some, head)
    assert.equal(bytes.readInt32BE(0), bytes.length - 4)
    assert.equal(bytes.readInt32BE(4 + 17), crc32c(bytes, 4 + 21, bytes.length))
    const { producerId, producerEpoch, firstSequence, records: read } = await kafkajs.readBatch(new kafkajs.Decoder(bytes.subarray(4)))
    assert.deepEqual({ producerId: Number(producerId), producerEpoch, firstSequence, timestamp: Number(read[0]!.timestamp) }, { ...head })
    assert.deepEqual(read.map(({ key, value }) => [key === null ? null : key.toString(), plain(value)]), some.map(({ key, value }) => [
      key === null ? null : Buffer.from(key).toString(), plain(value)]))
    assert.deepEqual(read.map(({ offset }) => offset), some.map((_, i) => String(i)))
  })))

  test('what kafkajs writes is read here, headers left out', () => fc.assert(fc.asyncProperty(records, header, async (some, head) => {
    const encoded = await kafkajs.writeBatch({
      ...head, firstOffset: 40, firstTimestamp: head.timestamp, maxTimestamp: head.timestamp + 200, lastOffsetDelta: some.length - 1,
      records: some.map(({ key, value }, offsetDelta) => kafkajs.record({
        key, value: value && Buffer.from(value), offsetDelta, timestampDelta: offsetDelta, headers: offsetDelta % 2 ? { a: 'b' } : {},
      })),
    })
    const [batch, ...more] = batchOf(encoded.buffer)
    assert.equal(more.length, 0)
    const { records: read, firstOffset, lastOffset, producerId, producerEpoch, firstSequence } = batch!
    assert.deepEqual({ producerId, producerEpoch, firstSequence, timestamp: read[0]!.appendedAt }, { ...head })
    assert.deepEqual([firstOffset, lastOffset], [40, 39 + some.length])
    assert.deepEqual(read.map((record) => ({ ...record, value: plain(record.value) })), some.map(({ key, value }, i) => ({
      topic: 't', partition: 3, offset: 40 + i, key: key === null ? null : Buffer.from(key).toString(), value: plain(value), appendedAt: head.timestamp + i,
    })))
  })))

  const some = [{ key: 'k', value: Buffer.from('v') }, { key: null, value: null }]
  const head: BatchHeader = { producerId: 7, producerEpoch: 0, firstSequence: 0, timestamp: 1_000 }
  /** Without the size in front, as in an answer; with other attributes and records. */
  const changed = (attributes: number, change = (bytes: Buffer) => bytes): Buffer => {
    const bytes = written(some, head).subarray(4)
    bytes.writeInt16BE(attributes, 21)
    const whole = Buffer.concat([bytes.subarray(0, 61), change(bytes.subarray(61))])
    whole.writeInt32BE(whole.length - 12, 8)
    return whole
  }

  test('a last batch that is cut off is left for the next answer', () => {
    const bytes = changed(0)
    assert.equal(batchOf(Buffer.concat([bytes, bytes.subarray(0, -1)])).length, 1)
    assert.equal(batchOf(Buffer.concat([bytes, bytes])).length, 2)
    assert.equal(batchOf(bytes.subarray(0, 5)).length, 0)
  })

  test('where the broker set the time of appending, all records have it', () => {
    const bytes = changed(0x08)
    bytes.writeBigInt64BE(5_000n, 35)
    assert.deepEqual(batchOf(bytes)[0]!.records.map(({ appendedAt }) => appendedAt), [5_000, 5_000])
  })

  test('records may be compressed by gzip; another compression is refused by name', () => {
    assert.deepEqual(batchOf(changed(1, (bytes) => gzipSync(bytes)))[0]!.records.map(({ key }) => key), ['k', null])
    assert.throws(() => batchOf(changed(2)), /expected the records of t\/3 to be uncompressed or compressed by gzip, got snappy/)
  })

  test('a control batch has no records and says whether it ends an aborted transaction', () => {
    const marker = (type: number): Buffer => {
      const writer = new ByteWriter()
      writeBatch(writer, [{ key: `\0\0\0${String.fromCharCode(type)}`, value: null }], head)
      const bytes = Buffer.from(writer.written.subarray(4))
      bytes.writeInt16BE(0x30, 21)
      return bytes
    }
    assert.deepEqual(batchOf(marker(0)).map(({ marker: what, records: none, isTransactional }) => [what, none.length, isTransactional]), [['abort', 0, true]])
    assert.deepEqual(batchOf(marker(1)).map(({ marker: what }) => what), ['other'])
  })

  test('a format of before Kafka 0.11 is refused', () => {
    const bytes = changed(0)
    bytes.writeInt8(1, 16)
    assert.throws(() => batchOf(bytes), /expected record batches of format 2 in t\/3 .*got 1/)
  })

  test('memory is used again, and grows with what is written', () => {
    const writer = new ByteWriter()
    const large = [{ key: 'k', value: new Uint8Array(100_000).fill(7) }]
    for (const batch of [some, large, some]) {
      writer.clear()
      writeBatch(writer, batch, head)
      assert.deepEqual(Buffer.from(writer.written), written(batch, head))
    }
  })
})
