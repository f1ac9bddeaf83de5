/**
 * Times at which this machine stood still, or a process of the load did. What was under way then may have timed out
 * for no fault of anybody's.
 */
export class Pauses {
  readonly #spans: { from: number; to: number }[] = []
  readonly #timer: NodeJS.Timeout
  #last = Date.now()
  total = 0

  constructor() {
    this.#timer = setInterval(() => {
      const now = Date.now()
      if (now - this.#last > leastMs) this.add(this.#last, now)
      this.#last = now
    }, 100)
  }

  add(from: number, to: number): void {
    const last = this.#spans.at(-1)
    if (!last || from >= last.to) this.total += to - from
    this.#spans.push({ from, to })
    if (this.#spans.length > 500) this.#spans.shift()
  }

  /** @param marginMs processes are not stopped, nor woken, at the same moment */
  touches(from: number, to: number, marginMs = 2_000): boolean {
    return this.#spans.some((span) => span.from - marginMs < to && from < span.to + marginMs)
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

/** Shorter ones than this time-outs live with. */
const leastMs = 1_500

/** Ends a wait in which nothing has come for so long. A moment in which this machine stood still counts as a tenth of it. */
export class Silence {
  readonly #timer: NodeJS.Timeout
  #ticks = 0

  constructor(ms: number, then: () => void) {
    this.#timer = setInterval(() => {
      if (++this.#ticks >= 10) then()
    }, ms / 10)
  }

  heard(): void {
    this.#ticks = 0
  }

  end(): void {
    clearInterval(this.#timer)
  }
}
