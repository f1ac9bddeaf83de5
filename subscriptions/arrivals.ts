/**
 * What comes for one reader, in the order in which it came. A reader who falls behind by more than a bound gets of each key
 * only the latest, at its own place in the order, so that what it is told of its position stays true; what it has
 * begun to take is not overtaken by what comes meanwhile, so a busy key keeps no other one waiting for ever.
 */
export class Arrivals<T extends { key: string }> implements AsyncIterableIterator<T> {
  readonly #onEnd: () => void
  readonly #bound: number
  #taken: T[] = []
  #place = 0
  #waiting: T[] = []
  #limit: number
  #wake: (() => void) | undefined
  #ended = false
  #error: Error | undefined

  /** @param onEnd called once, when either side ends it */
  constructor({ onEnd, bound = 1_000 }: { onEnd: () => void; bound?: number }) {
    this.#onEnd = onEnd
    this.#bound = bound
    this.#limit = bound
  }

  put(value: T): void {
    if (this.#ended) return
    this.#waiting.push(value)
    if (this.#waiting.length > this.#limit) this.#conflate()
    this.#wake?.()
  }

  /** Ends it from the producer's side; what waits is still delivered, then the error is thrown if there is one. */
  end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#onEnd()
    this.#wake?.()
  }

  get size(): number {
    return this.#taken.length - this.#place + this.#waiting.length
  }

  async next(): Promise<IteratorResult<T>> {
    for (;;) {
      if (this.#place === this.#taken.length && this.#waiting.length > 0) this.#take()
      if (this.#place < this.#taken.length) return { done: false, value: this.#taken[this.#place++] as T }
      if (this.#ended) {
        const error = this.#error
        this.#error = undefined
        if (error) throw error
        return { done: true, value: undefined }
      }
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }

  return(): Promise<IteratorResult<T>> {
    this.#taken = []
    this.#place = 0
    this.#waiting = []
    this.#error = undefined
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): void {
    this.#taken = this.#waiting
    this.#place = 0
    this.#waiting = []
    this.#limit = this.#bound
  }

  #conflate(): void {
    const latest = new Map<string, T>()
    for (const value of this.#waiting) {
      latest.delete(value.key)
      latest.set(value.key, value)
    }
    this.#waiting = [...latest.values()]
    // Where there are more keys than that, they are not counted anew for each.
    this.#limit = Math.max(this.#bound, 2 * this.#waiting.length)
  }
}
