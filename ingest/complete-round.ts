import type { Appended, EventLog, NewRecord } from '../events/log.ts'
import { partitionKey } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import { encodeAnnouncement } from './announcement.ts'
import type { Announcement } from './announcement.ts'
import { embeddingTextOf, needsEmbedding } from './embedding-text.ts'
import type { EmbeddingText } from './embedding-text.ts'
import { announcedFields, endChange, textChanged } from './entity-change.ts'
import type { EntityChange } from './entity-change.ts'
import { exists } from './entity-state.ts'
import type { Clock } from './observer.ts'
import { persist } from './persist.ts'
import { encodeRekeyed } from './rekeyed.ts'
import type { Round, Shard, Touch } from './shard.ts'
import type { WriteBehind } from './write-behind.ts'
import { allFields, embedTexts, holdOrphans, write } from './writing.ts'
import type { Writes, WritingOptions } from './writing.ts'

export interface RoundOptions extends WritingOptions {
  log: EventLog
  topics: Topics
  clock: Clock
  behind: Pick<WriteBehind, 'embed' | 'takeWrites'>
}

interface Changed {
  shard: Shard
  touch: Touch
  change: EntityChange
}

/**
 * Makes what the shards have taken in visible and known, in this order: the index (and, at the same time, effects on other
 * shards and dead letters), then the announcement with the positions that it covers. A crash in between repeats; readers
 * see each position announced once.
 */
export async function completeRound(shards: readonly Shard[], options: RoundOptions): Promise<void> {
  const { clock, metrics, signal } = options
  const startedAt = clock.now()
  const rounds = shards.map((shard) => ({ shard, round: (shard.applying = shard.takeRound()) }))
  const changes = await changesOf(rounds, options)
  const writes = writesOf(changes, startedAt)
  const [, rekeyed] = await Promise.all([write(writes, options), appendDerived(rounds, options)])
  for (const { topic, partition, offset } of rekeyed.appended)
    if (topic === options.topics.rekeyed) {
      const from = rekeyed.from.get(partition)
      for (const shard of from ?? []) shard.rekeyed[partitionKey(topic, partition)] = offset + 1
    }

  const appliedAt = clock.now()
  await announce(rounds, changes, appliedAt, options)
  signal.throwIfAborted()

  const sums = { applied: 0, duplicates: 0, late: 0, rejected: 0, parked: 0 }
  for (const { round } of rounds) {
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += round[name]
    for (const appendedAt of round.appendTimes) metrics.dataLatency(appliedAt - appendedAt)
  }
  metrics.round({
    applied: sums.applied, duplicates: sums.duplicates, late: sums.late, deadLetters: sums.rejected, parked: sums.parked,
    indexWrites: writes.upserts.length + writes.deletes.length + options.behind.takeWrites(),
  })
}

type ShardRound = { shard: Shard; round: Round }

/** Ends each entity's change of the round and adds the vectors that come with it. */
async function changesOf(rounds: readonly ShardRound[], options: RoundOptions): Promise<Changed[]> {
  const { embedder, behind } = options
  const changes: Changed[] = []
  const texts: { text: EmbeddingText; changed: Changed }[] = []
  for (const { shard, round } of rounds)
    for (const touch of round.touched.values()) {
      const { state } = touch.entry
      const change = withVectors(endChange(state, touch.pending, touch.written ?? undefined), touch)
      if (!change) continue
      if (change.orphanedVectors.length > 0) await holdOrphans(state, change.orphanedVectors, options)
      const changed = { shard, touch, change }
      changes.push(changed)
      if (change.operation === 'deleted') state.embeddedText = null
      else if (change.operation === 'created' || textChanged(state, change)) {
        const text = embeddingTextOf(state, embedder.model)
        if (!needsEmbedding(state, text, embedder.model)) continue
        // What comes to be has its vector at once, where nobody has to be waited for: it is a write of its own anyway.
        if (embedder.local && change.operation === 'created') texts.push({ text, changed })
        else behind.embed(shard, touch.entry)
      }
    }
  if (texts.length > 0) {
    const vectors = await embedTexts(texts.map(({ text }) => text), options)
    for (const [i, { text, changed }] of texts.entries()) {
      changed.change = plusVector(changed.change, embedder.model, vectors[i] as Float32Array | null)
      changed.touch.entry.state.embeddedText = text.name
    }
  }
  return changes
}

const plusVector = (change: EntityChange, model: string, vector: Float32Array | null): EntityChange => ({
  ...change,
  changed: { ...change.changed, [`vector:${model}`]: null },
  vectors: { ...change.vectors, [model]: vector },
})

