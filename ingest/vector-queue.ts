import type { EntityKey } from '../events/entity.ts'
import type { Embedder } from '../search/embedder.ts'
import type { IngestObserver, Logger } from './observer.ts'
import { Attempts, persist } from './persist.ts'

export interface Embedded {
  shard: number
  entity: EntityKey
  /** Of the text that was embedded: it is out of date when the entity's is another by now. */
  hash: string
  /** Null: an empty text has none. */
  vector: Float32Array | null
}

interface Pending {
  shard: number
  text: string
  hash: string
}

const embedding = { system: 'embedder', what: 'embedding texts' } as const

/**
 * Texts on their way through the embedder: the latest text of an entity, several texts in a call, several calls at
 * once, retried for ever. It holds nothing that a crash could lose: what is pending shows in the entities' states (the
 * hash of the embedded text is not that of the text).
 */
export class VectorQueue {
  readonly #pending = new Map<EntityKey, Pending>()
  /** Hash of the latest text of each entity that is pending or in a call: calls may end in another order. */
  readonly #wanted = new Map<EntityKey, string>()
  readonly #done = new Map<EntityKey, Embedded>()
  readonly #calls = new Set<Promise<void>>()
  readonly #options: VectorQueueOptions
  readonly #attempts: Attempts

  constructor(options: VectorQueueOptions) {
    this.#options = options
    this.#attempts = new Attempts({ ...embedding, logger: options.logger, metrics: options.metrics }, options.concurrency)
  }

  /** Vectors that can be taken. */
  get ready(): number {
    return this.#done.size
  }

  add(shard: number, entity: EntityKey, text: string, hash: string): void {
    this.#done.delete(entity)
    this.#wanted.set(entity, hash)
    this.#pending.delete(entity)
    if (text === '') return this.#finish({ shard, entity, hash, vector: null })
    this.#pending.set(entity, { shard, text, hash })
    this.#start()
  }

  /** What has come back, oldest first. */
  take(most: number): Embedded[] {
    const taken: Embedded[] = []
    for (const [entity, embedded] of this.#done) {
      if (taken.length === most) break
      taken.push(embedded)
      this.#done.delete(entity)
    }
    this.#start()
    return taken
  }

  /** What was taken in vain, unless the entity has a newer text by now. */
  giveBack(embedded: Embedded): void {
    const { entity } = embedded
    if (!this.#wanted.has(entity) && !this.#done.has(entity)) this.#done.set(entity, embedded)
  }

  /** Resolves when the calls under way have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#calls)
  }

  #start(): void {
    const { batch, concurrency, signal } = this.#options
    // Vectors are far bigger than texts: those that nobody takes must not pile up.
    while (this.#calls.size < concurrency && this.#pending.size > 0 && this.#done.size < batch * concurrency && !signal.aborted) {
      const items: (Pending & { entity: EntityKey })[] = []
      for (const [entity, item] of this.#pending) {
        items.push({ entity, ...item })
        this.#pending.delete(entity)
        if (items.length === batch) break
      }
      const call = this.#embed(items).finally(() => {
        this.#calls.delete(call)
        this.#start()
      })
      this.#calls.add(call)
    }
  }

  async #embed(items: readonly (Pending & { entity: EntityKey })[]): Promise<void> {
    const { embedder, signal, logger, metrics } = this.#options
    try {
      const vectors = await persist({ ...embedding, signal, logger, metrics }, () => embedder.embed(items.map(({ text }) => text), signal), this.#attempts)
      items.forEach(({ shard, entity, hash }, i) => this.#finish({ shard, entity, hash, vector: vectors[i] as Float32Array }))
    } catch (error) {
      // Only the end of the ownership ends the attempts; the next owner finds the texts pending.
      if (!signal.aborted) throw error
    }
  }

  #finish(embedded: Embedded): void {
    const { entity, hash } = embedded
    if (this.#wanted.get(entity) !== hash) return
    this.#wanted.delete(entity)
    this.#done.set(entity, embedded)
    this.#options.finished()
  }
}

export interface VectorQueueOptions {
  embedder: Embedder
  batch: number
  concurrency: number
  signal: AbortSignal
  logger: Logger
  metrics: IngestObserver
  /** A vector can be taken. */
  finished(): void
}
