import { parsePartitionKey, partitionKey, type EventLog } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { Topics } from '../events/topics.ts'
import { BatchAssembler, type ChangeBatch } from '../ingest/change-reader.ts'
import { changesLane, comparePositions, type Cut } from './cut.ts'

/**
 * Batches of `changes` behind one cut up to another, which ends with whole batches, in the lanes of the latter; each with the number of
 * its items that `from` includes. A position without a sequence (of a time) begins with the first batch that begins there.
 */
export async function* changesFrom({ log, topics, from, to, signal }: {
  log: Pick<EventLog, 'read'>; topics: Topics; from: Cut; to: Cut; signal: AbortSignal
}): AsyncGenerator<{ batch: ChangeBatch; skip: number }, void> {
  const start: Record<string, number> = {}
  const end: Record<string, number> = {}
  const assemblers = new Map<number, BatchAssembler>()
  for (const [lane, last] of Object.entries(to)) {
    const position = from[lane]
    if (!position || comparePositions(position, last) >= 0) continue
    const shard = parsePartitionKey(lane).partition
    start[partitionKey(topics.changes, shard)] = position.next
    end[partitionKey(topics.changes, shard)] = last.next
    assemblers.set(shard, new BatchAssembler(position))
  }
  for await (const records of readUpTo(log, start, end, { signal }))
    for (const record of records) {
      const batch = assemblers.get(record.partition)?.push(record)
      const position = from[changesLane(record.partition)]
      if (batch) yield { batch, skip: position && position.skip > 0 && isInside(position, batch) ? position.skip : 0 }
    }
}

/** Whether a position with `skip` speaks of this batch. */
export const isInside = ({ next, sequence }: { next: number; sequence: number }, batch: ChangeBatch): boolean =>
  sequence >= 0 ? batch.sequence === sequence + 1 : batch.first === next
