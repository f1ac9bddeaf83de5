import { setTimeout as delay } from 'node:timers/promises'
import type { IngestObserver, Logger, SystemName } from './observer.ts'

export interface PersistOptions {
  system: SystemName
  /** For the log line: `writing to the index`. */
  what: string
  signal: AbortSignal
  logger: Logger
  metrics: IngestObserver
  /** Which failures are the system's. Default: all of them. Others are thrown. */
  isSystems?(error: unknown): boolean
}

const firstDelayMs = 50
const longestDelayMs = 5_000

/**
 * Does the work until it succeeds: a failing system is never the event's fault, so nothing is dropped for it. The pause
 * doubles from 50 ms to 5 s. Throws when the signal is aborted (with the signal's reason), and what is not the system's failure.
 */
export async function persist<T>(options: PersistOptions, work: () => Promise<T>): Promise<T> {
  const { system, what, signal, logger, metrics, isSystems = () => true } = options
  for (let attempt = 1, retryInMs = firstDelayMs; ; attempt++, retryInMs = Math.min(retryInMs * 2, longestDelayMs)) {
    signal.throwIfAborted()
    try {
      const result = await work()
      if (attempt > 1) {
        metrics.systemRecovered({ system, what, attempts: attempt })
        logger.info(`the ${system} works again`, { what, attempts: attempt })
      }
      return result
    } catch (error) {
      signal.throwIfAborted()
      if (!isSystems(error)) throw error
      metrics.systemFailed({ system, what, attempt, error, retryInMs })
      logger.warn(`the ${system} failed, trying again`, {
        what, attempt, retryInMs, error: error instanceof Error ? error.message : String(error),
      })
      // Its own error would hide the reason.
      await delay(retryInMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
