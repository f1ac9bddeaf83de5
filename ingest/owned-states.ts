import type { EntityKey } from '../events/entity.ts'
import { partitionOf } from '../events/topics.ts'
import { isDeleted } from './entity-state.ts'
import type { Metrics } from './metrics/index.ts'
import type { Shard } from './shard.ts'
import type { ShardTail } from './takeover.ts'

/**
 * The states of ingest for readers in its own process, where that owns every shard for as long as it lives (the embedded
 * log): a metric view there reads them instead of evolving copies of its own. Nothing is kept for each entity, and
 * readers hold none of the objects: an ownership that follows another in the same process brings other ones.
 */
export class OwnedStates {
  readonly #partitions: number
  readonly #shards = new Map<number, Shard>()
  readonly #tails = new Map<number, ShardTail>()
  readonly #complete = Promise.withResolvers<void>()

  /** @param partitions of the log: how many shards there are */
  constructor(partitions: number) {
    this.#partitions = partitions
  }

  /**
   * An ownership begins with these shards, which stand where their announcements do. They take the place of the former
   * one's, which answer until then.
   */
  own(shards: Iterable<Shard>): void {
    for (const shard of shards) {
      const { number, epoch, sequence, positions, rekeyed, nextChange } = shard
      this.#shards.set(number, shard)
      this.#tails.set(number, { sequence, epoch, covered: { ...positions }, rekeyed: { ...rekeyed }, next: nextChange })
    }
    if (this.#shards.size === this.#partitions) this.#complete.resolve()
  }

  /** How the announcements stood when each shard was last taken over. Waits until all are, or the signal's abort. */
  async tails(signal: AbortSignal): Promise<ReadonlyMap<number, ShardTail>> {
    const aborted = Promise.withResolvers<void>()
    const giveUp = () => aborted.resolve()
    signal.addEventListener('abort', giveUp)
    if (!signal.aborted) await Promise.race([this.#complete.promise, aborted.promise])
    signal.removeEventListener('abort', giveUp)
    return new Map(this.#tails)
  }

  /** To be read only. Null where nothing was counted, and of a deleted entity until it comes back. */
  metricsOf(entity: EntityKey): Metrics | null {
    const state = this.#shardOf(entity)?.entities.get(entity)?.state
    return state === undefined || isDeleted(state) ? null : state.metrics
  }

  /** When what was counted last was applied, ms; null while that is going on. */
  appliedAtOf(entity: EntityKey): number | null {
    const shard = this.#shardOf(entity)
    const entry = shard?.entities.get(entity)
    return !shard || !entry || shard.isApplying(entry) ? null : entry.state.appliedAt
  }

  #shardOf(entity: EntityKey): Shard | undefined {
    return this.#shards.get(partitionOf(entity, this.#partitions))
  }
}
