import { partitionKey } from '../events/log.ts'
import type { EventLog, NewRecord, Positions } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { EntityIndex } from '../search/entity-index.ts'
import { encodeEntityState } from './entity-state-codec.ts'
import { pruneMetrics } from './metrics/index.ts'
import type { Clock, IngestObserver, Logger } from './observer.ts'
import { persist } from './persist.ts'
import { projectionVersion } from './projections/index.ts'
import type { IngestSettings } from './settings.ts'
import type { Entry, Shard } from './shard.ts'
import { joinHead, markerName, parseSliceName, sliceName, stateKey } from './state-records.ts'
import type { CheckpointMarker, StateHead } from './state-records.ts'

export interface CheckpointOptions {
  log: EventLog
  index: Pick<EntityIndex, 'flush' | 'stats'>
  topics: Topics
  settings: IngestSettings
  clock: Clock
  logger: Logger
  metrics: IngestObserver
  signal: AbortSignal
  /** An append has ended: there may be more to write. */
  wake(): void
  /** A checkpoint is complete: before these positions nothing is needed for a recovery. */
  completed(shard: number, positions: Positions): void
}

/** What the state topic has of the shard already. */
export interface StoredCheckpoint {
  /** Names of the records of seen events. */
  slices: readonly string[]
  /** Keys that nothing needs any more. */
  obsolete: readonly string[]
  /** Sequence that the last marker covers; null: there is none. */
  markedSequence: number | null
  /** Set apart the checkpoints of shards that began together. Default: the interval. */
  firstAfterMs?: number
}

/** How it stood as the checkpoint began. */
interface Begun {
  marker: Omit<CheckpointMarker, 'generation' | 'at'>
  at: number
  dueAt: number
  waiting: Entry[]
  entities: number
  bytes: number
  /** Events that were seen by then, by record name. */
  slices: Map<string, Uint8Array>
}

/**
 * Writes a shard's states while it goes on: changed entities in chunks between two rounds, each with the positions that it
 * includes; then the index is flushed; then a marker says from where a recovery has to read. Before the marker the former
 * checkpoint stands.
 */
export class Checkpointer {
  readonly #shard: Shard
  readonly #options: CheckpointOptions
  #begun: Begun | null = null
  /** The append or flush under way. */
  #work: Promise<void> | null = null
  #failure: unknown
  #nextAt: number
  /** Names of the records of seen events in the state topic. */
  #slices: Set<string>
  /** Keys of the state topic that nothing needs any more. */
  #obsolete: string[]
  #sequence: number
  #everything: boolean

  constructor(shard: Shard, options: CheckpointOptions, { slices, obsolete, markedSequence, firstAfterMs }: StoredCheckpoint) {
    this.#shard = shard
    this.#options = options
    this.#slices = new Set(slices)
    this.#obsolete = [...obsolete]
    this.#sequence = markedSequence ?? -2
    this.#everything = markedSequence === null
    this.#nextAt = options.clock.now() + (firstAfterMs ?? options.settings.checkpointIntervalMs)
  }

