import { entityKey, type EntityKey } from '../events/entity.ts'
import { parseTime } from '../events/time.ts'
import type { DomainEvent } from '../events/vocabulary.ts'
import { endChange } from '../ingest/entity-change.ts'
import { applyEffect, beginChange, newEntityState, setDerivedFields, type EntityState, type PendingChange } from '../ingest/entity-state.ts'
import { popularityOf } from '../ingest/metrics/popularity.ts'
import { readMetrics, readUserAffinities, totalValue, viewersNow } from '../ingest/metrics/read.ts'
import { project } from '../ingest/projections/index.ts'
import { LiveStreams } from '../resolvers/feed/live-streams.ts'
import { openEmbeddedIndex } from '../search/embedded.ts'
import { textOf } from '../search/entities.ts'
import type { EntityIndex, Upsert } from '../search/entity-index.ts'
import { createHashingEmbedder } from '../search/hashing-embedder.ts'
import type { MetricView } from '../search/metrics.ts'

/**
 * The state of a market in simulated time: events go through the real projections into the real index and metrics, without
 * a log and without a clock. For judging what a feed shows, where days pass in seconds.
 */
export interface MarketState {
  index: EntityIndex
  view: MetricView
  live: LiveStreams
  textSpace: string
  observe(event: DomainEvent): void
  /** Writes what has changed to the index, with the copies of metrics as of `now` (ms). */
  settle(now: number): Promise<void>
}

export async function createMarketState(): Promise<MarketState> {
  const index = await openEmbeddedIndex({ directory: null })
  const embedder = createHashingEmbedder()
  const states = new Map<EntityKey, EntityState>()
  const dirty = new Map<EntityState, PendingChange>()
  let moment = 0

  const changing = (entity: EntityKey): { state: EntityState; pending: PendingChange } => {
    let state = states.get(entity)
    if (!state) states.set(entity, (state = newEntityState(entity)))
    let pending = dirty.get(state)
    if (!pending) dirty.set(state, (pending = beginChange(state)))
    return { state, pending }
  }

  async function toUpsert(state: EntityState, pending: PendingChange, now: number): Promise<Upsert | null> {
    if (state.kind !== 'user' && state.metrics)
      setDerivedFields(state, {
        popularity: popularityOf(state.metrics, now),
        ...(state.kind === 'livestream' ? { viewersNow: viewersNow(state.metrics, now) } : {}),
      }, pending)
    const change = endChange(state, pending)
    if (!change) return null
    live.announced({ entity: state.entity, after: change.after })
    const { kind, id, revision, eventTime } = state
    const vectors: Record<string, Float32Array | null> = { ...change.vectors }
    if (change.operation === 'created') vectors[embedder.model] = (await embedder.embed([textOf(kind, change.after ?? {})]))[0] ?? null
    return { kind, id, fields: change.fields, vectors, revision, eventTime, appliedAt: now }
  }

  const metricsOf = (entity: EntityKey) => states.get(entity)?.metrics ?? null
  const view: MetricView = {
    metrics: (entity, now) => {
      const metrics = metricsOf(entity)
      return metrics && readMetrics(metrics, now, now)
    },
    affinities: (userId, now) => {
      const metrics = metricsOf(entityKey('user', userId))
      return metrics ? readUserAffinities(metrics, now) : { sellers: [], categories: [], follows: [] }
    },
    viewersNow: (entity, now) => {
      const metrics = metricsOf(entity)
      return metrics ? viewersNow(metrics, now) : 0
    },
    popularity: (entity, now) => {
      const metrics = metricsOf(entity)
      return metrics ? popularityOf(metrics, now) : 0
    },
    audience: (entity, now) => ({ viewersNow: view.viewersNow(entity, now), popularity: view.popularity(entity, now) }),
    total: (entity, name) => {
      const metrics = metricsOf(entity)
      return metrics ? totalValue(metrics, name) : 0
    },
    covered: () => ({}),
    waitFor: () => Promise.resolve(),
    ready: () => true,
  }
  const live = new LiveStreams({ view, clock: () => moment })
  await live.load(index)

  return {
    index, view, live, textSpace: embedder.model,
    observe(event) {
      const time = parseTime(event.time)
      if (time === null) throw new Error(`${event.id} has no valid time`)
      const stamp = { time, source: event.source, id: event.id }
      for (const effect of project(event, time)) {
        const { state, pending } = changing(effect.entity)
        applyEffect(state, effect, stamp, time, pending)
      }
    },
    async settle(now) {
      moment = now
      // Streams that nothing happened to lose viewers as well.
      for (const state of states.values()) if (state.kind === 'livestream' && state.metrics) changing(state.entity)
      const upserts: Upsert[] = []
      for (const [state, pending] of dirty) {
        const upsert = await toUpsert(state, pending, now)
        if (upsert) upserts.push(upsert)
      }
      dirty.clear()
      await index.upsert(upserts)
    },
  }
}
