import type { EventLog } from '../events/log.ts'
import type { EventSource } from '../federation/index.ts'
import { logInTime } from './log-in-time.ts'

export interface LogEventSourceOptions {
  /** How long the log may take to say where its topics end, or to keep an event, ms. */
  timeoutMs?: number
}

/** The most records that one event loop's turn hands out. */
const maxRecords = 500

/**
 * Feeds SDL-declared subscriptions from the event log, and publishes to it. Topics have to exist, with the log's own
 * count of partitions where events with keys are published.
 */
export function logEventSource(log: EventLog, { timeoutMs = 10_000 }: LogEventSourceOptions = {}): EventSource {
  let published = 0
  return {
    async subscribe(topics, signal) {
      // The ends are fixed before anybody is told that the topics are read: nothing falls in between.
      const from = await logInTime(log.ends(topics), timeoutMs, signal)
      return log.read({ from, signal, maxRecords })
    },
    async publish(topic, { key, value }) {
      // Without a key there is no order to keep, so the partitions take turns.
      const place = key === null ? { key, partition: published++ % log.partitions } : { key }
      await log.append([{ topic, value, ...place }], { signal: AbortSignal.timeout(timeoutMs) })
    },
  }
}

/** Creates the topics that are not there yet. Brokers may know some already, with any count of partitions: those are left. */
export async function ensureEventTopics(log: EventLog, topics: readonly string[]): Promise<void> {
  await Promise.all([...new Set(topics)].map((name) => log.ends([name]).catch(() => log.ensureTopics([{ name }]))))
}
