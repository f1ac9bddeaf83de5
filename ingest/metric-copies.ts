import { exists, placeOf } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { popularityOf } from './metrics/popularity.ts'
import { viewersNow } from './metrics/read.ts'
import type { Entry } from './shard.ts'

export const copiedMetrics = ['viewersNow', 'popularity'] as const

const slotMs = 100
/** Beyond the longest wait between two looks. */
const slots = 1024
/** A copy that nothing moves falls with time; it is looked at so often. */
const idleMs = 60_000
/** Popularity is a logarithm: this much is 5 %, and with no events it takes minutes to fall by it. */
const popularityStep = 0.05

/** What an entity's copies in the index shall be. All of the kind's: what a crash left there unsaid is mended with them. */
export interface CopiesDue {
  entry: Entry
  fields: Readonly<Record<string, number>>
}

/**
 * The index's copies of a few metrics, for filters and orderings: each entity's are looked at when its metrics move, at most
 * once in `intervalMs`, and go on being looked at until they have fallen to nothing. They go by the clock, not by the
 * log: "viewers now" has to fall when no event comes, and a replay of old events needs no copy of what was long ago.
 */
export class MetricCopies {
  readonly #intervalMs: number
  readonly #wheel: (Set<Entry> | undefined)[] = new Array(slots)
  #next: number

  constructor(intervalMs: number, now: number) {
    this.#intervalMs = intervalMs
    this.#next = Math.floor(now / slotMs)
  }

  /** The entity's metrics have moved, or it has come to be. */
  moved(entry: Entry, now: number): void {
    const { state, copiedAt } = entry
    if (placeOf(state.kind, 'popularity') === undefined || (state.packedMetrics === null && state.metrics === null)) return
    const due = Math.max(now, copiedAt + this.#intervalMs)
    if (entry.copiesDue === 0 || due < entry.copiesDue) this.#schedule(entry, due)
  }

  /** Whether `take` has something to look at. */
  isDue(now: number): boolean {
    const last = Math.floor(now / slotMs)
    for (let slot = this.#next; slot <= last && slot < this.#next + slots; slot++) if (this.#wheel[slot % slots]?.size) return true
    return false
  }

  /** Copies that are due and differ from what the index has: `most` of them, the longest due first. The rest stays due. */
  take(now: number, most: number): CopiesDue[] {
    const taken: CopiesDue[] = []
    const last = Math.floor(now / slotMs)
    const first = Math.max(this.#next, last - slots + 1)
    for (let slot = first; slot <= last; slot++) {
      this.#next = slot
      const due = this.#wheel[slot % slots]
      if (!due) continue
      for (const entry of due) {
        if (taken.length >= most) return taken
        due.delete(entry)
        // Looked at since, or scheduled anew for another slot.
        if (entry.copiesDue === 0 || Math.floor(entry.copiesDue / slotMs) > slot) continue
        entry.copiesDue = 0
        const fields = this.#look(entry, now)
        if (fields) taken.push({ entry, fields })
      }
      this.#wheel[slot % slots] = undefined
    }
    return taken
  }

  /** What was taken could not be written: it is due at once. */
  giveBack(entry: Entry, now: number): void {
    entry.copiedAt = 0
    this.moved(entry, now)
  }

  /** Null where there is nothing to write. */
  #look(entry: Entry, now: number): Record<string, number> | null {
    const { state } = entry
    if (state.metrics === null || !exists(state)) return null
    entry.copiedAt = now
    const viewers = viewersNow(state.metrics, now)
    const popularity = popularityOf(state.metrics, now)
    if (viewers > 0) this.#schedule(entry, now + this.#intervalMs)
    else if (popularity >= popularityStep) this.#schedule(entry, now + idleMs)
    const hasViewers = placeOf(state.kind, 'viewersNow') !== undefined
    const former = copyOf(state, 'popularity') ?? 0
    const rounded = popularity < popularityStep ? 0 : Math.round(popularity * 100) / 100
    const moved = Math.abs(rounded - former) >= popularityStep || (rounded === 0 && former !== 0)
    if (!moved && !(hasViewers && viewers !== copyOf(state, 'viewersNow'))) return null
    return { ...(hasViewers && { viewersNow: viewers }), popularity: rounded }
  }

  #schedule(entry: Entry, due: number): void {
    // What is due now waits for the slot that `take` has not closed yet.
    const slot = Math.max(Math.floor(due / slotMs), this.#next)
    entry.copiesDue = slot * slotMs
    const set = (this.#wheel[slot % slots] ??= new Set())
    set.add(entry)
  }
}

const copyOf = (state: EntityState, field: string): number | undefined => {
  const place = placeOf(state.kind, field)
  const value = place === undefined ? undefined : state.values[place]
  return typeof value === 'number' ? value : undefined
}
