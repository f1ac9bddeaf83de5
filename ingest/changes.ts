import type { EntityKey } from '../events/entity.ts'
import type { Positions } from '../events/log.ts'
import type { AnyFields, FieldValue } from '../search/entities.ts'
import type { Increment } from './effects.ts'

/**
 * What ingest announces on `changes` (partition n speaks for shard n: partition n of every ingested topic). One batch is
 * one atomic append: entity changes, metric changes, then the progress record that ends it. JSON.
 */
export type ChangeRecord = EntityChanged | MetricsChanged | Progress

interface InBatch {
  shard: number
  /** Of the shard's owner. Readers drop records of an epoch older than one they have seen in the same partition. */
  epoch: number
  /** Of the batch: rises by one with each batch of a shard, across epochs. Readers drop repeated ones. */
  sequence: number
  /** Place of the record in its batch, from 0: a batch that is too big for one append, or was appended twice, stays exact. */
  index: number
}

/** Fields of an entity changed. Record key: the entity. */
export interface EntityChanged extends InBatch {
  type: 'EntityChanged'
  entity: EntityKey
  /** Rises with every change of the entity's fields. */
  revision: number
  operation: 'created' | 'updated' | 'deleted'
  /** Changed field → its former value (null: it had none). Vectors appear as `vector:MODEL` with null. */
  changed: Readonly<Record<string, FieldValue | null>>
  /** All filterable and orderable fields after the change; null when deleted. */
  after: AnyFields | null
  /** Of the latest event in it: when it happened and when the log had it, ms. */
  eventTime: number
  appendedAt: number
  /** When a query first answered with it, ms. */
  appliedAt: number
  /** The events it holds, oldest first. */
  events: readonly { type: string; id: string; source: string }[]
}

/** Counters, viewers and affinities moved. One record per batch (split only by size). Record key: null. */
export interface MetricsChanged extends InBatch {
  type: 'MetricsChanged'
  entities: readonly { entity: EntityKey; increments: readonly Increment[] }[]
  /** Of the oldest event in it, ms. */
  eventTime: number
  appendedAt: number
  appliedAt: number
}

/** Ends a batch: everything before these positions is applied, or was found to be nothing. Record key: null. */
export interface Progress extends InBatch {
  type: 'Progress'
  /** Positions of the shard's partitions (exclusive ends). */
  covered: Positions
  /** Ends of what this shard has re-keyed so far, by partition of the re-keyed topic: a token waits for these too. */
  rekeyed: Positions
  noops: number
  deadLetters: number
  appliedAt: number
  /**
   * Not a batch, it repeats the last sequence: `claimed` begins an epoch (what an older epoch writes after it is void),
   * `closed` ends one cleanly (the owner has written its checkpoint and writes nothing more, so nobody need wait for it).
   */
  ownership?: 'claimed' | 'closed'
}
