/** After so many ends in a row another process is not started at once any more. */
const prompt = 2
/** The pause then, doubled with each further end, ms. */
const firstPauseMs = 500
const longestPauseMs = 30_000
/** A process that lived so long makes up for the ends before it, ms. */
const goodLifeMs = 60_000

/** How long to wait before the next process is started in place of one that ended: starting one costs a core's time. */
export class Restarts {
  #ends = 0

  /** @param livedMs how long the one that has ended lived @returns ms */
  pauseAfter(livedMs: number): number {
    this.#ends = livedMs >= goodLifeMs ? 1 : this.#ends + 1
    return this.#ends <= prompt ? 0 : Math.min(firstPauseMs * 2 ** (this.#ends - prompt - 1), longestPauseMs)
  }
}
