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
  sumWindows(state, now, sums)
  const shortest = windowCounts(0, state, now)
  return {
    viewersNow: shortest.viewers,
    windows: { '30s': shortest, '5m': windowCounts(1, state, now), '1h': windowCounts(2, state, now) },
    decayed: counts(state.totals, counterNames.length, decayAt(state, now)),
    total: counts(state.totals, 0, 1),
    eventTime: state.eventTime,
    appliedAt,
  }
}

/** Distinct people seen watching within 30 s before `now`. */
export const viewersNow = (state: Metrics, now: number): number => countViewers(state, 0, now)

/** One value alone, which is cheaper than reading all. */
export function windowValue(state: Metrics, window: WindowName, name: CounterName | 'viewers', now: number): number {
  const index = windowNames.indexOf(window)
  if (name === 'viewers') return countViewers(state, index, now)
  return sumOf(state, counterIndex(name), index, now)
}

export const decayedValue = (state: Metrics, name: CounterName, now: number): number =>
  decayedOf(state, counterIndex(name), decayAt(state, now))

export const totalValue = (state: Metrics, name: CounterName): number => totalOf(state, counterIndex(name))

export const readUserAffinities = (state: Metrics, now: number): UserAffinities => ({
  sellers: state.affinities === null ? [] : readAffinities(state.affinities, 'seller', now),
  categories: state.affinities === null ? [] : readAffinities(state.affinities, 'category', now),
  follows: state.follows === null ? [] : readFollows(state.follows),
})

const sums = new Array<number>(3 * kinds).fill(0)

// Written out, because hundreds of entities are read for one feed: a loop over names costs four times as much. The
// return types make the compiler ask for a new counter's line.

/** A window's part of `sums`. */
const windowCounts = (window: number, viewers: Viewers, now: number): Record<CounterName | 'viewers', number> => ({
  views: sums[window * kinds + views] as number,
  chats: sums[window * kinds + chats] as number,
  likes: sums[window * kinds + likes] as number,
  shares: sums[window * kinds + shares] as number,
  bids: sums[window * kinds + bids] as number,
  purchases: sums[window * kinds + purchases] as number,
  revenue: sums[window * kinds + revenue] as number,
  watchSeconds: sums[window * kinds + watchSeconds] as number,
  viewers: countViewers(viewers, window, now),
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
