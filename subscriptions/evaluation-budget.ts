import { RankedSet } from './ranked-set.ts'

/** Time as it is given to whoever waits for it. */
export interface Timers {
  /** Milliseconds since the epoch. */
  clock: () => number
  /** Calls back once, later; gives what calls it off. */
  after: (ms: number, call: () => void) => () => void
}

export interface BudgetOptions extends Timers {
  /** Evaluations that may begin in a second. */
  perSecond: number
  /** Evaluations that may be under way together: more would only wait for each other. */
  together?: number
}

interface Turn {
  readonly dueAt: number
  readonly order: number
  readonly run: () => Promise<void>
}

const defaultTogether = 8
/** So much of a second's budget may be used at once, after a pause. */
const burstShare = 0.1

/**
 * Turns to evaluate something, for all live queries of a process: never more in a second than the budget allows. Who is due
 * longest has the next turn, so that under load everybody waits alike and nobody starves.
 */
export class EvaluationBudget {
  readonly #options: BudgetOptions
  #turns: RankedSet<Turn>
  #orders = 0
  #running = 0
  #closed = false
  #credit: number
  #creditAt: number
  #wake: { at: number; callOff: () => void } | undefined

  constructor(options: BudgetOptions) {
    this.#options = options
    this.#credit = this.#mostCredit
    this.#creditAt = options.clock()
    this.#turns = RankedSet.of<Turn>([], (a, b) => a.dueAt - b.dueAt || a.order - b.order)
  }

  /** How many wait for their turn, due or not. */
  get size(): number {
    return this.#turns.size
  }

  /**
   * Asks for a turn, not before it is due. `run` must not reject. Returns what gives it back: no turn comes then.
   */
  ask(dueAt: number, run: () => Promise<void>): () => void {
    const turn: Turn = { dueAt, order: this.#orders++, run }
    this.#turns = this.#turns.with(turn)
    this.#give()
    return () => {
      this.#turns = this.#turns.without(turn)
    }
  }

  /** Nobody is given a turn any more. */
  close(): void {
    this.#closed = true
    this.#wake?.callOff()
  }

  get #mostCredit(): number {
    return Math.max(1, this.#options.perSecond * burstShare)
  }

  #give(): void {
    const { clock, perSecond, together = defaultTogether } = this.#options
    const now = clock()
    this.#credit = Math.min(this.#mostCredit, this.#credit + (Math.max(0, now - this.#creditAt) * perSecond) / 1_000)
    this.#creditAt = now
    for (;;) {
      const [next] = this.#turns.first(1)
      if (!next || this.#closed || this.#running >= together) return
      // A millisecond is the least that can be waited for.
      const wait = Math.max(next.dueAt - now, ((1 - this.#credit) * 1_000) / perSecond)
      if (wait > 1e-6) return this.#wakeIn(Math.ceil(wait), now)
      this.#turns = this.#turns.without(next)
      this.#credit--
      this.#running++
      void next.run().finally(() => {
        this.#running--
        this.#give()
      })
    }
  }

  #wakeIn(ms: number, now: number): void {
    if (this.#wake && this.#wake.at <= now + ms) return
    this.#wake?.callOff()
    const callOff = this.#options.after(ms, () => {
      this.#wake = undefined
      this.#give()
    })
    this.#wake = { at: now + ms, callOff }
  }
}
