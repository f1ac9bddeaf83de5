import { setTimeout as delay } from 'node:timers/promises'

/** What was found wrong, what was excused, and what was right. */
export class Answers {
  readonly counts = new Map<string, number>()
  readonly faults: string[] = []
  /** Hearts that were given again, as nobody knows whether they had been. */
  readonly repeated = new Set<number>()
  /** Numbers of the latest events that the load itself has made, by what tells of them: who knows them may not be silent. */
  readonly made = new Map<string, number>()
  readonly #excused: (from: number, to: number) => boolean
  readonly #pending = new Set<Promise<void>>()

  /** @param excused whether the machine stood still between */
  constructor(excused: (from: number, to: number) => boolean) {
    this.#excused = excused
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }

  /** Decided a while later: that a process stood still is known only once it goes on. */
  fault(what: string, from: number, to: number): void {
    const decided = (async () => {
      await delay(60_000)
      if (this.#excused(from, to)) return this.count('excused by a pause')
      this.count('faults')
      if (this.faults.length < 200) this.faults.push(what)
      console.error(`FAULT at ${new Date(to).toISOString()}: ${what}`)
    })()
    this.#pending.add(decided)
    void decided.then(() => this.#pending.delete(decided))
  }

  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }
}
