import type { LogRecord } from '../log.ts'

/** A record as kafkajs decodes it from a fetch (`Broker.fetch` is typed `any`). */
export interface FetchedRecord {
  offset: string
  timestamp: string
  key: Buffer | null
  value: Buffer | null
  isControlRecord: boolean
  batchContext: {
    firstOffset: string
    producerId: string
    producerEpoch: number
    firstSequence: number
    inTransaction: boolean
  }
}

export interface FetchedPartition {
  partition: number
  highWatermark: string
  /** Records from here on belong to transactions that are still open. Absent in answers of brokers before 0.11. */
  lastStableOffset?: string
  abortedTransactions?: { producerId: string; firstOffset: string }[] | null
  messages: FetchedRecord[]
}

export interface FetchResponse {
  responses: { topicName: string; partitions: FetchedPartition[] }[]
}

/**
 * Appends to `into` what a reader at `position` is to see of one partition, and returns its next position, which lies behind
 * everything fetched: behind records of aborted transactions and control records too.
 */
export function decode(topic: string, fetched: FetchedPartition, position: number, into: LogRecord[]): number {
  const isAborted = abortedFilter(fetched.abortedTransactions ?? [])
  let next = position
  for (const record of fetched.messages) {
    const offset = Number(record.offset)
    const aborted = isAborted(record, offset)
    // A batch is fetched whole: its first records may lie before the position.
    if (offset < position) continue
    next = offset + 1
    if (aborted || record.isControlRecord) continue
    into.push({
      topic,
      partition: fetched.partition,
      offset,
      key: record.key === null ? null : record.key.toString('utf8'),
      value: record.value === null ? null : bytes(record.value),
      appendedAt: Number(record.timestamp),
    })
  }
  return next
}

/** A plain view: `Buffer` behaves differently from `Uint8Array` in places (`slice`), which users of the port must not meet. */
const bytes = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)

/** Control records' keys are (version, type), both int16; type 0 ends an aborted transaction (KIP-98). */
const isAbortMarker = (record: FetchedRecord): boolean => record.isControlRecord && record.key !== null && record.key.readInt16BE(2) === 0

/** Follows the aborted transactions through the records of one answer, which must be asked about in order. */
function abortedFilter(transactions: readonly { producerId: string; firstOffset: string }[]) {
  const upcoming = [...transactions].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset))
  const open = new Set<string>()
  return (record: FetchedRecord, offset: number): boolean => {
    if (transactions.length === 0) return false
    while (upcoming.length > 0 && offset >= Number(upcoming[0]!.firstOffset)) open.add(upcoming.shift()!.producerId)
    const { producerId, inTransaction } = record.batchContext
    if (!inTransaction || !open.has(producerId)) return false
    if (isAbortMarker(record)) open.delete(producerId)
    return true
  }
}
