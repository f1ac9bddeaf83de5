import { entityKey, parseEntityKey } from '../events/entity.ts'
import type { EntityKey } from '../events/entity.ts'
import type { Positions } from '../events/log.ts'
import type { ChangeBatch } from '../ingest/change-reader.ts'
import type { CounterName } from '../ingest/effects.ts'
import { decodeStateMetrics } from '../ingest/entity-state-codec.ts'
import { evolve, newMetrics, pruneMetrics } from '../ingest/metrics/index.ts'
import type { Metrics } from '../ingest/metrics/index.ts'
import { popularityOf } from '../ingest/metrics/popularity.ts'
import { decayedValue, readMetrics, readUserAffinities, totalValue, viewersNow, windowValue } from '../ingest/metrics/read.ts'
import { projectionVersion } from '../ingest/projections/index.ts'
import type { EntityMetrics, MetricView, UserAffinities, WindowName } from './metrics.ts'
import { ProgressWaits } from './progress-waits.ts'

interface Entry {
  metrics: Metrics
  appliedAt: number
  /** Of the last batch of its shard that it includes. */
  sequence: number
  /** Deleted ones answer nothing; they may come back. */
  hidden: boolean
}

/** What a checkpoint says of a shard as a whole. */
export interface ShardStart {
  covered: Positions
  rekeyed: Positions
}

/**
 * Metrics that somebody in this process keeps, for a view that need not have copies of its own: ingest's
 * (ingest/owned-states.ts). They may be ahead of the announcements by what is being applied.
 */
export interface MetricsSource {
  /** Read at once, never kept or changed. Null where nothing was counted, and of a deleted entity. */
  metricsOf(entity: EntityKey): Metrics | null
  /** When what was counted last was applied, ms; null while that is going on. */
  appliedAtOf(entity: EntityKey): number | null
}

/** How many entities a batch prunes in passing, besides those it touches. */
const sweptPerBatch = 32

/**
 * The metric view in memory. Load it from the records of `state` (`loadState`, `loadShard`), then apply every batch of
 * `changes` after the checkpoint in order (`apply`), then say that it has caught up (`caughtUp`). It changes with the same
 * functions as ingest's own state, so both read alike. With a source it keeps no metrics: batches tell it of progress alone.
 */
export class MetricViewImpl implements MetricView {
  readonly #entries = new Map<EntityKey, Entry>()
  readonly #waits = new ProgressWaits()
  /** Greatest append time seen: what pruning goes by. */
  #appendedAt = 0
  #sweep: Iterator<Entry> = this.#entries.values()
  #ready = false
  readonly #source: MetricsSource | null

  constructor({ source = null }: { source?: MetricsSource | null } = {}) {
    this.#source = source
  }

