/** A row, by its place in a column, and how well it matched. */
export interface Scored {
  slot: number
  score: number
}

/**
 * The best k of a stream of rows in bounded space: a binary heap whose root is the worst row kept. `before(a, b)` is a
 * strict total order: whether a comes before b in the result.
 */
export class Top<T = number> {
  readonly #limit: number
  readonly #before: (a: T, b: T) => boolean
  readonly #heap: T[] = []

  constructor(limit: number, before: (a: T, b: T) => boolean) {
    this.#limit = limit
    this.#before = before
  }

  /** The worst of a full heap: only what comes before it can still enter. */
  get worst(): T | undefined {
    return this.#heap.length < this.#limit ? undefined : this.#heap[0]
  }

  push(row: T): void {
    const heap = this.#heap
    if (heap.length < this.#limit) {
      heap.push(row)
      this.#rise(heap.length - 1)
    } else if (this.#before(row, heap[0]!)) {
      heap[0] = row
      this.#sink()
    }
  }

  /** Best first. The heap is spent afterwards. */
  take(): T[] {
    return this.#heap.sort((a, b) => (this.#before(a, b) ? -1 : 1))
  }

  #rise(at: number): void {
    const heap = this.#heap
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(heap[parent]!, heap[at]!)) return
      ;[heap[parent], heap[at]] = [heap[at]!, heap[parent]!]
      at = parent
    }
  }

  #sink(): void {
    const heap = this.#heap
    for (let at = 0; ;) {
      const left = 2 * at + 1
      if (left >= heap.length) return
      const right = left + 1
      const worse = right < heap.length && this.#before(heap[left]!, heap[right]!) ? right : left
      if (!this.#before(heap[at]!, heap[worse]!)) return
      ;[heap[worse], heap[at]] = [heap[at]!, heap[worse]!]
      at = worse
    }
  }
}
