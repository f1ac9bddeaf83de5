import { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { assertNoError } from './protocol-error.ts'
import { readBatches, type FetchedBatch } from './record-batch.ts'

/** Version 4, which every broker since 0.11 takes, those of version 4 included (KIP-896). */
export const fetchApi = { apiKey: 1, apiName: 'Fetch', apiVersion: 4 } as const

export interface FetchRequest {
  isolation: 'read committed' | 'read uncommitted'
  /** How long the broker may hold an empty answer back, ms. */
  maxWait: number
  maxBytes: number
  /** Where an answer has no room for all, the first come first. */
  partitions: readonly { topic: string; partition: number; offset: number; maxBytes: number }[]
}

export interface FetchedPartition {
  topic: string
  partition: number
  highWatermark: number
  /** Records from here on belong to transactions that are still open; −1 where the broker does not say. */
  lastStableOffset: number
  abortedTransactions: { producerId: number; firstOffset: number }[]
  /** Size of the batches in the answer. */
  bytes: number
  batches: FetchedBatch[]
}

export function writeFetch(into: ByteWriter, { isolation, maxWait, maxBytes, partitions }: FetchRequest): void {
  // No replica, but a consumer.
  into.int32(-1)
  into.int32(maxWait)
  // One byte is enough for an answer.
  into.int32(1)
  into.int32(maxBytes)
  into.int8(isolation === 'read committed' ? 1 : 0)
  const topics = Map.groupBy(partitions, ({ topic }) => topic)
  into.int32(topics.size)
  for (const [topic, parts] of topics) {
    into.string(topic)
    into.int32(parts.length)
    for (const { partition, offset, maxBytes: most } of parts) {
      into.int32(partition)
      into.int64(offset)
      into.int32(most)
    }
  }
}

/** @throws KafkaProtocolError when a partition was refused */
export function readFetched(answer: ByteReader): FetchedPartition[] {
  // How long the broker held the answer back for a quota.
  answer.int32()
  return answer.array(() => {
    const topic = answer.string()
    return answer.array((): FetchedPartition => {
      const partition = answer.int32()
      assertNoError(answer.int16(), topic, partition)
      const highWatermark = answer.int64()
      const lastStableOffset = answer.int64()
      const abortedTransactions = answer.array(() => ({ producerId: answer.int64(), firstOffset: answer.int64() }))
      const bytes = Math.max(answer.int32(), 0)
      const batches = bytes === 0 ? [] : readBatches(new ByteReader(answer.raw(bytes)), topic, partition)
      return { topic, partition, highWatermark, lastStableOffset, abortedTransactions, bytes, batches }
    })
  }).flat()
}
