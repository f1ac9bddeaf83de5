import type { EntityKind } from '../events/entity.ts'
import { openGenerations, type Generations } from './embedded/generations.ts'
import { runQuery } from './embedded/query.ts'
import type { Store } from './embedded/store.ts'
import {
  IndexUnavailableError, InvalidIndexQueryError,
  type EntityIndex, type Generation, type IndexPage, type IndexQuery, type IndexStats, type StoredEntity, type Upsert,
} from './entity-index.ts'
import { assertDimensions, queryLimits, validateQuery } from './validate.ts'

export interface EmbeddedIndexOptions {
  /** Where generations are kept; `null` keeps nothing. One process at a time: a second one is refused. */
  directory: string | null
}

/**
 * The embedded adapter of `EntityIndex`: everything in memory, vectors scanned exactly, text by BM25F, a segmented log of
 * changes on disk. It is open when this resolves. Throws `IndexUnavailableError` when another process has the directory.
 */
export async function openEmbeddedIndex({ directory }: EmbeddedIndexOptions): Promise<EntityIndex> {
  return new EmbeddedIndex(await openGenerations(directory))
}

class EmbeddedIndex implements EntityIndex {
  readonly local = true
  readonly #generations: Generations
  #closed = false

  constructor(generations: Generations) {
    this.#generations = generations
  }

  async open(): Promise<void> {
    this.#store()
  }

  async upsert(writes: readonly Upsert[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#store().upsert(writes)
  }

  async delete(entities: readonly { kind: EntityKind; id: string }[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const store = this.#store()
    for (const { kind, id } of entities) store.delete(kind, id)
  }

  async flush(): Promise<void> {
    this.#store()
    await this.#generations.serving.flush()
  }

  async getMany(kind: EntityKind, ids: readonly string[],
    { withVectors, signal }: { withVectors?: readonly string[]; signal?: AbortSignal } = {}): Promise<(StoredEntity | null)[]> {
    signal?.throwIfAborted()
    if (ids.length > queryLimits.ids) {
      throw new InvalidIndexQueryError(`getMany takes up to ${queryLimits.ids} ids; got ${ids.length}.`)
    }
    const store = this.#store()
    return ids.map((id) => store.get(kind, id, withVectors))
  }

  async query(query: IndexQuery): Promise<IndexPage> {
    query.signal?.throwIfAborted()
    validateQuery(query)
    const store = this.#store()
    const vector = query.hybrid?.vector
    const dimensions = vector && store.spaces.get(vector.space)
    if (dimensions !== undefined) assertDimensions(vector!.space, dimensions, vector!.values.length)
    return runQuery(store.tables[query.kind], query)
  }

  async newGeneration(): Promise<Generation> {
    this.#store()
    const built = await this.#generations.begin()
    return {
      name: built.name,
      upsert: async (writes, signal) => {
        signal?.throwIfAborted()
        built.store.upsert(writes)
      },
      delete: async (entities, signal) => {
        signal?.throwIfAborted()
        for (const { kind, id } of entities) built.store.delete(kind, id)
      },
      flush: () => built.flush(),
      activate: () => this.#generations.activate(built),
      discard: () => this.#generations.discard(built),
    }
  }

  async stats(): Promise<IndexStats> {
    const { tables, spaces } = this.#store()
    return {
      adapter: 'embedded',
      generation: this.#generations.serving.name,
      entities: { user: tables.user.size, seller: tables.seller.size, livestream: tables.livestream.size },
      spaces: Object.fromEntries(spaces),
    }
  }

  /** Flushes first. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#generations.close()
  }

  #store(): Store {
    if (this.#closed) throw new IndexUnavailableError('The embedded index is closed: open it again with openEmbeddedIndex.')
    return this.#generations.serving.store
  }
}
