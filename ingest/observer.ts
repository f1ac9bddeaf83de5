/** Milliseconds since the epoch. Passed in, so that tests decide what time it is. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

export interface Logger {
  info(message: string, details?: Readonly<Record<string, unknown>>): void
  warn(message: string, details?: Readonly<Record<string, unknown>>): void
  error(message: string, details?: Readonly<Record<string, unknown>>): void
}

export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/** What one round did, over all shards. */
export interface RoundStats {
  /** Events that changed something, counting those that reached us re-keyed. */
  applied: number
  duplicates: number
  late: number
  deadLetters: number
  parked: number
  /** Entities written to the index, behind the rounds as well. */
  indexWrites: number
}

export type SystemName = 'log' | 'index' | 'embedder' | 'subgraphs' | 'supergraph'

/** Whom ingest tells how it fares: the gateway makes metrics of it. Every call must return at once. */
export interface IngestObserver {
  round(stats: RoundStats): void
  /** Ms between an event's append and the moment a query first answered with it. */
  dataLatency(ms: number): void
  /** Records that are in the log but not yet applied, over the partitions that this process owns. */
  lag(records: number): void
  /** A system failed; the same work is tried again after `retryInMs`, for ever. */
  systemFailed(failure: { system: SystemName; what: string; attempt: number; error: unknown; retryInMs: number }): void
  systemRecovered(recovery: { system: SystemName; what: string; attempts: number }): void
  checkpoint(checkpoint: { shard: number; number: number; entities: number; bytes: number; ms: number }): void
  /** `replayed`: events that were applied again in silence to get there. */
  shardTaken(taken: { shard: number; epoch: number; replayed: number; ms: number }): void
  shardReleased(released: { shard: number; epoch: number; cleanly: boolean }): void
}

export const silentObserver: IngestObserver = {
  round: () => {},
  dataLatency: () => {},
  lag: () => {},
  systemFailed: () => {},
  systemRecovered: () => {},
  checkpoint: () => {},
  shardTaken: () => {},
  shardReleased: () => {},
}
