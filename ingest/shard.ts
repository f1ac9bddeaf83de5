import type { EntityKey } from '../events/entity.ts'
import { partitionKey } from '../events/log.ts'
import type { LogRecord, NewRecord, Positions } from '../events/log.ts'
import type { Deduplicator } from './dedup.ts'
import type { Effect, Increment } from './effects.ts'
import { applyEffect, beginChange, newEntityState } from './entity-state.ts'
import type { EntityState, PendingChange } from './entity-state.ts'
import { pruneMetrics } from './metrics/index.ts'
import { Repetitions } from './rekeyed.ts'
import type { HighWaterMarks, RekeyedEffect } from './rekeyed.ts'
import { revisionIn } from './revisions.ts'
import type { Stamp } from './stamp.ts'

/** An entity as its one writer keeps it. */
export interface Entry {
  readonly state: EntityState
  /** When the index's copies of its metrics were last looked at and are due again, ms; 0: not at all. */
  copiedAt: number
  copiesDue: number
  /**
   * Whether the index has what the state says and no more. Not before its owner has written it: the former one may have
   * written what it never announced.
   */
  isWhole: boolean
}

/** What has happened to an entity in the round under way. */
export interface Touch {
  readonly entry: Entry
  readonly pending: PendingChange
  readonly events: { type: string; id: string; source: string }[]
  /** Of the latest event. */
  eventTime: number
  appendedAt: number
  /** Vectors computed here, by model. */
  vectors: Record<string, Float32Array | null> | null
  /** The index has the change already, under this revision: it was written behind the rounds. */
  written: number | null
}

export interface ShardOptions {
  number: number
  epoch: number
  positions: Positions
  marks: HighWaterMarks
  deduplicators: ReadonlyMap<string, Deduplicator>
  sequence: number
  rekeyed: Positions
  nextChange: number
  checkpoint: number
}

/** How many entities a round prunes in passing. */
const sweptPerRound = 32

/** All that ingest knows of partition n of every ingested topic, and the round that is being put together. */
export class Shard {
  readonly number: number
  readonly epoch: number
  readonly entities = new Map<EntityKey, Entry>()
  readonly deduplicators: ReadonlyMap<string, Deduplicator>
  readonly repetitions: Repetitions
  /** Next offset to read of each source partition. */
  readonly positions: Record<string, number>
  /** Ends of what it has re-keyed. */
  readonly rekeyed: Record<string, number>
  /** Of the last batch announced. */
  sequence: number
  /** Where the next batch goes on `changes`. */
  nextChange: number
  /** Number of the last checkpoint begun by anybody. */
  checkpoint: number
  /** Changed since they were last written to the state topic. */
  dirty = new Set<Entry>()
  /** Only while recovering: entities whose loaded state includes more than the positions that are being read. */
  readonly ahead = new Map<EntityKey, Positions>()
  round: Round = new Round()
  /** Taken, and not applied yet. */
  applying: Round | null = null
  /** Greatest append time of an event applied, as the metric views know it: what pruning goes by. */
  #appendedAt = 0
  #sweep: Iterator<Entry> = this.entities.values()

  constructor(options: ShardOptions) {
    this.number = options.number
    this.epoch = options.epoch
    this.deduplicators = options.deduplicators
    this.repetitions = new Repetitions(options.marks)
    this.positions = { ...options.positions }
    this.rekeyed = { ...options.rekeyed }
    this.sequence = options.sequence
    this.nextChange = options.nextChange
    this.checkpoint = options.checkpoint
  }

  entry(entity: EntityKey): Entry {
    return this.entities.get(entity) ?? this.enter(newEntityState(entity), 0)
  }

  /** Takes a state in that was written in the epoch `of`; 0: it is new. */
  enter(state: EntityState, of: number): Entry {
    state.revision = revisionIn(this.epoch, state.revision, of)
    const entry: Entry = { state, copiedAt: 0, copiesDue: 0, isWhole: false }
    this.entities.set(state.entity, entry)
    return entry
  }

  touch(entry: Entry): Touch {
    let touch = this.round.touched.get(entry)
    if (!touch) {
      touch = { entry, pending: beginChange(entry.state), events: [], eventTime: entry.state.eventTime, appendedAt: 0, vectors: null, written: null }
      this.round.touched.set(entry, touch)
      this.dirty.add(entry)
    }
    return touch
  }

