/**
 * What waits for one subscriber, conflated by key: a newer value of a key replaces (or is merged with) the one that still
 * waits, at its old place. So what waits is bounded by the number of keys, however slowly somebody reads, and a reader who
 * falls behind gets the latest state and no backlog.
 */
export class ConflatingMailbox<K, V> implements AsyncIterableIterator<V> {
  readonly #waiting = new Map<K, V>()
  readonly #merge: (waiting: V, next: V) => V | undefined
  readonly #onEnd: () => void
  #wake: (() => void) | undefined
  #ended = false
  #error: Error | undefined

  /**
   * @param merge what becomes of a value that waits when a newer one comes; undefined: both cancel each other out
   * @param onEnd called once, when either side ends it
   */
  constructor({ merge = (_, next) => next, onEnd }: { merge?: (waiting: V, next: V) => V | undefined; onEnd: () => void }) {
    this.#merge = merge
    this.#onEnd = onEnd
  }

  put(key: K, value: V): void {
    if (this.#ended) return
    const waiting = this.#waiting.get(key)
    const merged = waiting === undefined ? value : this.#merge(waiting, value)
    if (merged === undefined) this.#waiting.delete(key)
    else this.#waiting.set(key, merged)
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
    return this.#waiting.size
  }

  async next(): Promise<IteratorResult<V>> {
    for (;;) {
      for (const [key, value] of this.#waiting) {
        this.#waiting.delete(key)
        return { done: false, value }
      }
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

  return(): Promise<IteratorResult<V>> {
    this.#waiting.clear()
    this.#error = undefined
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
