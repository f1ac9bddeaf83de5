import type { EntityMetrics, UserAffinities, WindowName } from '../../search/metrics.ts'
import { windowNames } from '../../search/metrics.ts'
import type { CounterName } from '../effects.ts'
import { readAffinities } from './affinities.ts'
import { counterIndex, decayAt, decayedOf, sumOf, sumWindow, totalOf } from './counters.ts'
import { countViewers } from './distinct-viewers.ts'
import { readFollows } from './follows.ts'
import type { Metrics } from './index.ts'

type Counts = Record<CounterName, number>

/** Values at `now` (ms): the only place where the clock enters. Exact for `now ≥ appendedAt − readSlackMs`. */
export function readMetrics(state: Metrics, now: number, appliedAt: number): EntityMetrics {
  const { counters } = state
  const factor = decayAt(counters, now)
  const minute = windowAt(state, 0, now)
  return {
    viewersNow: minute.viewers,
    windows: { '30s': minute, '5m': windowAt(state, 1, now), '1h': windowAt(state, 2, now) },
    decayed: countsOf((counter) => decayedOf(counters, counter, factor)),
    total: countsOf((counter) => totalOf(counters, counter)),
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

const sums: number[] = []

function windowAt(state: Metrics, window: number, now: number): Counts & { viewers: number } {
  sumWindow(state.counters, window, now, sums)
  return {
    ...countsOf((counter) => sums[counter] as number),
    viewers: state.viewers === null ? 0 : countViewers(state.viewers, window, now),
  }
}

const [views, chats, likes, shares, bids, purchases, revenue, watchSeconds] =
  (['views', 'chats', 'likes', 'shares', 'bids', 'purchases', 'revenue', 'watchSeconds'] as const).map(counterIndex) as
    [number, number, number, number, number, number, number, number]

const countsOf = (value: (counter: number) => number): Counts => ({
  views: value(views), chats: value(chats), likes: value(likes), shares: value(shares), bids: value(bids),
  purchases: value(purchases), revenue: value(revenue), watchSeconds: value(watchSeconds),
})
