/**
 * The event log: partitioned, ordered, durable. The port that the embedded adapter (`sqlite.ts`) and the Kafka adapter
 * (`kafka.ts`) both fulfil; one contract suite runs on both.
 *
 * A reader pulls and is never pushed to, so back-pressure needs no mechanism of its own.
 */

/**
 * Where a reader stands: for `topic/partition` the offset of the next record to read (an exclusive end, as in Kafka's
 * committed offsets). Plain JSON, so that it can travel in checkpoints, progress records, tokens and cursors.
 */
export type Positions = Readonly<Record<string, number>>

/** The key of one partition in `Positions`. */
export const partitionKey = (topic: string, partition: number): string => `${topic}/${partition}`

/** The inverse of `partitionKey`. Topic names hold no slash (Kafka's own rule). */
export function parsePartitionKey(key: string): { topic: string; partition: number } {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}

export interface NewRecord {
  topic: string
  /** Decides the partition by `partitionOf` (events/topics.ts), unless `partition` is given. `null` needs `partition`. */
  key: string | null
  partition?: number
  /** `null` is a tombstone: in a compacted topic it removes the key. */
  value: Uint8Array | null
}

export interface LogRecord {
  topic: string
  partition: number
  /** Rises within a partition; gaps are possible (compaction, transactions). */
  offset: number
  key: string | null
  value: Uint8Array | null
  /** Append time in milliseconds since the epoch: the log's own clock, the reference for lateness. Never falls within a partition. */
  appendedAt: number
}

export interface Appended {
  topic: string
  partition: number
  offset: number
  appendedAt: number
}

export interface TopicSpec {
  name: string
  /** Keep only the latest record of each key (Kafka's `cleanup.policy=compact`). */
  compacted?: boolean
  /** How long records stay, in milliseconds; absent: for ever. */
  retentionMs?: number
}

export interface ReadOptions {
  /** One entry for every partition to read; a position before the retained start begins at the start. */
  from: Positions
  /** Ends the iteration cleanly (it returns, it does not throw). */
  signal: AbortSignal
  /** The most records in one batch. Default 1,000. */
  maxRecords?: number
  /**
   * Told, once the batches before were used, where the reader stands when it has passed offsets that hold nothing to give out:
   * ends of transactions, aborted ones, what compaction has removed. `ends` counts those, so who waits for it needs this.
   */
  onPassed?(positions: Positions): void
}

/** What one member of a group owns, until `signal` is aborted. */
export interface Assignment {
  /** Rises with every assignment of the group. Use it only together with the epoch found in the log itself. */
  epoch: number
  /** The owned partition numbers: number n of EVERY topic of the group (our assigner), sorted. */
  partitions: readonly number[]
  /** Aborted when the partitions are revoked, the member leaves or the log is closed. */
  signal: AbortSignal
  /** Committed positions of the owned partitions; a partition without a commit is absent. */
  committed: Positions
  /** Batches in log order within each partition. Call it once per assignment. Ends when `signal` (either one) is aborted. */
  read(options: ReadOptions): AsyncIterable<LogRecord[]>
  /** Stores positions for monitoring and lag. Correctness never depends on it (checkpoints do that). */
  commit(positions: Positions): Promise<void>
}

export interface JoinOptions {
  group: string
  topics: readonly string[]
  /** Leaves the group and ends the iteration. */
  signal: AbortSignal
}

/** Every call that names a topic which nobody has created throws `NoSuchTopicError`. */
export interface EventLog {
  /** Identity of this log's data (cluster id, or an id made when the file was created): positions of another log are void. */
  readonly id: string
  /** One count for every topic that Freshet creates. */
  readonly partitions: number

  /** Creates what is missing; leaves what exists, and refuses an existing topic whose partition count differs. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<void>

  /**
   * Appends in the order given and resolves, in the same order, once durable. All records of one call that fall into
   * one partition of one topic are appended atomically and contiguously. While the log is away it waits and retries until
   * `signal` is aborted; it then throws `LogUnavailableError`, and what was not acknowledged may or may not be there.
   */
  append(records: readonly NewRecord[], options?: { signal?: AbortSignal }): Promise<Appended[]>

  /** Reads without a group, from positions, for ever: batches as they come, never empty. Ends when the signal is aborted. */
  read(options: ReadOptions): AsyncIterable<LogRecord[]>

  /** First retained offset of every partition of these topics. */
  starts(topics: readonly string[]): Promise<Positions>
  /**
   * End (next offset to be written) of every partition of these topics.
   * @param options.uncommitted behind the records of open transactions, too, which other producers may have and no reader passes
   */
  ends(topics: readonly string[], options?: { uncommitted?: boolean }): Promise<Positions>
  /** First position with `appendedAt >= time` (ms) of every partition; the end where there is none. */
  positionsAt(topics: readonly string[], time: number): Promise<Positions>

  /** Joins a group: yields an assignment after each rebalance, also an empty one. The former's signal is aborted first. */
  join(options: JoinOptions): AsyncIterable<Assignment>

  close(): Promise<void>
}

/** The log cannot be reached, or was closed. Never the event's fault. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError'
  readonly code = 'LOG_UNAVAILABLE'
}

/** Nobody has created this topic: unlike a log that is away, waiting mends nothing. */
export class NoSuchTopicError extends Error {
  override readonly name = 'NoSuchTopicError'
  readonly code = 'NO_SUCH_TOPIC'
  readonly topic: string

  constructor(topic: string) {
    super(`There is no topic '${topic}' in the event log. Create it first (ensureTopics).`)
    this.topic = topic
  }
}

/** Everything that the positions cover (position by position, the greater one). */
export function mergePositions(...all: readonly Positions[]): Positions {
  const merged: Record<string, number> = {}
  for (const positions of all)
    for (const [key, offset] of Object.entries(positions)) merged[key] = Math.max(merged[key] ?? 0, offset)
  return merged
}

/** Whether `covered` has reached every position of `wanted`. */
export const covers = (covered: Positions, wanted: Positions): boolean =>
  Object.entries(wanted).every(([key, offset]) => (covered[key] ?? 0) >= offset)
