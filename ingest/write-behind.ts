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
import { allFields, limited } from './writing.ts'
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

/** A write of one entity, from before the call until it is in a round that announces it. */
interface Item {
  lane: Lane
  entry: Entry
  copies: CopiesDue['fields'] | null
  vector: Embedded | null
  /** Under a revision that nothing else gets, so it stays what it is however often it is tried. */
  upsert: Upsert
  progress: 'under way' | 'written' | 'failed'
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
 * Between two rounds the index is where the states are, so a call's images are exact when it begins, and it reserves the next
 * revision of each of its entities. A round that changes one of them in the meantime takes in what was to be written and
 * writes it as well, under the revision after that: it takes effect later (`IndexWriter`), so it does not matter how the call
 * fares. What has failed is tried again as it was. Nothing here survives a crash or has to: due copies and missing vectors
 * show in the states.
 */
export class WriteBehind {
  readonly #lanes: ReadonlyMap<number, Lane>
  readonly #options: WriteBehindOptions
  readonly #vectors: VectorQueue
  readonly #attempts: Attempts
  readonly #items = new Map<Entry, Item>()
  #call: Promise<void> | null = null
  #entities = 2
  /** Which shard's copies come first: each in its turn. */
  #turn = 0
  #notBefore = 0
  #failed = false
  /** Entities written since somebody asked. */
  #writes = 0

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
    if (this.#failed || this.#vectors.ready > 0) return true
    for (const { copies } of this.#lanes.values()) if (copies.isDue(now)) return true
    return false
  }

  /** Call it between two rounds: begins the next call, where there is something to write and none is under way. */
  step(): void {
    const now = this.#options.clock.now()
    if (!this.isDue(now)) return
    if (this.#failed) return this.#begin(this.#again())
    const items = this.#vectorItems(now)
    this.#begin([...items, ...this.#copyItems(now, this.#entities - items.length)])
  }

  /** How many entities have been written since the last call, those included that a change had overtaken. */
  takeWrites(): number {
    const writes = this.#writes
    this.#writes = 0
    return writes
  }

  /**
   * Puts what has been written into the shards' rounds, once these have taken their records; and of entities that these have
   * touched also what is under way or has failed, which the round then writes itself.
   */
  join(): void {
    const { embedder: { model } } = this.#options
    for (const { lane: { shard }, entry, copies, vector, upsert, progress } of this.#items.values()) {
      const isTouched = shard.round.touched.has(entry)
      if (progress !== 'written' && !isTouched) continue
      this.#items.delete(entry)
      const { state } = entry
      if (!exists(state)) continue
      const touch = shard.touch(entry)
      if (!isTouched) touch.written = upsert.revision
      if (copies) setDerivedFields(state, copies, touch.pending)
      if (vector && isCurrent(vector, state, model)) {
        touch.vectors = { ...touch.vectors, [model]: vector.vector }
        state.embeddedText = vector.hash
      }
    }
    this.#failed &&= this.#some(({ progress }) => progress === 'failed')
  }

  /**
   * At the end: waits for the call under way, or makes one of the vectors that are left. False when there is nothing
   * more: what failed, and texts at a remote embedder, are the next owner's.
   *
   * @param unhurried whether there is time to begin something
   */
  async drain(unhurried: boolean): Promise<boolean> {
    const { embedder, clock } = this.#options
    if (unhurried && embedder.local) await this.#vectors.settled()
    if (!this.#call && unhurried && !this.#failed) this.#begin(this.#vectorItems(clock.now()))
    await this.#call
    return this.#some(({ progress }) => progress === 'written')
  }

  /** Resolves when no call is under way: end the signal first. */
  async over(): Promise<void> {
    await this.#call
  }

  #some(holds: (item: Item) => boolean): boolean {
    for (const item of this.#items.values()) if (holds(item)) return true
    return false
  }

  #again(): Item[] {
    return [...this.#items.values()].filter(({ progress }) => progress === 'failed')
  }

  #vectorItems(now: number): Item[] {
    const { embedder: { model } } = this.#options
    const items: Item[] = []
    const later: Embedded[] = []
    while (items.length < this.#entities && this.#vectors.ready > 0)
      for (const vector of this.#vectors.take(this.#entities - items.length)) {
        const lane = this.#lanes.get(vector.shard)
        const entry = lane?.shard.entities.get(vector.entity)
        // Deleted, or the text is another by now, which follows in its own time.
        if (!lane || !entry || !exists(entry.state) || !isCurrent(vector, entry.state, model)) continue
        if (this.#items.has(entry)) later.push(vector)
        else items.push(this.#reserve(lane, entry, { copies: null, vector }, now))
      }
    for (const vector of later) this.#vectors.giveBack(vector)
    return items
  }

  #copyItems(now: number, most: number): Item[] {
    const items: Item[] = []
    const lanes = [...this.#lanes.values()]
    for (let i = 0; i < lanes.length && items.length < most; i++) {
      const lane = lanes[(this.#turn + i) % lanes.length] as Lane
      const share = Math.ceil((most - items.length) / (lanes.length - i))
      for (const { entry, fields } of lane.copies.take(now, share))
        if (this.#items.has(entry)) lane.copies.giveBack(entry, now)
        else items.push(this.#reserve(lane, entry, { copies: fields, vector: null }, now))
    }
    this.#turn++
    return items
  }

  #reserve(lane: Lane, entry: Entry, { copies, vector }: Pick<Item, 'copies' | 'vector'>, now: number): Item {
    const { embedder: { model } } = this.#options
    const { state, isWhole } = entry
    const { kind, id, eventTime } = state
    const item: Item = {
      lane, entry, copies, vector, progress: 'under way',
      upsert: {
        kind, id, fields: { ...!isWhole && allFields(state), ...copies }, ...(vector && { vectors: { [model]: vector.vector } }),
        revision: ++state.revision, eventTime, appliedAt: now,
      },
    }
    this.#items.set(entry, item)
    return item
  }

  #begin(items: readonly Item[]): void {
    if (this.#options.signal.aborted || items.length === 0) return
    this.#call = this.#write(items).finally(() => { this.#call = null })
  }

  async #write(items: readonly Item[]): Promise<void> {
    const { writer, clock, signal, wake } = this.#options
    const startedAt = performance.now()
    for (const item of items) item.progress = 'under way'
    try {
      const upserts = items.map(({ upsert }) => upsert)
      await limited(this.#options, (bounded) => writer.upsert(upserts, bounded))
    } catch (error) {
      if (signal.aborted) return
      this.#notBefore = clock.now() + this.#attempts.failed(error)
      for (const item of items) item.progress = 'failed'
      // Others have been taken into rounds meanwhile.
      this.#failed = this.#some(({ progress }) => progress === 'failed')
      return
    }
    this.#attempts.succeeded()
    this.#failed = false
    this.#writes += items.length
    for (const item of items) {
      item.progress = 'written'
      item.entry.isWhole = true
    }
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
