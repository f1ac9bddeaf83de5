/** Work that is done in steps. */
export interface Pass {
  /** Does a step. False: it is done. */
  step(): boolean
  /** A step has thrown; none follows. */
  failed(error: unknown): void
}

export interface DispatcherOptions {
  /** How long one turn of the event loop may be held, ms. */
  budgetMs?: number
  /** A monotonic clock, ms. */
  now?: () => number
  /** Runs it in a later turn. */
  defer?: (run: () => void) => void
}

/** No turn is held for longer, ms. */
const mostMs = 20

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
  /** When the last turn ended that left something to do. */
  #leftAt: number | undefined
  /** Until when events may be resolved in this turn. */
  #breathAt: number | undefined
  #breath: Promise<void> | undefined

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

  /**
   * To be asked before more is made that has to be handed out. A promise: this turn of the event loop has made enough; it is kept in
   * the next one. Otherwise thousands of sources that have much to give would go on in microtasks, and nothing would be written.
   */
  get breath(): Promise<void> | undefined {
    if (this.#breath) return this.#breath
    if (!this.#scheduled) return undefined
    const now = this.#now()
    if (this.#breathAt === undefined) {
      this.#breathAt = now + this.#budgetMs
      this.#defer(() => { this.#breathAt = undefined })
    }
    if (now < this.#breathAt) return undefined
    return this.#breath = new Promise((resolve) => this.#defer(() => {
      this.#breath = undefined
      this.#breathAt = undefined
      resolve()
    }))
  }

  /** What is wrong with one must not end the turns of all. */
  #step(pass: Pass): boolean {
    try {
      return pass.step()
    } catch (error) {
      pass.failed(error)
      return false
    }
  }

  readonly #turn = (): void => {
    const now = this.#now()
    // What was left waits for as long as all else took meanwhile; then it has as much time as that.
    const waited = this.#leftAt === undefined ? 0 : Math.min(now - this.#leftAt, mostMs)
    const until = now + Math.max(this.#budgetMs, waited)
    this.#leftAt = undefined
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
      if (this.#step(pass)) this.#queue.push(pass)
      if (this.#now() >= until) break
    }
    this.#queue = [...queue.slice(index), ...this.#queue]
    if (this.#queue.length === 0) {
      this.#scheduled = false
      return
    }
    this.#leftAt = this.#now()
    this.#defer(this.#turn)
  }
}
