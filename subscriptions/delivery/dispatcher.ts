/** Work that is done in steps. */
export interface Pass {
  /** Does a step. False: it is done. */
  step(): boolean
}

export interface DispatcherOptions {
  /** How long one turn of the event loop may be held, ms. */
  budgetMs?: number
  /** A monotonic clock, ms. */
  now?: () => number
  /** Runs it in a later turn. */
  defer?: (run: () => void) => void
}

/**
 * Hands out what is due, a step of each in turn, and never holds the event loop for longer than a few milliseconds: however many
 * there are to be written to, others are read from in between. What comes within a turn is written together.
 */
export class Dispatcher {
  readonly #budgetMs: number
  readonly #now: () => number
  readonly #defer: (run: () => void) => void
  #queue: Pass[] = []
  #scheduled = false

  constructor({ budgetMs = 2, now = () => performance.now(), defer = (run) => void setImmediate(run) }: DispatcherOptions = {}) {
    this.#budgetMs = budgetMs
    this.#now = now
    this.#defer = defer
  }

  /** Each pass is to be in it only once. */
  add(pass: Pass): void {
    this.#queue.push(pass)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#defer(this.#turn)
  }

  readonly #turn = (): void => {
    const until = this.#now() + this.#budgetMs
    let queue = this.#queue
    let index = 0
    this.#queue = []
    for (;;) {
      if (index === queue.length) {
        if (this.#queue.length === 0) {
          this.#scheduled = false
          return
        }
        queue = this.#queue
        this.#queue = []
        index = 0
      }
      const pass = queue[index++] as Pass
      if (pass.step()) this.#queue.push(pass)
      if (this.#now() >= until) break
    }
    this.#queue = [...queue.slice(index), ...this.#queue]
    if (this.#queue.length > 0) this.#defer(this.#turn)
    else this.#scheduled = false
  }
}
