import { covers } from '../events/log.ts'
import type { Positions } from '../events/log.ts'

interface Waiting {
  /** Positions not yet covered of what was asked for. */
  readonly direct: Map<string, number>
  /** Positions of what their events had re-keyed by then, not yet covered. Re-keyed effects re-key nothing more. */
  readonly rekeyed: Map<string, number>
  readonly resolve: () => void
}

/** How far ingest has come, and who waits for it to come further. */
export class ProgressWaits {
  readonly #covered: Record<string, number> = {}
  /** By the key of a covered partition: what its shard had re-keyed with it. */
  readonly #rekeyedBy = new Map<string, Positions>()
  readonly #waiting = new Set<Waiting>()

  covered(): Positions {
    return { ...this.#covered }
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** A shard has covered these positions and has re-keyed up to those. */
  advance(covered: Positions, rekeyed: Positions): void {
    for (const key in covered) {
      this.#covered[key] = Math.max(this.#covered[key] ?? 0, covered[key] as number)
      this.#rekeyedBy.set(key, rekeyed)
    }
    for (const waiting of this.#waiting) {
      this.#settle(waiting)
      if (waiting.direct.size + waiting.rekeyed.size === 0) waiting.resolve()
    }
  }

  /** Resolves when everything before `positions` and what it re-keyed is covered; rejects with the signal's reason. */
  waitFor(positions: Positions, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        this.#waiting.delete(waiting)
        signal.removeEventListener('abort', aborted)
        settle()
      }
      const aborted = end(() => reject(signal.reason as Error))
      const waiting: Waiting = { direct: new Map(Object.entries(positions)), rekeyed: new Map(), resolve: end(resolve) }
      this.#settle(waiting)
      if (waiting.direct.size + waiting.rekeyed.size === 0) return resolve()
      this.#waiting.add(waiting)
      signal.addEventListener('abort', aborted)
    })
  }

  #settle({ direct, rekeyed }: Waiting): void {
    for (const [key, offset] of direct) {
      if ((this.#covered[key] ?? 0) < offset) continue
      direct.delete(key)
      for (const [other, end] of Object.entries(this.#rekeyedBy.get(key) ?? {}))
        rekeyed.set(other, Math.max(rekeyed.get(other) ?? 0, end))
    }
    for (const [key, offset] of rekeyed) if (covers(this.#covered, { [key]: offset })) rekeyed.delete(key)
  }
}
