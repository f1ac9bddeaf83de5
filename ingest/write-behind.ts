import type { Upsert } from '../search/entity-index.ts'
import { doubtfulText, embeddingTextOf, needsEmbedding } from './embedding-text.ts'
import { exists, setDerivedFields } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import type { CopiesDue, MetricCopies } from './metric-copies.ts'
import type { Clock } from './observer.ts'
import { Attempts } from './persist.ts'
import type { Entry, Shard } from './shard.ts'
import { VectorQueue } from './vector-queue.ts'
import type { Embedded } from './vector-queue.ts'
import { limited } from './writing.ts'
import type { WritingOptions } from './writing.ts'

/** Of a shard: what its entities' metrics are in the index. */
export interface Lane {
  shard: Shard
  copies: MetricCopies
}

export interface WriteBehindOptions extends WritingOptions {
  clock: Clock
  /** There is something to join, or to write. */
  wake(): void
}

/** A write of one entity, from before the call until a round has announced it. */
interface Item {
  lane: Lane
  entry: Entry
  revision: number
  copies: CopiesDue['fields'] | null
  vector: Embedded | null
}

/** How long a call shall take, ms: while it runs, the rounds' own writes share the index with it. */
const callMs = 4
const mostEntities = 100
const longestRestMs = 50
/** A round of events takes along what has been written; where none comes for so long, one is made, ms. */
const lingerMs = 10

/**
 * Writes to the index what no event waits for, behind the rounds: copies of metrics, and vectors of changed texts. One
 * call at a time, begun between two rounds, of as many entities as the index takes in a few milliseconds. What is written
 * joins the next round, which announces it without writing it again.
 *
 * Between two rounds the index is where the states are, so a call's images are exact when it begins. Rounds that come
 * while it runs lead: their writes of the same entity take effect after it (`IndexWriter`), and what a newer revision has
 * overtaken is written again by the round that it joins. Nothing here survives a crash or has to: due copies
 * and missing vectors show in the states.
 */
export class WriteBehind {
  readonly #lanes: ReadonlyMap<number, Lane>
  readonly #options: WriteBehindOptions
  readonly #vectors: VectorQueue
  readonly #attempts: Attempts
  #call: Promise<void> | null = null
  #written: Item[] = []
  #entities = 2
  /** Which shard's copies come first: each in its turn. */
  #turn = 0
  #notBefore = 0
  #failed = false

