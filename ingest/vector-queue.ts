import type { EntityKey } from '../events/entity.ts'
import type { Embedder } from '../search/embedder.ts'
import type { IngestObserver, Logger } from './observer.ts'
import { persist } from './persist.ts'

export interface Embedded {
  shard: number
  entity: EntityKey
  /** Of the text that was embedded: it is out of date when the entity's is another by now. */
  hash: string
  /** Null: an empty text has none. */
  vector: Float32Array | null
}

/**
 * Texts on their way through a remote embedder: the latest text of an entity, several texts in a call, several calls at
 * once, retried for ever. It holds nothing that a crash could lose: what is pending shows in the entities' states (the
 * hash of the embedded text is not that of the text).
 */
export class VectorQueue {
  readonly #pending = new Map<EntityKey, { shard: number; text: string; hash: string }>()
  #done: Embedded[] = []
  #calls = 0
  readonly #options: VectorQueueOptions

  constructor(options: VectorQueueOptions) {
    this.#options = options
  }

  /** Texts that wait for a call. */
  get waiting(): number {
    return this.#pending.size
  }

  add(shard: number, entity: EntityKey, text: string, hash: string): void {
    if (text === '') {
      this.#pending.delete(entity)
      this.#done.push({ shard, entity, hash, vector: null })
      this.#options.ready()
      return
    }
    this.#pending.set(entity, { shard, text, hash })
    this.#start()
  }

  /** What has come back since the last call. */
  take(): Embedded[] {
    if (this.#done.length === 0) return this.#done
    const done = this.#done
    this.#done = []
    return done
  }

  #start(): void {
    const { batch, concurrency, signal } = this.#options
    while (this.#calls < concurrency && this.#pending.size > 0 && !signal.aborted) {
      const items: { entity: EntityKey; shard: number; text: string; hash: string }[] = []
      for (const [entity, item] of this.#pending) {
        items.push({ entity, ...item })
        this.#pending.delete(entity)
        if (items.length === batch) break
      }
      this.#calls++
      void this.#embed(items).finally(() => {
        this.#calls--
        this.#start()
      })
    }
  }

  async #embed(items: readonly { entity: EntityKey; shard: number; text: string; hash: string }[]): Promise<void> {
    const { embedder, signal, logger, metrics, ready } = this.#options
    try {
      const vectors = await persist(
        { system: 'embedder', what: `embedding ${items.length} texts`, signal, logger, metrics },
        () => embedder.embed(items.map(({ text }) => text), signal),
      )
      items.forEach(({ shard, entity, hash }, i) => this.#done.push({ shard, entity, hash, vector: vectors[i] as Float32Array }))
      ready()
    } catch (error) {
      // Only the end of the ownership ends the attempts; the next owner finds the texts pending.
      if (!signal.aborted) throw error
    }
  }
}

export interface VectorQueueOptions {
  embedder: Embedder
  batch: number
  concurrency: number
  signal: AbortSignal
  logger: Logger
  metrics: IngestObserver
  /** Vectors have come back. */
  ready(): void
}
