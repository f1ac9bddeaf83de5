import type { Telemetry } from '../gateway/telemetry.ts'
import { silentObserver, type IngestObserver } from '../ingest/observer.ts'

/** Ingest's reports as metrics. */
/** @param measures false where a gateway in the same process measures data latency and lag itself: one hand per metric */
export function ingestObserver(telemetry: Telemetry, { measures }: { measures: boolean }): IngestObserver {
  return {
    ...silentObserver,
    round: ({ applied, duplicates, late, deadLetters, parked }) => {
      telemetry.events.inc({ outcome: 'applied' }, applied)
      telemetry.events.inc({ outcome: 'duplicate' }, duplicates)
      telemetry.events.inc({ outcome: 'late' }, late)
      telemetry.events.inc({ outcome: 'rejected' }, deadLetters)
      telemetry.events.inc({ outcome: 'parked' }, parked)
    },
    dataLatency: (ms) => {
      if (measures) telemetry.dataLatency.observe(Math.max(0, ms) / 1000)
    },
    lag: (records) => {
      if (measures) telemetry.ingestLag.set(records)
    },
    systemFailed: ({ system }) => telemetry.systemFailures.inc({ system }),
  }
}
