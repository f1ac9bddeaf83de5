interface Link<T> {
  value: T | undefined
  number: number
  next: Link<T> | undefined
}

/**
 * Values for any number of readers, each of which reads all that comes after it began. A value is kept for as long as some
 * reader has it before it.
 */
export class Versions<T> {
  #last: Link<T> = { value: undefined, number: 0, next: undefined }
  #ended: { error: Error | undefined } | undefined
  readonly #waiting = new Set<() => void>()

  push(value: T): void {
    if (this.#ended) return
    const link: Link<T> = { value, number: this.#last.number + 1, next: undefined }
    this.#last.next = link
    this.#last = link
    this.#wake()
  }

  /** Readers still get what came before it; then they throw the error, or end. */
  end(error?: Error): void {
    this.#ended ??= { error }
    this.#wake()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** What comes from now on. */
  read(): Reader<T> {
    return new Reader(this.#last, {
      newest: () => this.#last,
      ended: () => this.#ended,
      wait: (wake) => {
        this.#waiting.add(wake)
        return () => this.#waiting.delete(wake)
      },
    })
  }
}

interface Source<T> {
  newest(): Link<T>
  ended(): { error: Error | undefined } | undefined
  wait(wake: () => void): () => void
}

export class Reader<T> {
  #at: Link<T>
  readonly #source: Source<T>
  #wake: (() => void) | undefined
  #closed = false

  constructor(at: Link<T>, source: Source<T>) {
    this.#at = at
    this.#source = source
  }

  /** How many wait for it. */
  get behind(): number {
    return this.#source.newest().number - this.#at.number
  }

  /** Leaves out all that waits. */
  skip(): void {
    this.#at = this.#source.newest()
  }

  /** Undefined once it is over. Rejects with the error of the end, once. */
  async next(): Promise<T | undefined> {
    for (;;) {
      if (this.#closed) return undefined
      const { next } = this.#at
      if (next) {
        this.#at = next
        return next.value as T
      }
      const ended = this.#source.ended()
      if (ended) {
        this.#closed = true
        if (ended.error) throw ended.error
        return undefined
      }
      await new Promise<void>((resolve) => {
        const stop = this.#source.wait(resolve)
        this.#wake = () => {
          stop()
          resolve()
        }
      })
    }
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }
}
