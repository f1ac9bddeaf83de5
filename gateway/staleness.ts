import { isTimeout, withTimeLimit } from '../events/abort.ts'
import { parsePartitionKey, type EventLog, type Positions } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { MetricView } from '../search/metrics.ts'
import { allApplied } from './all-applied.ts'
import { logInTime } from './log-in-time.ts'

export interface StalenessOptions {
  log: Pick<EventLog, 'ends' | 'read'>
  /** What ingest reads. */
  topics: readonly string[]
  view: Pick<MetricView, 'covered' | 'waitFor'>
  /** Milliseconds since the epoch. */
  clock: () => number
  /** How long the log may take to answer, ms. */
  timeoutMs?: number
}

/** Effects that events have on others are applied some rounds of ingest later, ms. */
const rekeyedMs = 250

/** The log was asked at `askedAt` and ended at `ends`. */
interface Probe {
  askedAt: number
  ends: Positions
}

/**
 * How far the answers of this gateway are behind the log: the age of the oldest record that is appended and not yet applied.
 * It is measured only when somebody asks, and not at all while what is known is fresh enough.
 */
export class Staleness {
  readonly #options: StalenessOptions
  /** Everything that was appended up to this moment is applied, ms; known from questions that were asked later. */
  #appliedUpTo = -Infinity
  #asking: { since: number; probe: Promise<Probe> } | undefined

  constructor(options: StalenessOptions) {
    this.#options = options
  }

  /** At most how stale an answer is, as far as was measured, ms; infinite before the first measurement. */
  get bound(): number {
    return Math.max(0, this.#options.clock() - this.#appliedUpTo)
  }

  /**
   * Whether everything is applied that was appended up to a moment (ms since the epoch, not to come) and before this call; measured
   * anew only where that is not known already.
   * @throws Error when the log does not answer in time
   */
  async has(moment: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#appliedUpTo >= moment) return true
    const probe = await this.#probe(signal)
    return await this.#measure(probe, signal) >= moment
  }

  /**
   * Resolves once everything is applied that was appended up to a moment and before this call; rejects with the signal's reason.
   * @throws Error when the log does not answer in time
   */
  async reach(moment: number, signal: AbortSignal): Promise<void> {
    if (await this.has(moment, signal)) return
    const { log, view } = this.#options
    const { askedAt, ends } = await this.#probe(signal)
    await allApplied(log, view, ends, signal)
    this.#know(askedAt)
  }

  /**
   * The ends of what ingest reads, whether or not it may read up to there yet; asked by this call and no earlier one.
   * @throws Error when the log does not answer in time
   */
  async ends(signal?: AbortSignal): Promise<Positions> {
    const { log, topics, timeoutMs = 5_000 } = this.#options
    return logInTime(log.ends(topics, { uncommitted: true }), timeoutMs, signal)
  }

  /** The ends of the log, asked after this call began: all who ask in one turn share the question. */
  #probe(signal?: AbortSignal): Promise<Probe> {
    const { log, topics, clock, timeoutMs = 5_000 } = this.#options
    const now = clock()
    if (this.#asking?.since !== now) {
      const asking = { since: now, probe: log.ends(topics).then((ends) => ({ askedAt: now, ends })) }
      asking.probe.catch(() => {}).finally(() => {
        if (this.#asking === asking) this.#asking = undefined
      })
      this.#asking = asking
    }
    return logInTime(this.#asking.probe, timeoutMs, signal)
  }

  /** Up to when everything is applied that these ends hold. */
  async #measure({ askedAt, ends }: Probe, signal?: AbortSignal): Promise<number> {
    const covered = this.#options.view.covered()
    if (!await this.#isWhole(covered, ends, signal)) return this.#appliedUpTo
    const open = Object.keys(ends).filter((key) => (covered[key] ?? 0) < (ends[key] ?? 0))
    const firsts = await Promise.all(open.map((key) => this.#firstAt(key, covered[key] ?? 0, ends[key] ?? 0, signal)))
    const missing = firsts.filter((appendedAt) => appendedAt !== undefined)
    if (missing.length > 0) return this.#know(Math.min(...missing))
    this.#know(askedAt)
    return askedAt
  }

  /** Whether what is covered of these ends is applied with all that it re-keyed, which may stand behind them: waited for, but not for long. */
  async #isWhole(covered: Positions, ends: Positions, signal?: AbortSignal): Promise<boolean> {
    const known = Object.fromEntries(Object.entries(ends).map(([key, end]) => [key, Math.min(end, covered[key] ?? 0)]))
    try {
      await withTimeLimit(signal, rekeyedMs, (limited) => this.#options.view.waitFor(known, limited))
      return true
    } catch (error) {
      signal?.throwIfAborted()
      if (!isTimeout(error)) throw error
      return false
    }
  }

  /** When the first record from this offset on was appended, ms; undefined where there is none: a log also counts what it gives to nobody. */
  async #firstAt(key: string, offset: number, end: number, signal?: AbortSignal): Promise<number | undefined> {
    const { log, timeoutMs = 5_000 } = this.#options
    return withTimeLimit(signal, timeoutMs, async (limited) => {
      for await (const [record] of readUpTo(log, { [key]: offset }, { [key]: end }, { signal: limited, maxRecords: 1 })) return record?.appendedAt
      signal?.throwIfAborted()
      if (limited.aborted) throw new Error(`The log did not give ${parsePartitionKey(key).topic} within ${timeoutMs} ms.`)
      return undefined
    })
  }

  /** Everything that was appended before a moment is applied; within the same millisecond more may have been. */
  #know(moment: number): number {
    this.#appliedUpTo = Math.max(this.#appliedUpTo, moment - 1)
    return moment - 1
  }
}
