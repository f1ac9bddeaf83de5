export interface RingOptions {
  /** Most items, and most bytes of them on the log, that are kept. */
  maxCount: number
  maxBytes: number
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
    this.#bytes += item.bytes
    const gone: T[] = []
    const { maxCount, maxBytes } = this.#options
    while (this.end - this.#first > maxCount || (this.#bytes > maxBytes && this.end - this.#first > 1)) gone.push(this.#shift())
    return gone
  }

  #shift(): T {
    const oldest = this.#items[this.#start] as T
    this.#items[this.#start++] = undefined
    this.#first++
    this.#bytes -= oldest.bytes
    if (this.#start > 1024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
    return oldest
  }
}
