/** Resolves once they know; never rejects. */
export type Tell = (key: string | undefined) => Promise<void>

/**
 * Counts the mutations that were answered, so that a query never joins a call that may have been answered before its
 * own client's mutation: clients read their own writes.
 */
export class Writes {
  #count = 0
  /** Holds for everybody: what is no longer known by key is assumed of each. */
  #floor = 0
  readonly #byKey = new Map<string, number>()
  readonly #capacity: number
  readonly #tell: Tell | undefined

  /**
   * @param capacity Keys remembered; the latest are.
   * @param tell Has others who answer the same clients count it, too.
   */
  constructor(capacity = 10_000, tell?: Tell) {
    this.#capacity = capacity
    this.#tell = tell
  }

  /** How many there were: what begins now is sure to include these. */
  get count(): number {
    return this.#count
  }

  /** A mutation may be answered once this resolves. */
  async beforeAnswer(key: string | undefined): Promise<void> {
    this.answered(key)
    await this.#tell?.(key)
  }

  /** A mutation is about to be answered; without a key it may be anybody's. */
  answered(key: string | undefined): void {
    this.#count++
    if (key === undefined) {
      this.#floor = this.#count
      this.#byKey.clear()
      return
    }
    this.#byKey.delete(key)
    this.#byKey.set(key, this.#count)
    if (this.#byKey.size <= this.#capacity) return
    const [oldest, count] = this.#byKey.entries().next().value!
    this.#byKey.delete(oldest)
    this.#floor = Math.max(this.#floor, count)
  }

  /** What an answer to a query of this key has to include. */
  of(key: string): number {
    return Math.max(this.#floor, this.#byKey.get(key) ?? 0)
  }

  /** Something happened that a query about it has to see, such as the event of a subscription. */
  happened(): number {
    return ++this.#count
  }
}
