export interface RingOptions {
  /** Most items, and most bytes of them on the log, that are kept. */
  maxCount: number
  maxBytes: number
  /** Several rings may share a bound: whichever gets an item that is too much lets go of its oldest ones. */
  pool?: { bytes: number; readonly maxBytes: number } | undefined
}

/** The latest items of a line, numbered in the order in which they came. What it keeps is bounded by count and bytes. */
export class Ring<T extends { readonly bytes: number }> {
  readonly #options: RingOptions
  #items: (T | undefined)[] = []
  /** Those in front of it have gone; they are cut off together when they are many. */
  #start = 0
  #first = 0
  #bytes = 0

  constructor(options: RingOptions) {
    this.#options = options
  }

  /** Number of the oldest item that is kept. */
  get first(): number {
    return this.#first
  }

  /** Number of the item that comes next. */
  get end(): number {
    return this.#first + this.#items.length - this.#start
  }

  /** Undefined where it has gone, or has not come. */
  get(number: number): T | undefined {
    return number < this.#first ? undefined : this.#items[this.#start + number - this.#first]
  }

  /** @returns those that had to go */
  push(item: T): T[] {
    this.#items.push(item)
    this.#count(item.bytes)
    const gone: T[] = []
    const { maxCount, maxBytes, pool } = this.#options
    while (this.end - this.#first > maxCount || (this.#bytes > maxBytes && this.end - this.#first > 1)) gone.push(this.#shift())
    while (pool && pool.bytes > pool.maxBytes && this.end > this.#first) gone.push(this.#shift())
    return gone
  }

  clear(): void {
    while (this.end > this.#first) this.#shift()
  }

  #shift(): T {
    const oldest = this.#items[this.#start] as T
    this.#items[this.#start++] = undefined
    this.#first++
    this.#count(-oldest.bytes)
    if (this.#start > 1024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
    return oldest
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    const { pool } = this.#options
    if (pool) pool.bytes += bytes
  }
}
