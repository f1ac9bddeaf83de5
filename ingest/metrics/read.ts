import type { EntityMetrics, UserAffinities, WindowName } from '../../search/metrics.ts'
import { windowNames } from '../../search/metrics.ts'
import { counterNames } from '../effects.ts'
import type { CounterName } from '../effects.ts'
import { readAffinities } from './affinities.ts'
import { kinds } from './cells.ts'
import { counterIndex, decayAt, decayedOf, sumOf, sumWindows, totalOf } from './counters.ts'
import { countViewers } from './distinct-viewers.ts'
import type { Viewers } from './distinct-viewers.ts'
import { readFollows } from './follows.ts'
import type { Metrics } from './index.ts'

/** Values at `now` (ms): the only place where the clock enters. Exact for `now ≥ appendedAt − readSlackMs`. */
export function readMetrics(state: Metrics, now: number, appliedAt: number): EntityMetrics {
  const { counters, viewers } = state
  sumWindows(counters, now, sums)
  const shortest = windowCounts(0, viewers, now)
  return {
    viewersNow: shortest.viewers,
    windows: { '30s': shortest, '5m': windowCounts(1, viewers, now), '1h': windowCounts(2, viewers, now) },
    decayed: counts(counters.totals, counterNames.length, decayAt(counters, now)),
    total: counts(counters.totals, 0, 1),
    eventTime: state.eventTime,
    appliedAt,
  }
}

/** Distinct people seen watching within 30 s before `now`. */
export const viewersNow = (state: Metrics, now: number): number =>
  state.viewers === null ? 0 : countViewers(state.viewers, 0, now)

/** One value alone, which is cheaper than reading all. */
export function windowValue(state: Metrics, window: WindowName, name: CounterName | 'viewers', now: number): number {
  const index = windowNames.indexOf(window)
  if (name === 'viewers') return state.viewers === null ? 0 : countViewers(state.viewers, index, now)
  return sumOf(state.counters, counterIndex(name), index, now)
}

export const decayedValue = (state: Metrics, name: CounterName, now: number): number =>
  decayedOf(state.counters, counterIndex(name), decayAt(state.counters, now))

export const totalValue = (state: Metrics, name: CounterName): number => totalOf(state.counters, counterIndex(name))

export const readUserAffinities = (state: Metrics, now: number): UserAffinities => ({
  sellers: state.affinities === null ? [] : readAffinities(state.affinities, 'seller', now),
  categories: state.affinities === null ? [] : readAffinities(state.affinities, 'category', now),
  follows: state.follows === null ? [] : readFollows(state.follows),
})

const sums = new Array<number>(3 * kinds).fill(0)

// Written out, because hundreds of entities are read for one feed: a loop over names costs four times as much. The
// return types make the compiler ask for a new counter's line.

/** A window's part of `sums`. */
const windowCounts = (window: number, viewers: Viewers | null, now: number): Record<CounterName | 'viewers', number> => ({
  views: sums[window * kinds + views] as number,
  chats: sums[window * kinds + chats] as number,
  likes: sums[window * kinds + likes] as number,
  shares: sums[window * kinds + shares] as number,
  bids: sums[window * kinds + bids] as number,
  purchases: sums[window * kinds + purchases] as number,
  revenue: sums[window * kinds + revenue] as number,
  watchSeconds: sums[window * kinds + watchSeconds] as number,
  viewers: viewers === null ? 0 : countViewers(viewers, window, now),
})

/** All counters from a list, each times `factor`. */
const counts = (values: readonly number[], from: number, factor: number): Record<CounterName, number> => ({
  views: (values[from + views] as number) * factor,
  chats: (values[from + chats] as number) * factor,
  likes: (values[from + likes] as number) * factor,
  shares: (values[from + shares] as number) * factor,
  bids: (values[from + bids] as number) * factor,
  purchases: (values[from + purchases] as number) * factor,
  revenue: (values[from + revenue] as number) * factor,
  watchSeconds: (values[from + watchSeconds] as number) * factor,
})

const views = counterIndex('views')
const chats = counterIndex('chats')
const likes = counterIndex('likes')
const shares = counterIndex('shares')
const bids = counterIndex('bids')
const purchases = counterIndex('purchases')
const revenue = counterIndex('revenue')
const watchSeconds = counterIndex('watchSeconds')
