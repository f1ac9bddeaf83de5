/**
 * Turns of the queries and mutations of one connection. Each holds one from when it is begun until its answer has left; what is
 * asked beyond waits unbegun, in its order. So what is kept for a client is bounded by what it takes, and nobody who reads has
 * to be closed for having asked for much at once.
 */
export class Turns {
  readonly #limit: number
  readonly #mayBegin: () => boolean
  readonly #taken = new Set<unknown>()
  #waiting: { holder: unknown; begin: (has: boolean) => void }[] = []

  /**
   * @param limit how many at a time
   * @param mayBegin whether the connection takes more, besides; to be asked again (`next`) once that changes
   */
  constructor(limit: number, mayBegin: () => boolean) {
    this.#limit = limit
    this.#mayBegin = mayBegin
  }

  /** True at once where it is free; otherwise resolves when it is its turn, to false where there will be none any more. @param holder by what it is given back */
  take(holder: unknown): true | Promise<boolean> {
    if (this.#waiting.length === 0 && this.#free) {
      this.#taken.add(holder)
      return true
    }
    return new Promise((begin) => this.#waiting.push({ holder, begin }))
  }

  /** Its answer has left, or there is none; of no concern where it has no turn. */
  give(holder: unknown): void {
    if (this.#taken.delete(holder)) this.next()
  }

  next(): void {
    while (this.#waiting.length > 0 && this.#free) {
      const { holder, begin } = this.#waiting.shift()!
      this.#taken.add(holder)
      begin(true)
    }
  }

  /** The connection has ended: what has not begun never does. */
  close(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { begin } of waiting) begin(false)
  }

  get #free(): boolean {
    return this.#taken.size < this.#limit && this.#mayBegin()
  }
}