  /** Since when there is something to do between rounds; undefined: there is nothing now. */
  get dueAt(): number | undefined {
    if (this.#failure !== undefined) return -Infinity
    if (this.#work) return undefined
    if (this.#begun) return this.#begun.dueAt
    return this.#options.clock.now() >= this.#nextAt && this.#changed ? this.#nextAt : undefined
  }

  /**
   * Call it between two rounds: does a bounded piece of work, where there is some.
   *
   * @param share of the greatest piece that it may do, up to 1: a piece shall not hold up the next round for longer than
   * the last one took
   */
  step(share: number): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.dueAt === undefined) return
    if (!this.#begun) this.#begin()
    this.#continue(Math.max(leastShare, share))
  }

  /** Whether the state topic is behind. */
  get #changed(): boolean {
    return this.#shard.sequence !== this.#sequence || this.#shard.dirty.size > 0 || this.#everything
  }

  /** Writes a checkpoint of how it stands now, to the end. No round may be under way. */
  async finish(): Promise<void> {
    // One that began before is completed first: what it has not written yet would be lost from the dirty set.
    while (this.#begun || this.#work) await this.#drive()
    if (!this.#changed) return
    this.#begin()
    while (this.#begun) await this.#drive()
  }

  async #drive(): Promise<void> {
    if (!this.#work) this.#continue(1)
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
  }

  #begin(): void {
    const shard = this.#shard
    const { clock, settings } = this.#options
    const dueAt = this.#nextAt
    this.#nextAt = clock.now() + settings.checkpointIntervalMs
    const checkpoint = ++shard.checkpoint
    const kept = new Set<string>()
    const slices = new Map<string, Uint8Array>()
    for (const [topic, deduplicator] of shard.deduplicators)
      for (const slice of deduplicator.slices) {
        kept.add(`${topic}/${slice.number}`)
        const part = deduplicator.takeNew(slice)
        if (part) slices.set(sliceName(topic, slice.number, checkpoint), part)
      }
    for (const name of slices.keys()) this.#slices.add(name)
    const names = [...this.#slices].filter((name) => {
      const { topic, slice } = parseSliceName(name)
      return kept.has(`${topic}/${slice}`)
    })
    const waiting = [...shard.dirty]
    shard.dirty = new Set()
    this.#begun = {
      at: clock.now(), dueAt, waiting, entities: waiting.length, bytes: 0, slices,
      marker: {
        epoch: shard.epoch, checkpoint, version: projectionVersion, positions: { ...shard.positions }, marks: shard.repetitions.marks(),
        tail: {
          sequence: shard.sequence, epoch: shard.epoch, covered: { ...shard.positions }, rekeyed: { ...shard.rekeyed },
          next: shard.nextChange,
        },
        slices: names,
      },
    }
  }

  #continue(share: number): void {
    const begun = this.#begun
    if (!begun) return
    this.#work = (begun.waiting.length > 0 ? this.#writeEntities(begun, this.#options.settings.checkpointChunkBytes * share) : this.#end(begun)).then(
      () => {
        this.#work = null
        this.#options.wake()
      },
      (error: unknown) => {
        this.#work = null
        this.#failure = error
        this.#options.wake()
      },
    )
  }

  /** Serialises now, because now is between two rounds; the append may take its time. */
  #writeEntities(begun: Begun, most: number): Promise<void> {
    const shard = this.#shard
    const { topics } = this.#options
    const head = encode<StateHead>({ epoch: shard.epoch, checkpoint: begun.marker.checkpoint, includes: shard.positions })
    const mark = { positions: {}, sequence: shard.sequence }
    const records: NewRecord[] = []
    let bytes = 0
    while (begun.waiting.length > 0 && bytes < most) {
      const entry = begun.waiting.pop() as Entry
      const { state } = entry
      if (state.packedMetrics === null && state.metrics) pruneMetrics(state.metrics, state.metrics.appendedAt)
      const value = joinHead(head, encodeEntityState(state, mark))
      // Written as it is now; what it changes to later makes it dirty again.
      shard.dirty.delete(entry)
      records.push({ topic: topics.state, key: stateKey(state.entity), partition: shard.number, value })
      bytes += value.length
    }
    begun.bytes += bytes
    return this.#append(records)
  }

  async #end(begun: Begun): Promise<void> {
    const { index, topics, clock, logger, metrics, signal } = this.#options
    const shard = this.#shard
    const head = encode<StateHead>({ epoch: shard.epoch, checkpoint: begun.marker.checkpoint })
    for (const [name, body] of begun.slices) {
      begun.bytes += body.length
      await this.#append([{ topic: topics.state, key: stateKey(name), partition: shard.number, value: joinHead(head, body) }])
    }
    await persist({ system: 'index', what: 'flushing', signal, logger, metrics }, () => index.flush())
    const { generation } = await persist({ system: 'index', what: 'asking for its state', signal, logger, metrics }, () => index.stats())
    const marker: CheckpointMarker = { ...begun.marker, generation, at: clock.now() }
    const kept = new Set(marker.slices)
    // First the marker, then what it makes superfluous, and never a tombstone last: a reader waits for the last record.
    await this.#append([{ topic: topics.state, key: stateKey(markerName), partition: shard.number, value: encode(marker) }])
    for (const name of this.#slices) {
      if (kept.has(name)) continue
      this.#obsolete.push(stateKey(name))
      this.#slices.delete(name)
    }
    this.#begun = null
    this.#sequence = marker.tail.sequence
    this.#everything = false
    // Of the announcements, readers that start anew need what lies behind the marker.
    const announced = { [partitionKey(this.#options.topics.changes, shard.number)]: marker.tail.next }
    this.#options.completed(shard.number, { ...marker.positions, ...announced })
    metrics.checkpoint({ shard: shard.number, number: marker.checkpoint, entities: begun.entities, bytes: begun.bytes, ms: clock.now() - begun.at })
    await this.#sweep(marker)
  }

  /** Removes keys that the completed checkpoint does not need, then writes the marker again so that it comes last. */
  async #sweep(marker: CheckpointMarker): Promise<void> {
    if (this.#obsolete.length < obsoleteTogether) return
    const { topics } = this.#options
    const partition = this.#shard.number
    const keys = this.#obsolete.splice(0)
    for (let at = 0; at < keys.length; at += 1_000)
      await this.#append([
        ...keys.slice(at, at + 1_000).map((key): NewRecord => ({ topic: topics.state, key, partition, value: null })),
        { topic: topics.state, key: stateKey(markerName), partition, value: encode(marker) },
      ])
  }

  async #append(records: readonly NewRecord[]): Promise<void> {
    const { log, logger, metrics, signal } = this.#options
    await persist({ system: 'log', what: 'writing a checkpoint', signal, logger, metrics }, () => log.append(records, { signal }))
  }
}

/** However small the last round was: a checkpoint has to end. */
const leastShare = 1 / 32

/**
 * Whose turn it is: who has been due the longest. Under full load the checkpoints of all shards together take longer than
 * their interval; by any fixed order the last ones would never end, the log could not be trimmed, and a start would read it all.
 */
export function mostOverdue<T extends { readonly checkpointer: Pick<Checkpointer, 'dueAt'> }>(owned: Iterable<T>): T | undefined {
  let most: T | undefined
  let since = Infinity
  for (const each of owned) {
    const { dueAt = Infinity } = each.checkpointer
    if (dueAt >= since) continue
    most = each
    since = dueAt
  }
  return most
}

/** So that a tombstone or two do not cost an append with every checkpoint. */
const obsoleteTogether = 64

const encode = <T>(value: T): Uint8Array => Buffer.from(JSON.stringify(value))
