import { exists, placeOf, setDerivedFields } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { popularityOf } from './metrics/popularity.ts'
import { viewersNow } from './metrics/read.ts'
import type { Entry, Shard } from './shard.ts'

export const copiedMetrics = ['viewersNow', 'popularity'] as const

const slotMs = 100
/** Beyond the longest wait between two looks. */
const slots = 1024
/** So many slots behind, copies are no longer rationed. */
const hurrySlots = 50
/** A copy that nothing moves falls with time; it is looked at so often. */
const idleMs = 60_000
/** Popularity is a logarithm: this much is 5 %, and with no events it takes minutes to fall by it. */
const popularityStep = 0.05

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
    if (state.metrics === null || placeOf(state.kind, 'popularity') === undefined) return
    const due = Math.max(now, copiedAt + this.#intervalMs)
    if (entry.copiesDue === 0 || due < entry.copiesDue) this.#schedule(entry, due)
  }

  /** Whether `refresh` has something to look at. */
  isDue(now: number): boolean {
    const last = Math.floor(now / slotMs)
    for (let slot = this.#next; slot <= last && slot < this.#next + slots; slot++) if (this.#wheel[slot % slots]?.size) return true
    return false
  }

  /**
   * Brings copies that are due into the shard's round, `most` of them: an event's own write must not wait for the copies of
   * hundreds of others. The rest stays due. Five seconds behind, all are brought: then throughput counts.
   */
  refresh(shard: Shard, now: number, most: number): void {
    const last = Math.floor(now / slotMs)
    const first = Math.max(this.#next, last - slots + 1)
    let room = last - first > hurrySlots ? Infinity : most
    for (let slot = first; slot <= last; slot++) {
      this.#next = slot
      const due = this.#wheel[slot % slots]
      if (!due) continue
      for (const entry of due) {
        if (room <= 0) return
        due.delete(entry)
        // Looked at since, or scheduled anew for another slot.
        if (entry.copiesDue === 0 || Math.floor(entry.copiesDue / slotMs) > slot) continue
        entry.copiesDue = 0
        if (this.#look(shard, entry, now)) room--
      }
      this.#wheel[slot % slots] = undefined
    }
  }

  /** Whether there was anything to write. */
  #look(shard: Shard, entry: Entry, now: number): boolean {
    const { state } = entry
    if (state.metrics === null || !exists(state)) return false
    entry.copiedAt = now
    const viewers = viewersNow(state.metrics, now)
    const popularity = Math.round(popularityOf(state.metrics, now) * 100) / 100
    const copies: Record<string, number> = {}
    if (placeOf(state.kind, 'viewersNow') !== undefined && viewers !== copyOf(state, 'viewersNow')) copies.viewersNow = viewers
    const former = copyOf(state, 'popularity') ?? 0
    if (Math.abs(popularity - former) >= popularityStep || (popularity < popularityStep && former !== 0))
      copies.popularity = popularity < popularityStep ? 0 : popularity
    if (viewers > 0) this.#schedule(entry, now + this.#intervalMs)
    else if (popularity >= popularityStep) this.#schedule(entry, now + idleMs)
    for (const _ in copies) {
      setDerivedFields(state, copies, shard.touch(entry).pending)
      return true
    }
    return false
  }

  #schedule(entry: Entry, due: number): void {
    // What is due now waits for the slot that `refresh` has not closed yet.
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
