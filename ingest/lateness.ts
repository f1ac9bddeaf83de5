import type { Effect } from './effects.ts'

/** How much older than its append an event may be and still be counted, unless the settings say otherwise. */
export const defaultLatenessMs = 5 * 60_000

/**
 * Whether an event comes too late to be counted. All times in milliseconds. Judged against the append time of the event's
 * own record in the domain log, never against the clock, so a replay decides as the first run did.
 */
export const isLate = (eventTime: number, appendedAt: number, latenessMs: number): boolean =>
  eventTime < appendedAt - latenessMs

/**
 * What is left of a late event's effects: whatever is last-write-wins (fields, tombstones, vectors, follows) converges
 * whenever it comes and stays; what is counted goes. Decide it where the event is projected, before re-keying.
 */
export function withoutCounts(effects: readonly Effect[]): Effect[] {
  return effects.map(({ increments, ...effect }) => {
    const follows = increments?.filter((increment) => 'follow' in increment)
    return follows?.length ? { ...effect, increments: follows } : effect
  })
}
