import type { EntityKey } from '../events/entity.ts'
import type { Positions } from '../events/log.ts'
import type { CounterName } from '../ingest/effects.ts'

/** Windows of the metrics, by their length. */
export const windowNames = ['30s', '5m', '1h'] as const
export type WindowName = (typeof windowNames)[number]

/** One entity's metrics as of a moment: evaluated when read, so they fall as time passes with no events. */
export interface EntityMetrics {
  /** Distinct people seen watching within the viewer time-out (30 s) before now. */
  viewersNow: number
  /** Counters by window. `viewers`: distinct people seen in the window. Amounts in minor units, watch time in seconds. */
  windows: Readonly<Record<WindowName, Readonly<Record<CounterName | 'viewers', number>>>>
  /** Exponentially decayed totals: an amount counts 2^(−age / half-life). Half-life: 1 hour. */
  decayed: Readonly<Record<CounterName, number>>
  /** Everything ever counted. */
  total: Readonly<Record<CounterName, number>>
  /** When the latest event in it happened and when it was applied, ms. */
  eventTime: number
  appliedAt: number
}

export interface Affinity {
  id: string
  /** Decayed (half-life 7 days): seconds watched, engagements (likes, chats, shares, bids), purchases. */
  watchSeconds: number
  engagements: number
  purchases: number
  /** When the latest of them happened, ms. */
  lastAt: number
}

export interface UserAffinities {
  sellers: readonly Affinity[]
  categories: readonly Affinity[]
  /** Ids of followed sellers. */
  follows: readonly string[]
}

/**
 * What the gateway keeps in memory of metrics and affinities: bootstrapped from `state`, advanced by `changes`. It also
 * knows how far ingest has come, which is what tokens of `publish` wait for.
 */
export interface MetricView {
  metrics(entity: EntityKey, now: number): EntityMetrics | null
  affinities(userId: string, now: number): UserAffinities
  /** Single values, for whoever scores hundreds of entities; 0 where nothing is known. `now` in ms. */
  viewersNow(entity: EntityKey, now: number): number
  popularity(entity: EntityKey, now: number): number
  /** Both of what a feed asks of each candidate, looked up once. */
  audience(entity: EntityKey, now: number): { viewersNow: number; popularity: number }
  /** Everything ever counted. */
  total(entity: EntityKey, name: CounterName): number
  /** Source positions applied so far. */
  covered(): Positions
  /** Resolves when everything before `positions`, what it re-keyed included, is applied; rejects when `signal` aborts. */
  waitFor(positions: Positions, signal: AbortSignal): Promise<void>
  /** Whether it has caught up with what `changes` held when it started. */
  ready(): boolean
}
