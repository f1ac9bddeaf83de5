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
/** Pauses that are not told of one by one, ms together. */
const quietMs = 10_000

/** Says of repeated attempts at something how they fare: the first that fails, then one every ten seconds. The pause between them doubles from 50 ms to 5 s. */
export class Attempts {
  readonly #options: Pick<PersistOptions, 'system' | 'what' | 'logger' | 'metrics'>
  readonly #quietMs: number
  #failed = 0
  /** Paused since the last line, ms. */
  #paused = 0

  /** @param atATime how many may be made at the same time: their pauses overlap */
  constructor(options: Pick<PersistOptions, 'system' | 'what' | 'logger' | 'metrics'>, atATime = 1) {
    this.#options = options
    this.#quietMs = quietMs * atATime
  }

  succeeded(): void {
    if (this.#failed === 0) return
    const { system, what, logger, metrics } = this.#options
    const attempts = this.#failed + 1
    this.#failed = 0
    metrics.systemRecovered({ system, what, attempts })
    logger.info(`the ${system} works again`, { what, attempts })
  }

  /** After how long to try again, ms. */
  failed(error: unknown): number {
    const { system, what, logger, metrics } = this.#options
    const retryInMs = Math.min(firstDelayMs * 2 ** this.#failed, longestDelayMs)
    const attempt = ++this.#failed
    metrics.systemFailed({ system, what, attempt, error, retryInMs })
    if (attempt === 1 || this.#paused >= this.#quietMs) {
      this.#paused = 0
      logger.warn(`the ${system} failed, trying again`, {
        what, attempt, retryInMs, error: error instanceof Error ? error.message : String(error),
      })
    }
    this.#paused += retryInMs
    return retryInMs
  }
}

/**
 * Does the work until it succeeds: a failing system is never the event's fault, so nothing is dropped for it. Throws when
 * the signal is aborted (with the signal's reason), and what is not the system's failure.
 *
 * @param attempts shared by those who do the same at the same time: one outage is told once, whoever of them meets it
 */
export async function persist<T>(options: PersistOptions, work: () => Promise<T>, attempts = new Attempts(options)): Promise<T> {
  const { signal, isSystems = () => true } = options
  for (;;) {
    signal.throwIfAborted()
    try {
      const result = await work()
      attempts.succeeded()
      return result
    } catch (error) {
      signal.throwIfAborted()
      if (!isSystems(error)) throw error
      // Its own error would hide the reason.
      await delay(attempts.failed(error), undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
