/** What can be set of ingest. Times are in milliseconds. */
export interface IngestSettings {
  /** Consumer group whose members share the partitions. */
  group: string
  /** The most records that one round takes. Rounds grow to it only when ingest is behind. */
  maxRoundRecords: number
  /** Least time between the beginnings of two rounds when there is little to do: bounds what a trickle costs. */
  paceMs: number
  /** Records read ahead while a round is under way. */
  readAhead: number
  /** Time between the beginnings of two checkpoints of a shard. */
  checkpointIntervalMs: number
  /**
   * Bytes of checkpoint that are serialised after a full round, less after a smaller one: bounds what it adds to an event's latency.
   * A checkpoint of everything has to end before the log has grown by what is kept of it: a full round's records and what
   * comes of them take some 400 KB there.
   */
  checkpointChunkBytes: number
  /** Time between two commits of the group's offsets, which serve monitoring alone. */
  commitIntervalMs: number
  /** An index call that takes longer is given up and retried. */
  upsertTimeoutMs: number
  /**
   * How long a new owner of a partition waits for the former one's writes to be over, unless that one closed cleanly.
   * 0 where one process is all there is.
   */
  takeoverWaitMs: number
  /** The shortest time between two refreshes of an entity's metric copies in the index. */
  copyIntervalMs: number
  /** Texts per call of the embedder, and calls at the same time. */
  embedBatch: number
  embedConcurrency: number
  /** The most bytes of one append: stays under Kafka's default `message.max.bytes`. */
  maxAppendBytes: number
}

export const defaultIngestSettings: IngestSettings = {
  group: 'freshet-ingest',
  maxRoundRecords: 500,
  paceMs: 2,
  readAhead: 2_000,
  checkpointIntervalMs: 10_000,
  checkpointChunkBytes: 256 * 1024,
  commitIntervalMs: 2_000,
  upsertTimeoutMs: 1_500,
  takeoverWaitMs: 1_500,
  copyIntervalMs: 2_000,
  embedBatch: 32,
  embedConcurrency: 4,
  maxAppendBytes: 900_000,
}
