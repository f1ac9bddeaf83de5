import type { Budget } from './budget.ts'
import type { Entries, Entry } from './entries.ts'

/** As many keys, and bytes, are kept for those who are slow. */
const maxKeys = 10_000
const maxBytes = 16 * 1024 * 1024

/**
 * The latest payload of each key among those that the ring has let go of, for all slow subscribers of a group. A newer payload
 * of a key takes the last place: so payloads are in the order of their numbers, and who has got some of them has, with the
 * rest, all that was before: cursors stay exact, and a subscriber needs no more than the number of its next one.
 */
export class Conflated {
  readonly #budget: Budget
  readonly #latest = new Map<string, Entry>()
  #bytes = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** False: it would be more than is kept, and nothing is kept any more. */
  add(entry: Entry): boolean {
    const former = this.#latest.get(entry.key)
    if (former) this.#latest.delete(entry.key)
    this.#latest.set(entry.key, entry)
    this.#count(entry.bytes - (former?.bytes ?? 0))
    if (this.#latest.size <= maxKeys && this.#bytes <= maxBytes) return true
    this.clear()
    return false
  }

  clear(): void {
    if (this.#latest.size === 0) return
    this.#latest.clear()
    this.#count(-this.#bytes)
  }

  /** What waits for whoever stands at `next`: the latest of each key, in their order. */
  waiting(next: number, entries: Entries): Entry[] {
    const latest = new Map<string, Entry>()
    const put = (entry: Entry): void => {
      latest.delete(entry.key)
      latest.set(entry.key, entry)
    }
    if (next < entries.first) for (const entry of this.#latest.values()) if (entry.index >= next) put(entry)
    for (let index = Math.max(next, entries.first); index < entries.end; index++) put(entries.at(index))
    return [...latest.values()]
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#budget.add(bytes)
  }
}
