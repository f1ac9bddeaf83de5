export interface PaceOptions {
  /** How long work may be begun in one turn of the event loop, ms. */
  budgetMs?: number
  /** A monotonic clock, ms. */
  now?: () => number
  /** Runs it in a later turn. */
  defer?: (run: () => void) => void
  /** Runs it after so many ms. */
  after?: (ms: number, run: () => void) => void
  /** For each ms of such work so many are left to whatever else the machine runs; none unless said otherwise. */
  left?: number
}

/** Less is left where those who wait would otherwise wait for longer than about so many ms. */
const patienceMs = 4_000

/**
 * Spreads what clients cost who join or catch up: a thousand who come back at once are let in one after another, some in each turn of
 * the event loop, so that live payloads are read and handed out in between.
 */
export class Pace {
  readonly #budgetMs: number
  readonly #now: () => number
  readonly #defer: (run: () => void) => void
  readonly #after: (ms: number, run: () => void) => void
  readonly #left: number
  #waiting: (() => void)[] = []
  #next = 0
  #isLettingIn = false
  /** Until when work may be begun in this turn; absent where none was begun yet. */
  #until: number | undefined

  constructor({ budgetMs = 2, now = () => performance.now(), defer = (run) => void setImmediate(run), after = (ms, run) => void setTimeout(run, ms), left = 0 }: PaceOptions = {}) {
    this.#budgetMs = budgetMs
    this.#now = now
    this.#defer = defer
    this.#after = after
    this.#left = left
  }

  /** To be asked before each step of such work. A promise: others come first, or this turn has begun enough; it is kept in its turn. */
  get turn(): Promise<void> | undefined {
    if (!this.#isLettingIn && this.#hasTime()) return undefined
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#isLettingIn) return
      this.#isLettingIn = true
      this.#defer(() => void this.#letIn())
    })
  }

  #hasTime(): boolean {
    const now = this.#now()
    if (this.#until === undefined) {
      this.#until = now + this.#budgetMs
      this.#defer(() => { this.#until = undefined })
    }
    return now < this.#until
  }

  async #letIn(): Promise<void> {
    const from = this.#now()
    const until = from + this.#budgetMs
    do {
      this.#waiting[this.#next++]!()
      // All that it does without waiting for somebody else is done, and counted, before the next one is let in.
      await settled()
    } while (this.#next < this.#waiting.length && this.#now() < until)
    // A core that others have had meanwhile was not spent here.
    const [count, spent] = [this.#next, Math.min(this.#now() - from, this.#budgetMs)]
    this.#waiting = this.#waiting.slice(count)
    this.#next = 0
    if (this.#waiting.length === 0) {
      this.#isLettingIn = false
      return
    }
    const ahead = this.#waiting.length * spent / count
    const rest = spent * Math.min(this.#left, Math.max(0, patienceMs / ahead - 1))
    const again = (): void => void this.#letIn()
    if (rest < 1) this.#defer(again)
    else this.#after(rest, again)
  }
}

/** When there is nothing left to do in this turn: ticks come behind the promises that are kept already. */
async function settled(): Promise<void> {
  await undefined
  await new Promise<void>((resolve) => process.nextTick(resolve))
}
