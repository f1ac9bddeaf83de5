import type { EntityKey } from '../events/entity.ts'
import type { FieldValue } from '../search/entities.ts'

/**
 * What one event does to one entity: the output of a projection, the unit that is re-keyed to other partitions, and
 * (its increments) what a change record carries to the metric views. Plain JSON.
 */
export interface Effect {
  entity: EntityKey
  /** Field patches: last write wins per field, by the event's stamp. `null` removes. */
  fields?: Readonly<Record<string, FieldValue | null>>
  /** The entity is deleted as of the event; what is stamped later survives. */
  tombstone?: true
  /** A vector computed elsewhere, last write wins per model. */
  vector?: { model: string; values: readonly number[] }
  increments?: readonly Increment[]
}

/** Names of the counted metrics. `views` is the heartbeat itself; viewers are counted as distinct people. */
export const counterNames = ['views', 'chats', 'likes', 'shares', 'bids', 'purchases', 'revenue', 'watchSeconds'] as const
export type CounterName = (typeof counterNames)[number]

/** Commutative steps of an entity's metrics and affinities, at an event time in milliseconds. */
export type Increment =
  /** Adds a whole amount to a counter. */
  | { count: CounterName; at: number; amount: number }
  /** A person was seen watching: for viewers now and distinct viewers of windows. */
  | { viewer: string; at: number }
  /** A user's affinity to a seller or category grows. */
  | { affinity: 'seller' | 'category'; to: string; signal: AffinitySignal; at: number; amount: number }
  /** Follows are a state: last write wins by (at, tie), where tie is the event's `source` and `id`. */
  | { follow: string; following: boolean; at: number; tie: string }

export type AffinitySignal = 'watchSeconds' | 'engagements' | 'purchases'
