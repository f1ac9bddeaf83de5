import { partitionKey, type Appended, type NewRecord } from '../log.ts'
import { partitionOf } from '../topics.ts'

/** One `append`, until it is settled. */
export interface Call {
  readonly records: readonly NewRecord[]
  /** The partition of each record. */
  readonly partitions: readonly number[]
  readonly bytes: number
  readonly placed: Appended[]
  /** Why the brokers refused a part of it. */
  refusal: Error | undefined
  resolve(appended: Appended[]): void
  reject(error: Error): void
}

/** What goes into one partition at once: one Kafka record batch, which is appended as a whole or not at all. */
export interface Batch {
  readonly key: string
  readonly topic: string
  readonly partition: number
  readonly records: { call: Call; index: number }[]
  /** Numbers the batch for the broker, which drops it when it comes again (KIP-98). Absent until it is first sent. */
  firstSequence: number | undefined
  /** When it was last sent, ms since the epoch. */
  sentAt: number
}

/** Where the log holds a batch. */
export interface Placed {
  baseOffset: number
  appendedAt: number
}

/** A record's own framing (lengths, deltas), generously. */
const recordOverhead = 32
/** Kafka's batch header. */
const batchOverhead = 61

const sizeOf = ({ key, value }: NewRecord): number =>
  recordOverhead + (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key))

/**
 * Decides each record's partition.
 * @throws RangeError when it has none, or when the records for one partition do not fit into one batch
 */
export function place(records: readonly NewRecord[], count: number, maxBatchBytes: number): { partitions: number[]; bytes: number } {
  const sizes = new Map<string, number>()
  let bytes = 0
  const partitions = records.map((record) => {
    const { topic, key } = record
    const partition = record.partition ?? (key === null ? undefined : partitionOf(key, count))
    if (partition === undefined || !Number.isInteger(partition) || partition < 0 || partition >= count) {
      throw new RangeError(`expected a record of ${topic} to have a key or a partition from 0 to ${count - 1}, got ${partition}`)
    }
    const size = sizeOf(record)
    const name = partitionKey(topic, partition)
    const total = (sizes.get(name) ?? batchOverhead) + size
    if (total > maxBatchBytes) {
      throw new RangeError(`expected one append to hold at most ${maxBatchBytes} bytes for ${name}, got more: append in parts`)
    }
    sizes.set(name, total)
    bytes += size
    return partition
  })
  return { partitions, bytes }
}

/** The records of some calls by partition, in order. */
export function batchesOf(calls: readonly Call[]): Batch[] {
  const batches = new Map<string, Batch>()
  for (const call of calls) {
    call.records.forEach((record, index) => {
      const partition = call.partitions[index]!
      const key = partitionKey(record.topic, partition)
      let batch = batches.get(key)
      if (!batch) batches.set(key, batch = { key, topic: record.topic, partition, records: [], firstSequence: undefined, sentAt: 0 })
      batch.records.push({ call, index })
    })
  }
  return [...batches.values()]
}