  constructor(lanes: ReadonlyMap<number, Lane>, options: WriteBehindOptions) {
    const { embedder, settings, logger, metrics, signal, wake } = options
    this.#lanes = lanes
    this.#options = options
    this.#attempts = new Attempts({ system: 'index', what: 'writing metrics and vectors behind the events', logger, metrics })
    this.#vectors = new VectorQueue({
      embedder, batch: settings.embedBatch, concurrency: settings.embedConcurrency, logger, metrics, signal, finished: wake,
    })
  }

  /** The entity's text has changed: its vector follows. Until then nobody can say which text's the index has. */
  embed(shard: Shard, entry: Entry): void {
    const { model } = this.#options.embedder
    const { state } = entry
    const { text, name } = embeddingTextOf(state, model)
    state.embeddedText = doubtfulText
    shard.dirty.add(entry)
    this.#vectors.add(shard.number, state.entity, text, name)
  }

  /** Whether `step` would begin something. */
  isDue(now: number): boolean {
    if (this.#call || now < this.#notBefore) return false
    if (this.#vectors.ready > 0) return true
    for (const { copies } of this.#lanes.values()) if (copies.isDue(now)) return true
    return false
  }

  /** Call it between two rounds: begins the next call, where there is something to write and none is under way. */
  step(): void {
    if (this.isDue(this.#options.clock.now())) this.#begin(this.#vectorItems(), true)
  }

  /** Puts what has been written into the shards' rounds, once these have taken their records. */
  join(): void {
    const { embedder: { model } } = this.#options
    for (const { lane: { shard }, entry, copies, vector, revision } of this.#written) {
      const { state } = entry
      if (!exists(state)) continue
      const touch = shard.touch(entry)
      // Otherwise a change has overtaken it.
      touch.written = state.revision + 1 === revision
      if (copies) setDerivedFields(state, copies, touch.pending)
      if (vector && isCurrent(vector, state, model)) {
        touch.vectors = { ...touch.vectors, [model]: vector.vector }
        state.embeddedText = vector.hash
      }
    }
    this.#written = []
  }

  /**
   * At the end: waits for the call under way, or makes one of the vectors that are left. False when there is nothing
   * more: what failed, and texts at a remote embedder, are the next owner's.
   *
   * @param unhurried whether there is time to begin something
   */
  async drain(unhurried: boolean): Promise<boolean> {
    if (unhurried && this.#options.embedder.local) await this.#vectors.settled()
    if (!this.#call && unhurried && !this.#failed) this.#begin(this.#vectorItems(), false)
    await this.#call
    return this.#written.length > 0
  }

  /** Resolves when no call is under way: end the signal first. */
  async over(): Promise<void> {
    await this.#call
  }

  #vectorItems(): Item[] {
    const { embedder: { model } } = this.#options
    const items: Item[] = []
    while (items.length < this.#entities && this.#vectors.ready > 0)
      for (const vector of this.#vectors.take(this.#entities - items.length)) {
        const lane = this.#lanes.get(vector.shard)
        const entry = lane?.shard.entities.get(vector.entity)
        // Deleted, or the text is another by now, which follows in its own time.
        if (!lane || !entry || !exists(entry.state) || !isCurrent(vector, entry.state, model)) continue
        items.push({ lane, entry, revision: entry.state.revision + 1, copies: null, vector })
      }
    return items
  }

  #begin(items: Item[], withCopies: boolean): void {
    const { clock, signal } = this.#options
    if (signal.aborted) return
    const now = clock.now()
    const lanes = withCopies ? [...this.#lanes.values()] : []
    for (let i = 0; i < lanes.length && items.length < this.#entities; i++) {
      const lane = lanes[(this.#turn + i) % lanes.length] as Lane
      const share = Math.ceil((this.#entities - items.length) / (lanes.length - i))
      for (const { entry, fields } of lane.copies.take(now, share)) {
        const same = items.find((item) => item.entry === entry)
        if (same) same.copies = fields
        else items.push({ lane, entry, revision: entry.state.revision + 1, copies: fields, vector: null })
      }
    }
    this.#turn++
    if (items.length > 0) this.#call = this.#write(items, now).finally(() => { this.#call = null })
  }

  async #write(items: Item[], now: number): Promise<void> {
    const { writer, embedder: { model }, clock, signal, wake } = this.#options
    const startedAt = performance.now()
    try {
      const upserts = items.map(({ entry: { state: { kind, id, eventTime } }, copies, vector, revision }): Upsert => ({
        kind, id, fields: copies ?? {}, ...(vector && { vectors: { [model]: vector.vector } }), revision, eventTime, appliedAt: now,
      }))
      await limited(this.#options, (bounded) => writer.upsert(upserts, bounded))
    } catch (error) {
      if (signal.aborted) return
      this.#failed = true
      this.#notBefore = clock.now() + this.#attempts.failed(error)
      for (const { lane, entry, copies, vector } of items) {
        if (copies) lane.copies.giveBack(entry, clock.now())
        if (vector) this.#vectors.giveBack(vector)
      }
      return
    }
    this.#attempts.succeeded()
    this.#failed = false
    this.#written.push(...items)
    const ms = performance.now() - startedAt
    // Nobody waits for these, while rounds and queries want the index's cores: it has as long a rest of them as they took.
    this.#notBefore = clock.now() + Math.min(ms, longestRestMs)
    if (ms < callMs / 2) this.#entities = Math.min(this.#entities * 2, mostEntities)
    else if (ms > callMs) this.#entities = Math.max(this.#entities >> 1, 1)
    setTimeout(wake, lingerMs)
  }
}

const isCurrent = ({ hash }: Embedded, state: EntityState, model: string): boolean => {
  const text = embeddingTextOf(state, model)
  return text.name === hash && needsEmbedding(state, text, model)
}
