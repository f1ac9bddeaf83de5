/** How long a draw stands, ms. */
const steadyMs = 60_000

/**
 * The same random numbers for each evaluation, for a while: a live feed that tries new sellers at random would otherwise move
 * each time that it is looked at. Each draw is still uniform.
 */
export class SteadyDraws {
  readonly #options: { clock: () => number; random: () => number }
  #draws: number[] = []
  #until = -Infinity

  constructor(options: { clock: () => number; random: () => number }) {
    this.#options = options
  }

  /** From the first draw on. */
  again(): () => number {
    const { clock, random } = this.#options
    if (clock() >= this.#until) {
      this.#draws = []
      this.#until = clock() + steadyMs
    }
    const draws = this.#draws
    let drawn = 0
    return () => (draws[drawn++] ??= random())
  }
}
