import type { LogRecord } from '../log.ts'
import type { FetchedPartition } from './wire/fetch.ts'
import type { FetchedBatch } from './wire/record-batch.ts'

/**
 * Appends to `into` what a reader at `position` is to see of one partition, and returns its next position, which lies behind
 * everything fetched: behind records of aborted transactions and control records too.
 */
export function collect({ batches, abortedTransactions }: FetchedPartition, position: number, into: LogRecord[]): number {
  const isAborted = abortedFilter(abortedTransactions)
  let next = position
  for (const batch of batches) {
    const aborted = isAborted(batch)
    // A batch is fetched whole: its first records may lie before the position, and compaction keeps its end.
    if (batch.lastOffset < position) continue
    next = batch.lastOffset + 1
    if (aborted) continue
    for (const record of batch.records) if (record.offset >= position) into.push(record)
  }
  return next
}

/** Follows the aborted transactions through the batches of one answer, which must be asked about in order. */
function abortedFilter(transactions: FetchedPartition['abortedTransactions']): (batch: FetchedBatch) => boolean {
  const upcoming = [...transactions].sort((a, b) => a.firstOffset - b.firstOffset)
  const open = new Set<number>()
  return ({ lastOffset, producerId, isTransactional, marker }) => {
    if (transactions.length === 0) return false
    while (upcoming.length > 0 && lastOffset >= upcoming[0]!.firstOffset) open.add(upcoming.shift()!.producerId)
    if (!isTransactional || !open.has(producerId)) return false
    if (marker === 'abort') open.delete(producerId)
    return true
  }
}
