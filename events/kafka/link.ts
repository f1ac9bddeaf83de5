import { setTimeout as delay } from 'node:timers/promises'
import { LogUnavailableError } from '../log.ts'
import { Connection, type ClientSettings, type Logger } from './client.ts'
import { describeFailure, isPermanent } from './failures.ts'

/** Says once that the brokers are away, and once that they are back, over all links of a log. */
export class Availability {
  readonly #brokers: string
  readonly #logger: Logger
  readonly #now: () => number
  readonly #failing = new Set<object>()
  #since = 0

  constructor(brokers: readonly string[], logger: Logger, now: () => number) {
    this.#brokers = brokers.join(', ')
    this.#logger = logger
    this.#now = now
  }

  failing(who: object, error: unknown): void {
    if (this.#failing.size === 0) {
      this.#since = this.#now()
      this.#logger.warn(`Kafka (${this.#brokers}) is not available; trying again until it is`, { reason: describeFailure(error) })
    }
    this.#failing.add(who)
  }

  working(who: object): void {
    if (!this.#failing.delete(who) || this.#failing.size > 0) return
    this.#logger.info(`Kafka (${this.#brokers}) is available again`, { awayMs: this.#now() - this.#since })
  }

  /** Forgets a link that is no longer used: it cannot say that it works again. */
  forget(who: object): void {
    this.#failing.delete(who)
  }
}

const longestPause = 1_000

/** A connection that is replaced when it breaks. What fails is tried again until it works, is refused, or is given up. */
export class Link {
  readonly #settings: ClientSettings
  readonly #availability: Availability
  #connection: Promise<Connection> | undefined
  readonly #closed = new AbortController()

  constructor(settings: ClientSettings, availability: Availability) {
    this.#settings = settings
    this.#availability = availability
  }

  /**
   * @param work may be called many times, each time with a connection that was not seen to fail
   * @param isFinal failures that are thrown as they are, because asking again cannot mend them
   * @throws LogUnavailableError when `signal` is aborted
   */
  async run<T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>, isFinal = isPermanent): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted || this.#closed.signal.aborted) throw new LogUnavailableError('the event log was closed, or its user gave up, while Kafka was asked')
      const connection = this.#connection ??= Connection.open(this.#settings, this.#closed.signal)
      try {
        const result = await work(await connection)
        this.#availability.working(this)
        return result
      } catch (error) {
        // A refusal says nothing against the connection, which others may be using.
        if (!isPermanent(error)) this.#drop(connection)
        if (this.#closed.signal.aborted || signal.aborted) continue
        if (isFinal(error)) throw error
        // A connection that was closed while it idled is no news: only a second failure in a row is.
        if (attempt > 0) this.#availability.failing(this, error)
        await pause(attempt, signal)
      }
    }
  }

  /** Ends what is in flight. */
  close(): void {
    this.#closed.abort()
    if (this.#connection) this.#drop(this.#connection)
    this.#availability.forget(this)
  }

  #drop(connection: Promise<Connection>): void {
    if (this.#connection === connection) this.#connection = undefined
    void connection.then((opened) => opened.close(), () => {})
  }
}

/** 25 ms, doubled each time up to 1 s; shorter when the signal is aborted. */
export async function pause(attempt: number, signal: AbortSignal): Promise<void> {
  await delay(Math.min(25 * 2 ** attempt, longestPause), undefined, { signal }).catch(() => {})
}