/** Vectors that were written behind the rounds are a change even where nothing else is. */
function withVectors(change: EntityChange | null, { entry: { state }, vectors, written }: Touch): EntityChange | null {
  if (vectors === null || change?.operation === 'deleted' || !exists(state)) return change
  if (change === null) {
    state.revision = written ?? state.revision + 1
    const after = announcedFields(state)
    change = { operation: 'updated', revision: state.revision, changed: {}, fields: {}, vectors: {}, after, orphanedVectors: [] }
  }
  for (const [model, vector] of Object.entries(vectors)) change = plusVector(change, model, vector)
  return change
}

function writesOf(changes: readonly Changed[], appliedAt: number): Writes {
  const writes: Writes = { upserts: [], deletes: [] }
  for (const { touch: { entry, written }, change: { operation, fields, vectors, revision } } of changes) {
    if (written !== null) continue
    const { kind, id, eventTime } = entry.state
    if (operation === 'deleted') writes.deletes.push({ kind, id })
    else writes.upserts.push({ kind, id, fields: entry.isWhole ? fields : allFields(entry.state), vectors, revision, eventTime, appliedAt })
    entry.isWhole = true
  }
  return writes
}

/** Appends effects on other shards and dead letters: they must be there before the progress that covers their events. */
async function appendDerived(
  rounds: readonly ShardRound[], { log, topics, settings, logger, metrics, signal }: RoundOptions,
): Promise<{ appended: Appended[]; from: Map<number, Shard[]> }> {
  const records: NewRecord[] = []
  const from = new Map<number, Shard[]>()
  for (const { shard, round } of rounds) {
    for (const [target, effects] of round.outbox) {
      from.set(target, [...(from.get(target) ?? []), shard])
      records.push({ topic: topics.rekeyed, key: null, partition: target, value: encodeRekeyed({ shard: shard.number, effects }) })
    }
    records.push(...round.deadLetters)
  }
  const appended: Appended[] = []
  for (const some of splitBySize(records, settings.maxAppendBytes))
    appended.push(...await persist({ system: 'log', what: 'appending effects on other shards', signal, logger, metrics },
      () => log.append(some, { signal })))
  return { appended, from }
}

function splitBySize(records: readonly NewRecord[], maxBytes: number): NewRecord[][] {
  const parts: NewRecord[][] = []
  let bytes = 0
  for (const record of records) {
    const size = record.value?.length ?? 0
    if (parts.length === 0 || bytes + size > maxBytes) {
      parts.push([])
      bytes = 0
    }
    ;(parts.at(-1) as NewRecord[]).push(record)
    bytes += size
  }
  return parts
}

/** One atomic append for all shards, unless a batch is too big for one. */
async function announce(
  rounds: readonly ShardRound[], changes: readonly Changed[], appliedAt: number, options: RoundOptions,
): Promise<void> {
  const { log, topics, settings, logger, metrics, signal } = options
  const entities = new Map<Shard, Announcement['entities'][number][]>(rounds.map(({ shard }) => [shard, []]))
  for (const { shard, touch, change: { operation, revision, changed, after } } of changes) {
    const { state } = touch.entry
    entities.get(shard)?.push({
      entity: state.entity, revision, operation, changed, after, eventTime: touch.eventTime,
      appendedAt: touch.appendedAt || (state.metrics?.appendedAt ?? appliedAt), events: touch.events,
    })
  }
  const parts: NewRecord[][] = []
  for (const { shard, round } of rounds) {
    for (const { state } of round.counted) state.appliedAt = appliedAt
    shard.applying = null
    const appends = encodeAnnouncement(topics.changes, {
      shard: shard.number, epoch: shard.epoch, sequence: shard.sequence + 1, appliedAt,
      entities: entities.get(shard) ?? [],
      metrics: round.increments, metricsEventTime: round.metricsEventTime, metricsAppendedAt: round.metricsAppendedAt,
      progress: {
        covered: shard.positions, rekeyed: shard.rekeyed, noops: round.noops, deadLetters: round.rejected + round.parked,
      },
    }, settings.maxAppendBytes)
    for (const [i, records] of appends.entries()) parts[i] = [...(parts[i] ?? []), ...records]
  }
  for (const records of parts)
    for (const { partition, offset } of await persist({ system: 'log', what: 'announcing changes', signal, logger, metrics },
      () => log.append(records, { signal }))) {
      const shard = rounds.find(({ shard: { number } }) => number === partition)?.shard
      if (shard) shard.nextChange = offset + 1
    }
  for (const { shard } of rounds) shard.sequence++
}
