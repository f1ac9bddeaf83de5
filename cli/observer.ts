import type { Telemetry } from '../gateway/telemetry.ts'
import { silentObserver, type IngestObserver, type SystemName } from '../ingest/observer.ts'

export interface ObservedIngest {
  observer: IngestObserver
  /** `ready` while it owns partitions and no system is away; else what is being waited for. */
  status: () => string
  /** Resolves when the first partition is owned. */
  owning: Promise<void>
}

/**
 * Ingest's reports as metrics and health.
 * @param measures false where a gateway in the same process measures data latency, lag and dead letters itself: one hand per metric
 */
export function observeIngest(telemetry: Telemetry, { measures }: { measures: boolean }): ObservedIngest {
  const owning = Promise.withResolvers<void>()
  const shards = new Set<number>()
  /** What failed last and has not worked since. */
  const failing = new Map<string, SystemName>()
  const observer: IngestObserver = {
    ...silentObserver,
    round: ({ applied, duplicates, late, deadLetters, parked, indexWrites }) => {
      telemetry.events.inc({ outcome: 'applied' }, applied)
      telemetry.events.inc({ outcome: 'duplicate' }, duplicates)
      telemetry.events.inc({ outcome: 'late' }, late)
      telemetry.events.inc({ outcome: 'rejected' }, deadLetters)
      telemetry.events.inc({ outcome: 'parked' }, parked)
      telemetry.indexWrites.inc(indexWrites)
      if (measures) telemetry.deadLetters.inc(deadLetters)
    },
    dataLatency: (ms) => {
      if (measures) telemetry.dataLatency.observe(Math.max(0, ms) / 1000)
    },
    lag: (records) => {
      if (measures) telemetry.ingestLag.set(records)
    },
    systemFailed: ({ system, what }) => {
      failing.set(`${system} ${what}`, system)
      telemetry.systemFailures.inc({ system })
    },
    systemRecovered: ({ system, what }) => void failing.delete(`${system} ${what}`),
    shardTaken: ({ shard }) => {
      // What a former ownership was waiting for when it was taken away is nobody's concern any more.
      if (shards.size === 0) failing.clear()
      shards.add(shard)
      telemetry.partitions.set(shards.size)
      owning.resolve()
    },
    shardReleased: ({ shard }) => {
      shards.delete(shard)
      telemetry.partitions.set(shards.size)
    },
  }
  return {
    observer,
    owning: owning.promise,
    status: () => {
      const [away] = failing.values()
      return away ? `waiting for the ${away}` : shards.size === 0 ? 'waiting for partitions' : 'ready'
    },
  }
}
