import { setImmediate as turn } from 'node:timers/promises'
import type { EventLog, LogRecord } from '../../events/log.ts'
import { readUpTo } from '../../events/read-up-to.ts'
import { ingestedTopics, type Topics } from '../../events/topics.ts'
import { Checkpointer } from '../../ingest/checkpoint.ts'
import { embeddingTextOf, needsEmbedding } from '../../ingest/embedding-text.ts'
import { exists } from '../../ingest/entity-state.ts'
import { MetricCopies } from '../../ingest/metric-copies.ts'
import { silentLogger, silentObserver } from '../../ingest/observer.ts'
import { runRound } from '../../ingest/own-shards.ts'
import { recover } from '../../ingest/recover.ts'
import type { Shard } from '../../ingest/shard.ts'
import type { StepContext } from '../../ingest/step.ts'
import { WriteBehind } from '../../ingest/write-behind.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { testSettings } from './harness.ts'
import type { Fate, LedgerIndex } from './ledger-index.ts'

/** Where an owner dies: between two rounds, or in one before or after the index has it. */
export type CrashAt = 'rest' | 'before the index' | 'before the announcement'

interface Owner {
  shard: Shard
  lanes: Map<number, { shard: Shard; copies: MetricCopies }>
  behind: WriteBehind
  checkpointer: Checkpointer
  /** Resolves when the checkpointer has done a piece. */
  piece: () => Promise<void>
  end: AbortController
}

interface Held {
  ids: readonly string[]
  fate: Fate
  decide(fate: Fate): void
}

const settings = { ...testSettings, copyIntervalMs: 100, checkpointChunkBytes: 1 }
const day = 86_400_000

/** Ingest of one shard by its own parts, one step at a time, on a clock that stands still: what a loop does, in any order. */
export class SteppedIngest {
  readonly #log: EventLog
  readonly #topics: Topics
  readonly #index: LedgerIndex
  readonly #embedder = createHashingEmbedder()
  #now = Date.now()
  readonly #clock = { now: () => this.#now }
  #owner!: Owner
  #held: Held | undefined
  #dying: CrashAt | undefined

  constructor({ log, topics, index }: { log: EventLog; topics: Topics; index: LedgerIndex }) {
    this.#topics = topics
    this.#index = index
    this.#log = Object.assign(Object.create(log) as EventLog, {
      append: (...args: Parameters<EventLog['append']>) => {
        if (this.#dying === 'before the announcement') this.#die()
        return log.append(...args)
      },
      read: log.read.bind(log), starts: log.starts.bind(log), ends: log.ends.bind(log), partitions: log.partitions,
    })
  }

  get #context(): StepContext {
    return { topics: this.#topics, partitions: 1, latenessMs: day, futureMs: day, refuse: () => {}, forward: () => {} }
  }

  get #writing() {
    return { index: this.#index, writer: this.#index, embedder: this.#embedder, settings, logger: silentLogger, metrics: silentObserver }
  }

  async takeOver(): Promise<void> {
    const [log, topics, clock, index] = [this.#log, this.#topics, this.#clock, this.#index]
    const end = new AbortController()
    const writing = { ...this.#writing, signal: end.signal }
    const [{ shard, stored }] = await recover([0], 0, {
      ...writing, log, topics, clock, step: this.#context, duplicateRetentionMs: day, generation: (await index.stats()).generation,
    }) as [Awaited<ReturnType<typeof recover>>[0]]
    const copies = new MetricCopies(settings.copyIntervalMs, this.#now)
    for (const entry of shard.entities.values()) copies.moved(entry, this.#now)
    const lanes = new Map([[0, { shard, copies }]])
    const behind = new WriteBehind(lanes, { ...writing, clock, wake: () => {} })
    for (const entry of shard.entities.values())
      if (exists(entry.state) && needsEmbedding(entry.state, embeddingTextOf(entry.state, this.#embedder.model), this.#embedder.model))
        behind.embed(shard, entry)
    let done = () => {}
    const checkpointer = new Checkpointer(shard, {
      log, index, topics, settings, clock, logger: silentLogger, metrics: silentObserver, signal: end.signal,
      wake: () => done(), completed: () => {},
    }, stored)
    this.#owner = { shard, lanes, behind, checkpointer, end, piece: () => new Promise((resolve) => { done = resolve }) }
  }

  /** @param take how many records of each topic; all where it is not given */
  async round(take?: readonly number[]): Promise<void> {
    const { behind, shard, lanes, end } = this.#owner
    const records = await this.#unread(take)
    const running = runRound(records, lanes, behind, this.#context, {
      ...this.#writing, signal: end.signal, log: this.#log, topics: this.#topics, clock: this.#clock, behind,
    })
    // What it has touched is known at once. Calls about one entity take effect in their order, so it may have to wait for the late one.
    const touched = [...shard.round.touched.keys(), ...shard.applying?.touched.keys() ?? []].map(({ state }) => state.entity as string)
    const decided = this.#held?.ids.some((id) => touched.includes(id)) ? this.finishBehind() : undefined
    await running
    await decided
    await turn()
  }

  async #unread(take?: readonly number[]): Promise<LogRecord[]> {
    const all: LogRecord[] = []
    for await (const batch of readUpTo(this.#log, this.#owner.shard.positions, await this.#log.ends(ingestedTopics(this.#topics)))) all.push(...batch)
    if (!take) return all
    return ingestedTopics(this.#topics).flatMap((topic, i) => all.filter((record) => record.topic === topic).slice(0, take[i] ?? 0))
  }

  /** Begins a write behind the rounds, which ends by `finishBehind`, or with a round that it holds up. */
  writeBehind(fate: Fate): void {
    if (this.#held) return
    this.#index.gate = (ids) => {
      const { promise, resolve: decide } = Promise.withResolvers<Fate>()
      this.#held = { ids, fate, decide }
      return promise
    }
    this.#owner.behind.step()
    this.#index.gate = async () => {
      if (this.#dying !== 'before the index') return 'taken'
      return this.#die()
    }
  }

  async finishBehind(fate = this.#held?.fate): Promise<void> {
    this.#held?.decide(fate!)
    this.#held = undefined
    await this.#owner.behind.over()
  }

  wait(ms: number): void {
    this.#now += ms
  }

  async checkpoint(pieces: number): Promise<void> {
    const { checkpointer, piece } = this.#owner
    this.#now += settings.checkpointIntervalMs
    for (let i = 0; i < pieces && checkpointer.dueAt !== undefined; i++) {
      const done = piece()
      checkpointer.step(1)
      await done
    }
  }

  /** Dies at rest or in a round; what is under way behind it is over, one way or the other, before there is a next owner. */
  async crash(at: CrashAt, take: readonly number[], fate: Fate): Promise<void> {
    if (at !== 'rest') {
      this.#dying = at
      await this.round(take).catch((error: unknown) => { if (!this.#owner.end.signal.aborted) throw error })
    }
    this.#owner.end.abort(new Error('crashed'))
    this.#dying = undefined
    await this.finishBehind(fate)
  }

  #die(): never {
    this.#owner.end.abort(new Error('crashed'))
    throw this.#owner.end.signal.reason
  }

  /** Everything is applied, nothing is under way, and the checkpoint is complete. */
  async finish(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      this.wait(60_000)
      this.writeBehind('taken')
      await this.finishBehind()
      await this.round()
    }
    await this.#owner.checkpointer.finish()
  }
}
