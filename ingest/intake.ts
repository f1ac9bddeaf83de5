import type { LogRecord } from '../events/log.ts'

/**
 * Reads ahead while a round is under way, so that the next round takes all that has come meanwhile: rounds are as small
 * as one record when idle and grow by themselves when ingest is behind, without lingering.
 */
export class Intake {
  readonly #limit: number
  readonly #queue: LogRecord[][] = []
  #waiting = 0
  #ended = false
  #failure: unknown
  #wakeTaker: (() => void) | null = null
  #wakeReader: (() => void) | null = null
  #woken = false

  constructor(source: AsyncIterable<LogRecord[]>, limit: number) {
    this.#limit = limit
    void this.#pull(source)
  }

  /** Records that wait for a round. */
  get waiting(): number {
    return this.#waiting
  }

  /** Whether the source has ended and everything was taken. */
  get ended(): boolean {
    return this.#ended && this.#waiting === 0
  }

  /** Ends the wait of `take` (or of the next one) although no record has come. */
  wake(): void {
    this.#woken = true
    this.#wakeTaker?.()
  }

  /** What has come, at most about `max` records; empty when woken or ended. Rethrows what the source threw. */
  async take(max: number): Promise<LogRecord[]> {
    while (this.#queue.length === 0 && !this.#ended && !this.#woken)
      await new Promise<void>((resolve) => { this.#wakeTaker = resolve })
    this.#wakeTaker = null
    this.#woken = false
    const first = this.#queue.shift()
    if (!first) {
      if (this.#failure !== undefined) throw this.#failure
      return []
    }
    let taken = first
    if (this.#queue.length > 0 && taken.length + (this.#queue[0] as LogRecord[]).length <= max) {
      taken = [...first]
      while (this.#queue.length > 0 && taken.length + (this.#queue[0] as LogRecord[]).length <= max)
        for (const record of this.#queue.shift() as LogRecord[]) taken.push(record)
    }
    this.#waiting -= taken.length
    this.#wakeReader?.()
    return taken
  }

  async #pull(source: AsyncIterable<LogRecord[]>): Promise<void> {
    try {
      for await (const batch of source) {
        this.#queue.push(batch)
        this.#waiting += batch.length
        this.#wakeTaker?.()
        while (this.#waiting >= this.#limit) {
          await new Promise<void>((resolve) => { this.#wakeReader = resolve })
          this.#wakeReader = null
        }
      }
    } catch (error) {
      this.#failure = error
    } finally {
      this.#ended = true
      this.#wakeTaker?.()
    }
  }
}
