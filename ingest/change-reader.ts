import { parsePartitionKey } from '../events/log.ts'
import type { EventLog, LogRecord, Positions } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { ChangeRecord, EntityChanged, MetricsChanged, Progress } from './changes.ts'

/** One batch of a shard, complete: what was applied together and announced together. */
export interface ChangeBatch {
  shard: number
  epoch: number
  sequence: number
  entities: readonly EntityChanged[]
  metrics: readonly MetricsChanged[]
  progress: Progress
  /** Offset of its first record on `changes`. */
  first: number
  /** Where the shard's next batch begins on `changes`: a position to go on from. */
  next: number
  /** Of its records on the log. */
  bytes: number
}

/**
 * Puts the records of one partition of `changes` together into batches: a repeated sequence, an older epoch and a batch
 * that was never ended (its owner died, or the reading began inside it) give nothing.
 */
export class BatchAssembler {
  #epoch: number
  /** Of the last batch that was given. */
  #sequence: number
  #givenBy: number
  #pending: { sequence: number; first: number; bytes: number; records: ChangeRecord[] } | null = null

  /** `seen`: the last batch that the reader has dealt with. */
  constructor(seen: { epoch: number; sequence: number } = { epoch: -1, sequence: -1 }) {
    this.#epoch = this.#givenBy = seen.epoch
    this.#sequence = seen.sequence
  }

  /** The batch that this record completes, or null. */
  push(record: LogRecord): ChangeBatch | null {
    const change = parseChange(record)
    if (!change || change.epoch < this.#epoch) return null
    if (change.epoch > this.#epoch) {
      this.#epoch = change.epoch
      this.#pending = null
    }
    if (change.type === 'Progress' && change.ownership !== undefined) return null
    // Where the reading began behind a claim, what an older epoch wrote after it was not known for that: it hides nothing that counts.
    if (change.sequence <= this.#sequence && change.epoch === this.#givenBy) return null
    if (this.#pending?.sequence !== change.sequence)
      this.#pending = { sequence: change.sequence, first: record.offset, bytes: 0, records: [] }
    const pending = this.#pending
    const { records } = pending
    if (change.index < records.length) return null
    if (change.index > records.length) {
      this.#pending = null
      return null
    }
    records.push(change)
    pending.bytes += record.value?.byteLength ?? 0
    if (change.type !== 'Progress') return null
    this.#pending = null
    this.#sequence = change.sequence
    this.#givenBy = change.epoch
    return {
      shard: change.shard,
      epoch: change.epoch,
      sequence: change.sequence,
      entities: records.filter((each) => each.type === 'EntityChanged'),
      metrics: records.filter((each) => each.type === 'MetricsChanged'),
      progress: change,
      first: pending.first,
      next: record.offset + 1,
      bytes: pending.bytes,
    }
  }
}

/** A change record of the log, or null where the record is none (a tombstone, or a foreign hand). */
export function parseChange(record: LogRecord): ChangeRecord | null {
  if (record.value === null) return null
  const change: unknown = JSON.parse(utf8.decode(record.value))
  return typeof change === 'object' && change !== null && 'sequence' in change ? (change as ChangeRecord) : null
}

const utf8 = new TextDecoder()

export interface ReadChangesOptions {
  log: EventLog
  topics: Topics
  /** A position for every partition of `changes` that is to be read; a batch's `next` is one. */
  from: Positions
  /** Ends the iteration cleanly. */
  signal: AbortSignal
  /** By shard, the last batch already dealt with, so that its repetition is recognised. */
  seen?: ReadonlyMap<number, { epoch: number; sequence: number }>
}

/**
 * Reads `changes`: complete batches, in order within a shard, each exactly once. Memory is bounded by one batch a shard.
 * Starting inside a batch skips to the next one.
 */
export async function* readChanges({ log, topics, from, signal, seen }: ReadChangesOptions): AsyncGenerator<ChangeBatch> {
  const assemblers = new Map<number, BatchAssembler>()
  for (const key of Object.keys(from)) {
    const { topic, partition } = parsePartitionKey(key)
    if (topic !== topics.changes) throw new RangeError(`expected positions of ${topics.changes}, got ${key}`)
    assemblers.set(partition, new BatchAssembler(seen?.get(partition)))
  }
  for await (const records of log.read({ from, signal }))
    for (const record of records) {
      const batch = assemblers.get(record.partition)?.push(record)
      if (batch) yield batch
    }
}