  /**
   * Takes in an entity's record of the state topic; of several the last counts, and `null` removes. Records that are no
   * entity's, or of another projection version, are left out.
   *
   * @throws StateRecordError when the record is damaged
   */
  loadState(key: string, value: Uint8Array | null): void {
    if (!parseEntityKey(key)) return
    const entity = key as EntityKey
    this.#entries.delete(entity)
    if (value === null) return
    const { metrics, appliedAt, sequence, deleted, version } = decodeStateMetrics(entity, value)
    if (version !== projectionVersion || (metrics === null && !deleted)) return
    this.#entries.set(entity, { metrics: metrics ?? newMetrics(), appliedAt, sequence, hidden: deleted })
    if (metrics && metrics.appendedAt > this.#appendedAt) this.#appendedAt = metrics.appendedAt
  }

  /** Where a shard's checkpoint stands. */
  loadShard({ covered, rekeyed }: ShardStart): void {
    this.#waits.advance(covered, rekeyed)
  }

  /** Takes in a batch. Per shard in order, each once (`readChanges` sees to it). */
  apply(batch: ChangeBatch): void {
    if (!this.#source) this.#evolve(batch)
    this.#waits.advance(batch.progress.covered, batch.progress.rekeyed)
  }

  #evolve({ sequence, entities, metrics }: ChangeBatch): void {
    for (const { entities: changes, appendedAt, appliedAt } of metrics) {
      if (appendedAt > this.#appendedAt) this.#appendedAt = appendedAt
      for (const { entity, increments } of changes) {
        const entry = this.#entryOf(entity)
        // Its state record was written later than this batch.
        if (entry.sequence >= sequence) continue
        for (const increment of increments) evolve(entry.metrics, increment, appendedAt)
        entry.appliedAt = appliedAt
      }
    }
    // Only now: a batch may hold several records about one entity.
    for (const { entities: changes } of metrics)
      for (const { entity } of changes) {
        const entry = this.#entryOf(entity)
        if (entry.sequence < sequence) entry.sequence = sequence
      }
    for (const { entity, operation } of entities) {
      if (operation === 'deleted') this.#entryOf(entity).hidden = true
      else if (operation === 'created') {
        // Nothing is kept of an entity of which nothing was counted.
        const entry = this.#entries.get(entity)
        if (entry) entry.hidden = false
      }
    }
    this.#prune()
  }

  /** Everything that `changes` held at the start is applied. */
  caughtUp(): void {
    this.#ready = true
  }

  ready(): boolean {
    return this.#ready
  }

  covered(): Positions {
    return this.#waits.covered()
  }

  waitFor(positions: Positions, signal: AbortSignal): Promise<void> {
    return this.#waits.waitFor(positions, signal)
  }

  metrics(entity: EntityKey, now: number): EntityMetrics | null {
    const metrics = this.#visible(entity)
    if (!metrics) return null
    // What is being applied is answered already: now.
    return readMetrics(metrics, now, this.#source?.appliedAtOf(entity) ?? this.#entries.get(entity)?.appliedAt ?? now)
  }

  affinities(userId: string, now: number): UserAffinities {
    const metrics = this.#visible(entityKey('user', userId))
    return metrics ? readUserAffinities(metrics, now) : { sellers: [], categories: [], follows: [] }
  }

  /** Single values, for whoever scores hundreds of entities: 0 where nothing is known. `now` in ms. */
  viewersNow(entity: EntityKey, now: number): number {
    const metrics = this.#visible(entity)
    return metrics ? viewersNow(metrics, now) : 0
  }

  audience(entity: EntityKey, now: number): { viewersNow: number; popularity: number } {
    const metrics = this.#visible(entity)
    return metrics ? { viewersNow: viewersNow(metrics, now), popularity: popularityOf(metrics, now) } : { viewersNow: 0, popularity: 0 }
  }

  window(entity: EntityKey, window: WindowName, name: CounterName | 'viewers', now: number): number {
    const metrics = this.#visible(entity)
    return metrics ? windowValue(metrics, window, name, now) : 0
  }

  decayed(entity: EntityKey, name: CounterName, now: number): number {
    const metrics = this.#visible(entity)
    return metrics ? decayedValue(metrics, name, now) : 0
  }

  total(entity: EntityKey, name: CounterName): number {
    const metrics = this.#visible(entity)
    return metrics ? totalValue(metrics, name) : 0
  }

  popularity(entity: EntityKey, now: number): number {
    const metrics = this.#visible(entity)
    return metrics ? popularityOf(metrics, now) : 0
  }

  /** Entities kept, and how many non-empty buckets they have: what the view's memory depends on. */
  get size(): number {
    return this.#entries.size
  }

  get cells(): number {
    let cells = 0
    for (const { metrics } of this.#entries.values()) cells += metrics.cells.length / 2
    return cells
  }

  #visible(entity: EntityKey): Metrics | null {
    if (this.#source) return this.#source.metricsOf(entity)
    const entry = this.#entries.get(entity)
    return entry && !entry.hidden ? entry.metrics : null
  }

  #entryOf(entity: EntityKey): Entry {
    let entry = this.#entries.get(entity)
    if (!entry) this.#entries.set(entity, (entry = { metrics: newMetrics(), appliedAt: 0, sequence: -1, hidden: false }))
    return entry
  }

  /** Goes around all entities, a few with each batch: those which nothing happens to shrink as well. */
  #prune(): void {
    for (let i = 0; i < sweptPerBatch; i++) {
      const next = this.#sweep.next()
      if (next.done) {
        this.#sweep = this.#entries.values()
        return
      }
      pruneMetrics(next.value.metrics, this.#appendedAt)
    }
  }
}
