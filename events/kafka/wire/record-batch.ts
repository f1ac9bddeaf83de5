import { gunzipSync } from 'node:zlib'
import type { LogRecord, NewRecord } from '../../log.ts'
import { MisfitError } from '../failures.ts'
import { ByteReader } from './byte-reader.ts'
import { sizeOfVarint, type ByteWriter } from './byte-writer.ts'
import { crc32c } from './crc32c.ts'

/** Record batches of format 2, the one since Kafka 0.11 (https://kafka.apache.org/documentation/#recordbatch). */

const magic = 2
const codecBits = 0x07
const appendTimeBit = 0x08
const transactionalBit = 0x10
const controlBit = 0x20
const gzip = 1
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export interface BatchHeader {
  producerId: number
  producerEpoch: number
  /** Of the batch's first record, by which the broker knows a repetition. */
  firstSequence: number
  /** Of all records, ms since the epoch. */
  timestamp: number
}

/** Writes one batch behind its size, as requests have it. */
export function writeBatch(into: ByteWriter, records: readonly Pick<NewRecord, 'key' | 'value'>[], header: BatchHeader): void {
  const start = into.length
  into.int32(0)
  into.int64(0)
  into.int32(0)
  into.int32(-1)
  into.int8(magic)
  const checksum = into.length
  into.int32(0)
  into.int16(0)
  into.int32(records.length - 1)
  into.int64(header.timestamp)
  into.int64(header.timestamp)
  into.int64(header.producerId)
  into.int16(header.producerEpoch)
  into.int32(header.firstSequence)
  into.int32(records.length)
  for (let i = 0; i < records.length; i++) writeRecord(into, records[i]!, i)
  const end = into.length
  into.setInt32(start, end - start - 4)
  into.setInt32(start + 12, end - start - 16)
  into.setInt32(checksum, crc32c(into.written, checksum + 4, end))
}

function writeRecord(into: ByteWriter, { key, value }: Pick<NewRecord, 'key' | 'value'>, offsetDelta: number): void {
  const keySize = key === null ? -1 : Buffer.byteLength(key)
  const valueSize = value === null ? -1 : value.length
  // One byte each: attributes, the time since the batch's, the number of headers.
  into.varint(3 + sizeOfVarint(offsetDelta) + sizeOfVarint(keySize) + Math.max(keySize, 0) + sizeOfVarint(valueSize) + Math.max(valueSize, 0))
  into.int8(0)
  into.varint(0)
  into.varint(offsetDelta)
  into.varint(keySize)
  if (key !== null) into.utf8(key, keySize)
  into.varint(valueSize)
  if (value !== null) into.raw(value)
  into.varint(0)
}

export interface FetchedBatch {
  firstOffset: number
  lastOffset: number
  producerId: number
  producerEpoch: number
  firstSequence: number
  isTransactional: boolean
  /** What a control batch says of its producer's transaction; it has no records for readers. */
  marker?: 'abort' | 'other'
  records: LogRecord[]
}

/**
 * The whole batches of an answer: the last one may be cut off, since a broker sends as many bytes as it was asked for.
 * @throws MisfitError for a format or a compression that cannot be read
 */
export function readBatches(reader: ByteReader, topic: string, partition: number): FetchedBatch[] {
  const batches: FetchedBatch[] = []
  while (reader.rest >= 12) {
    const firstOffset = reader.int64()
    const size = reader.int32()
    if (reader.rest < size) break
    batches.push(readBatch(new ByteReader(reader.raw(size)), firstOffset, topic, partition))
  }
  return batches
}

function readBatch(reader: ByteReader, firstOffset: number, topic: string, partition: number): FetchedBatch {
  reader.int32()
  const format = reader.int8()
  if (format !== magic) throw new MisfitError(`expected record batches of format ${magic} in ${topic}/${partition} (Kafka 0.11 and later write it), got ${format}`)
  reader.int32()
  const attributes = reader.int16()
  const lastOffset = firstOffset + reader.int32()
  const firstTime = reader.int64()
  const lastTime = reader.int64()
  const batch: FetchedBatch = {
    firstOffset, lastOffset, producerId: reader.int64(), producerEpoch: reader.int16(), firstSequence: reader.int32(),
    isTransactional: (attributes & transactionalBit) !== 0, records: [],
  }
  const count = reader.int32()
  const records = decompressed(reader, attributes & codecBits, `${topic}/${partition}`)
  if ((attributes & controlBit) !== 0) {
    batch.marker = markerIn(records, count)
    return batch
  }
  const appendTime = (attributes & appendTimeBit) !== 0 ? lastTime : undefined
  for (let i = 0; i < count; i++) {
    const end = records.varint()
    const left = records.rest - end
    records.int8()
    const time = firstTime + records.varint()
    const offset = firstOffset + records.varint()
    const keySize = records.varint()
    const key = keySize < 0 ? null : records.utf8(keySize)
    const valueSize = records.varint()
    const value = valueSize < 0 ? null : records.plain(valueSize)
    // Headers, which nobody here asks for.
    records.raw(records.rest - left)
    batch.records.push({ topic, partition, offset, key, value, appendedAt: appendTime ?? time })
  }
  return batch
}

/** Control records' keys are (version, type), both int16; type 0 ends an aborted transaction (KIP-98). */
function markerIn(records: ByteReader, count: number): 'abort' | 'other' {
  if (count === 0) return 'other'
  records.varint()
  records.int8()
  records.varint()
  records.varint()
  const keySize = records.varint()
  return keySize >= 4 && records.raw(keySize).readInt16BE(2) === 0 ? 'abort' : 'other'
}

function decompressed(reader: ByteReader, codec: number, key: string): ByteReader {
  if (codec === 0) return reader
  if (codec === gzip) return new ByteReader(gunzipSync(reader.raw(reader.rest)))
  throw new MisfitError(`expected the records of ${key} to be uncompressed or compressed by gzip, got ${codecs[codec] ?? `codec ${codec}`}: ` +
    'set compression.type of their producers')
}