  /** Applies an effect on one of its own entities, read at `source`/`offset`. */
  apply(effect: Effect, event: AppliedEvent, source: string, offset: number): void {
    const entry = this.entry(effect.entity)
    if (this.ahead.size > 0 && (this.ahead.get(effect.entity)?.[source] ?? 0) > offset) {
      keepVector(entry.state, effect, event.stamp)
      return
    }
    const { round } = this
    const { appendedAt, stamp } = event
    if (appendedAt > this.#appendedAt) this.#appendedAt = appendedAt
    if (effect.fields !== undefined || effect.tombstone || effect.vector !== undefined) {
      const touch = this.touch(entry)
      applyEffect(entry.state, effect, stamp, appendedAt, touch.pending)
      if (appendedAt >= touch.appendedAt) {
        touch.appendedAt = appendedAt
        touch.eventTime = stamp.time
      }
      touch.events.push({ type: event.type, id: stamp.id, source: stamp.source })
    } else if (effect.increments?.length) {
      applyEffect(entry.state, effect, stamp, appendedAt, nothingPending)
      this.dirty.add(entry)
    } else return
    round.effective = true
    if (!effect.increments?.length) return
    round.counted.add(entry)
    const increments = round.increments.get(effect.entity)
    if (increments) increments.push(...effect.increments)
    else round.increments.set(effect.entity, [...effect.increments])
    if (appendedAt < round.metricsAppendedAt) round.metricsAppendedAt = appendedAt
    if (stamp.time < round.metricsEventTime) round.metricsEventTime = stamp.time
  }

  /** Begins the next round and hands out the one that was put together. */
  takeRound(): Round {
    const { round } = this
    this.round = new Round()
    this.#prune()
    return round
  }

  /** Whether something was counted of it of which nobody knows yet when it was applied. */
  isApplying(entry: Entry): boolean {
    return this.round.counted.has(entry) || this.applying?.counted.has(entry) === true
  }

  /**
   * Goes around all entities, a few with each round: those which nothing happens to must let go of buckets and viewers too,
   * or everything that was ever busy would keep its last hour for ever.
   */
  #prune(): void {
    for (let i = 0; i < sweptPerRound; i++) {
      const next = this.#sweep.next()
      if (next.done) {
        this.#sweep = this.entities.values()
        return
      }
      const { state } = next.value
      if (state.packedMetrics === null && state.metrics) pruneMetrics(state.metrics, this.#appendedAt)
    }
  }

  advance(record: LogRecord): void {
    this.positions[partitionKey(record.topic, record.partition)] = record.offset + 1
  }
}

export interface AppliedEvent {
  stamp: Stamp
  type: string
  appendedAt: number
}

/** What the records of one round do to one shard, until it is written and announced. */
export class Round {
  readonly touched = new Map<Entry, Touch>()
  /** Entities whose metrics moved. */
  readonly counted = new Set<Entry>()
  readonly increments = new Map<EntityKey, Increment[]>()
  metricsEventTime = Infinity
  metricsAppendedAt = Infinity
  /** Effects on entities of other shards, by shard. */
  readonly outbox = new Map<number, RekeyedEffect[]>()
  readonly deadLetters: NewRecord[] = []
  /** Append times of the events that changed something. */
  readonly appendTimes: number[] = []
  /** Set by each effect that changes something; the reader of events resets it. */
  effective = false
  applied = 0
  duplicates = 0
  late = 0
  rejected = 0
  parked = 0
  noops = 0
}

/** Increments touch no field, so nothing is ever pending from them. */
const nothingPending: PendingChange = { existed: false, former: new Map(), vectors: new Set() }

/** The state has the vector's stamp, but the index may have lost its values, which only the event holds. */
function keepVector(state: EntityState, { vector }: Effect, stamp: Stamp): void {
  const held = vector && state.vectors?.get(vector.model)
  if (held && held.stamp.id === stamp.id && held.stamp.source === stamp.source && held.stamp.time === stamp.time)
    held.values ??= Float32Array.from(vector.values)
}
