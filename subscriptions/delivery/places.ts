export interface PlacesOptions {
  /** How many may be taken at once. */
  most: number
  /** Whoever takes longer than so many ms is waiting for somebody else: the next one is let in beside it. */
  patienceMs: number
  /** Runs it after so many ms, unless the function that it returns is called before. */
  after?: (ms: number, run: () => void) => () => void
}

const afterTimeout = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms).unref()
  return () => clearTimeout(timer)
}

/** Bounds how many do at once what costs memory and reads of the log; the others wait in the order in which they came. */
export class Places {
  readonly #options: Required<PlacesOptions>
  #taken = 0
  readonly #waiting: (() => void)[] = []

  constructor({ after = afterTimeout, ...options }: PlacesOptions) {
    this.#options = { after, ...options }
  }

  /** Resolves with what gives the place back; calling that again does nothing. */
  async take(): Promise<() => void> {
    const { most, patienceMs, after } = this.#options
    if (this.#taken < most) this.#taken++
    else await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    let isMine = true
    const give = (): void => {
      if (!isMine) return
      isMine = false
      stop()
      this.#pass()
    }
    const stop = after(patienceMs, give)
    return give
  }

  #pass(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#taken--
  }
}
