import type { EntityKind } from '../events/entity.ts'
import type { AnyFields, FieldValue } from './entities.ts'
import type { Filter } from './filter.ts'

/**
 * Where entities are kept: fields, texts and vectors, with filters, hybrid search and orderings. The port that the
 * embedded adapter (`embedded.ts`) and the Weaviate adapter (`weaviate.ts`) both fulfil; one contract suite runs on both.
 *
 * Ordering in time is not its business: there is one writer per entity, which sends values that are already decided.
 */

/** A field-level write: what is absent stays as it is. */
export interface Upsert {
  kind: EntityKind
  id: string
  /** `null` removes the field. */
  fields: Readonly<Record<string, FieldValue | null>>
  /** By space (the embedding model's name); `null` removes the vector. */
  vectors?: Readonly<Record<string, Float32Array | null>>
  /** The entity's revision after this write; never falls. */
  revision: number
  /** Milliseconds since the epoch of the latest event in it. */
  eventTime: number
  /** When it was written, ms. */
  appliedAt: number
}

export interface StoredEntity {
  kind: EntityKind
  id: string
  fields: AnyFields
  revision: number
  eventTime: number
  appliedAt: number
  /** Only where asked for. */
  vectors?: Readonly<Record<string, Float32Array>>
}

export interface Ordering {
  /** `id` or an orderable field. Missing values come last in both directions; ties are broken by id, ascending. */
  field: string
  direction: 'asc' | 'desc'
}

/**
 * Text and/or vector. `alpha` weighs the vector leg (1: vector alone, 0: text alone). Legs are fused by
 * `relativeScore`: each leg's scores min-max scaled to 0…1 (a leg of equal scores counts 1), or by
 * `ranked`: 1 / (60 + rank), rank from 0, each times its weight.
 */
export interface HybridQuery {
  text?: string
  vector?: { space: string; values: Float32Array }
  alpha: number
  fusion: 'relativeScore' | 'ranked'
}

export interface IndexQuery {
  kind: EntityKind
  filter?: Filter
  /** Without it the query is a listing, ordered by `orderBy`. */
  hybrid?: HybridQuery
  /** Only for listings. Default: by id, ascending. */
  orderBy?: readonly Ordering[]
  /** 1…1,000 */
  limit: number
  /** Where the former page ended: `IndexHit.cursor` of its last hit. */
  after?: string
  /** Spaces whose vectors shall come with the hits. */
  withVectors?: readonly string[]
  /** `false`: hits name the entity and say nothing more of it (no fields, no vectors, stamps of 0). Default: true. */
  withFields?: boolean
  signal?: AbortSignal
}

/** How a hybrid hit came about: raw scores of the legs (absent: not found by that leg) and their weighted parts in the fusion. */
export interface ScoreParts {
  text?: { score: number; part: number }
  vector?: { similarity: number; part: number }
}

export interface IndexHit {
  entity: StoredEntity
  /** The fused score; 0 for listings. */
  score: number
  parts?: ScoreParts
  /** Opaque. Names this place in this query; another query's cursor is refused with `InvalidCursorError`. */
  cursor: string
}

export interface IndexPage {
  hits: readonly IndexHit[]
  hasNextPage: boolean
}

export interface IndexStats {
  adapter: string
  generation: string
  entities: Readonly<Record<EntityKind, number>>
  /** Dimensions of each vector space. */
  spaces: Readonly<Record<string, number>>
}

/**
 * What a writer can do. The serving index is one, and so is a generation that is being built beside it. Calls that are
 * under way together and concern the same entity take effect on it in the order in which they were made.
 */
export interface IndexWriter {
  /** All of a call's writes are visible to queries once it resolves. Creates what is missing; the order within a call counts. */
  upsert(writes: readonly Upsert[], signal?: AbortSignal): Promise<void>
  delete(entities: readonly { kind: EntityKind; id: string }[], signal?: AbortSignal): Promise<void>
  /** What was written before survives a crash once this resolves. */
  flush(): Promise<void>
}

/** A complete second index, filled in silence, that takes the serving one's place in one step. */
export interface Generation extends IndexWriter {
  readonly name: string
  /** Queries see this generation from here on; the former one is dropped. */
  activate(): Promise<void>
  /** Removes it without a trace. */
  discard(): Promise<void>
}

export interface EntityIndex extends IndexWriter {
  /** Whether it answers in this process, without waiting for anybody. */
  readonly local: boolean
  /** Connects, creates or migrates what is needed. Throws `IndexUnavailableError` when it can't be reached. */
  open(signal?: AbortSignal): Promise<void>
  /** In the order of `ids`; `null` where there is none. Up to 1,000 ids. */
  getMany(kind: EntityKind, ids: readonly string[], options?: { withVectors?: readonly string[]; signal?: AbortSignal }): Promise<(StoredEntity | null)[]>
  query(query: IndexQuery): Promise<IndexPage>
  /** Begins a new generation beside the serving one. */
  newGeneration(): Promise<Generation>
  stats(): Promise<IndexStats>
  close(): Promise<void>
}

/** What a query without fields says of an entity. */
export const nameOnly = (kind: EntityKind, id: string): StoredEntity => ({ kind, id, fields: {}, revision: 0, eventTime: 0, appliedAt: 0 })

/** The index cannot be reached or timed out. Never the event's fault: retry and wait. */
export class IndexUnavailableError extends Error {
  override readonly name = 'IndexUnavailableError'
  readonly code = 'INDEX_UNAVAILABLE'
}

export class InvalidCursorError extends Error {
  override readonly name = 'InvalidCursorError'
  readonly code = 'INVALID_CURSOR'
}

/** A filter, ordering, vector or limit that the index's schema does not allow; the message names field and expectation. */
export class InvalidIndexQueryError extends Error {
  override readonly name = 'InvalidIndexQueryError'
  readonly code = 'INVALID_QUERY'
  /** The limit that the query exceeds, where that is what is wrong with it. */
  readonly limit: string | undefined

  constructor(message: string, limit?: string) {
    super(message)
    this.limit = limit
  }
}
