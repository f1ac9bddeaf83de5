import type { Increment } from '../effects.ts'
import { addAffinity, pruneAffinities } from './affinities.ts'
import type { Affinities } from './affinities.ts'
import { noCells } from './cells.ts'
import { count, counterIndex, newTotals, pruneCounters } from './counters.ts'
import type { Counters } from './counters.ts'
import { nobody, personOf, pruneViewers, seen } from './distinct-viewers.ts'
import type { Viewers } from './distinct-viewers.ts'
import { follow, newFollows } from './follows.ts'
import type { Follows } from './follows.ts'
import { readSlackMs } from './windows.ts'

/** The computed metrics of one entity, whoever keeps them: ingest (to checkpoint them) or a gateway's metric view. */
export interface Metrics extends Counters, Viewers {
  /** Users only. */
  affinities: Affinities | null
  follows: Follows | null
  /** Latest event time counted, 0 before the first. */
  eventTime: number
  /** Greatest append time seen, the reference for what may be dropped. */
  appendedAt: number
}

/** One literal: a spread would keep the fields in a second object, for each of tens of thousands of entities. */
export const newMetrics = (): Metrics => ({
  totals: newTotals(), cells: noCells, few: nobody, many: null, affinities: null, follows: null, eventTime: 0, appendedAt: 0,
})

/**
 * Takes one increment in, in place. Increments commute: within what readers can still see (`readSlackMs`), the order in
 * which they come changes no value, decays to 1e-9.
 *
 * @param appendedAt append time of the increment's event, ms
 */
export function evolve(state: Metrics, increment: Increment, appendedAt: number): void {
  if (appendedAt > state.appendedAt) state.appendedAt = appendedAt
  if (increment.at > state.eventTime) state.eventTime = increment.at
  if ('count' in increment) {
    count(state, counterIndex(increment.count), increment.at, increment.amount, state.appendedAt)
  } else if ('viewer' in increment) {
    seen(state, personOf(increment.viewer), increment.at, state.appendedAt)
  } else if ('affinity' in increment) {
    const { affinity, to, signal, at, amount } = increment
    state.affinities = addAffinity(state.affinities ?? [], affinity, to, signal, at, amount)
  } else {
    follow((state.follows ??= newFollows()), increment.follow, increment.following, increment.at, increment.tie)
  }
}

/**
 * Drops what no reader can see any more once the log's greatest append time is `appendedAt`: buckets, viewers and
 * affinities whose time is over for every `now` from `appendedAt − readSlackMs` on. Changes no readable value, so it does
 * not matter when it is called.
 */
export function pruneMetrics(state: Metrics, appendedAt: number): void {
  if (appendedAt > state.appendedAt) state.appendedAt = appendedAt
  pruneCounters(state, state.appendedAt)
  pruneViewers(state, state.appendedAt)
  if (state.affinities) state.affinities = pruneAffinities(state.affinities, state.appendedAt - readSlackMs)
}
