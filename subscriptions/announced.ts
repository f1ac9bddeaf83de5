import type { EntityKey } from '../events/entity.ts'
import type { ChangeBatch } from '../ingest/change-reader.ts'
import type { Place } from '../resolvers/live.ts'
import { changesLane, type Cut, type Position } from './cut.ts'

/** An entity whose metrics moved. */
export interface Counted {
  entity: EntityKey
  item: number
  eventTime: number
  appliedAt: number
}

/**
 * A batch of `changes` on its way to subscribers. Its items are its entities in order, then the entities of its metrics in
 * order; each has a place of its own, so that who has seen a part of a batch goes on behind that part.
 */
export class Announced {
  readonly batch: ChangeBatch
  readonly lane: string
  /** What its reader has before it, and with it. */
  readonly before: Cut
  readonly after: Cut
  /** How many of its items the reader has already. */
  readonly skip: number
  /** How many items it has. */
  readonly items: number
  readonly #places: Place[] = []
  readonly #cuts: Cut[] = []

  constructor(batch: ChangeBatch, before: Cut, skip = 0) {
    this.batch = batch
    this.lane = changesLane(batch.shard)
    this.before = before
    this.skip = skip
    this.items = batch.metrics.reduce((sum, { entities }) => sum + entities.length, batch.entities.length)
    this.after = { ...before, [this.lane]: this.end }
  }

  /** Behind all of it. */
  get end(): Position {
    const { next, epoch, sequence } = this.batch
    return { next, epoch, sequence, skip: 0 }
  }

  /** The place of an item. The last one's is the end of the batch. */
  at(item: number): Place {
    return this.#places[item] ??= {
      lane: this.lane,
      position: item >= this.items - 1
        ? this.end
        : { next: this.batch.first, epoch: this.batch.epoch, sequence: this.batch.sequence - 1, skip: item + 1 },
    }
  }

  /** What its reader has with this item: one object for all who ask. */
  cutAt(item: number): Cut {
    return item >= this.items - 1 ? this.after : (this.#cuts[item] ??= { ...this.before, [this.lane]: this.at(item).position })
  }

  /** Of the batch on the log. */
  get bytes(): number {
    return this.batch.bytes
  }

  /** The entities whose metrics moved, with their items' numbers; `skip` is left to the caller. */
  *counted(): Generator<Counted> {
    let item = this.batch.entities.length
    for (const { entities, eventTime, appliedAt } of this.batch.metrics)
      for (const { entity } of entities) yield { entity, item: item++, eventTime, appliedAt }
  }
}
