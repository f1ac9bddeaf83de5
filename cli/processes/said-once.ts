/** What several processes find out at about the same time is said by the first of them; within this time, ms. */
const aboutMs = 5_000
/** Sentences remembered. */
const most = 1_000

/** Decides which of the lines of several processes people are told. */
export class SaidOnce {
  readonly #said = new Map<string, { by: number; at: number }>()
  readonly #now: () => number

  /** @param now ms of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now
  }

  /** @param by the number of the process @returns whether to say it: another has not, just before */
  says(by: number, sentence: string): boolean {
    const at = this.#now()
    const before = this.#said.get(sentence)
    if (before && before.by !== by && at - before.at < aboutMs) return false
    this.#said.delete(sentence)
    this.#said.set(sentence, { by, at })
    if (this.#said.size > most) this.#said.delete(this.#said.keys().next().value as string)
    return true
  }
}
