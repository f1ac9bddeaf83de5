import { covers, partitionKey } from '../events/log.ts'
import type { EventLog, LogRecord } from '../events/log.ts'
import { domainTopics, ingestedTopics } from '../events/topics.ts'
import type { Topics } from '../events/topics.ts'
import type { EntityChanged } from './changes.ts'
import type { StoredCheckpoint } from './checkpoint.ts'
import { Deduplicator } from './dedup.ts'
import { doubtfulText } from './embedding-text.ts'
import { textWritten } from './entity-change.ts'
import { beginChange, exists, placeOf, setDerivedFields } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { loadStates } from './load-states.ts'
import type { LoadedShard, LoadedStates } from './load-states.ts'
import { copiedMetrics } from './metric-copies.ts'
import type { Clock } from './observer.ts'
import { projectionVersion } from './projections/index.ts'
import { readThrough } from './read-through.ts'
import { revisionIn } from './revisions.ts'
import { Shard } from './shard.ts'
import { parseSliceName } from './state-records.ts'
import { step } from './step.ts'
import type { StepContext } from './step.ts'
import { claimShards, emptyTail, scanTails } from './takeover.ts'
import type { ScannedTail } from './takeover.ts'
import { writeImages } from './writing.ts'
import type { WritingOptions } from './writing.ts'

/** States were made by projections of another version, so they say nothing to this one. */
export class ProjectionVersionError extends Error {
  override readonly name = 'ProjectionVersionError'
  readonly code = 'PROJECTION_VERSION'
}

export interface RecoverOptions extends WritingOptions {
  log: EventLog
  topics: Topics
  clock: Clock
  step: StepContext
  /** How long events are remembered to tell duplicates, ms. */
  duplicateRetentionMs: number
  /** Of the serving index; another one than the checkpoint's gets everything anew. */
  generation: string
}

export interface Recovered {
  shard: Shard
  stored: StoredCheckpoint
  /** Events applied again in silence. */
  replayed: number
}

/**
 * Takes the shards over: claims an epoch of each, loads the last checkpoint and applies again, in silence, what was
 * announced since. After it the states and the index stand exactly where the announcements do.
 *
 * @throws ProjectionVersionError when the states are another version's: `freshet replay` makes ours
 */
export async function recover(shards: readonly number[], assignmentEpoch: number, options: RecoverOptions): Promise<Recovered[]> {
  const { log, topics, clock, signal } = options
  let claims = await claimShards({ log, topics, epochs: new Map(shards.map((shard) => [shard, assignmentEpoch])), signal, now: clock.now() })
  const loaded = await loadStates({ log, topics, through: new Map([...claims].map(([shard, claim]) => [shard, claim.stateOffset])), signal })
  for (const [shard, { marker, others }] of loaded) {
    const version = [...others].find(([, other]) => other.marker !== null)?.[0]
    if (marker === null && version !== undefined)
      throw new ProjectionVersionError(`The states of partition ${shard} are those of projection version ${version}, ours is ` +
        `${projectionVersion}. Build states and index of this version with \`freshet replay\`, then start ingest.`)
  }
  const since = new Map([...loaded].map(([shard, { marker }]) => [shard, marker?.tail ?? emptyTail]))
  const ends = (of: typeof claims) => new Map([...of].map(([shard, { changesOffset }]) => [shard, changesOffset]))
  let tails = await scanTails({ log, topics, since, ends: ends(claims), signal })
  // Our claim counts only when nobody's before it was greater; then nobody's after it can be an older owner's.
  for (;;) {
    const outdone = [...claims.values()].filter(({ shard, epoch }) => epoch <= (tails.get(shard) as ScannedTail).greatestEpoch)
    if (outdone.length === 0) break
    const anew = await claimShards({
      log, topics, signal, now: clock.now(),
      epochs: new Map(outdone.map(({ shard }) => [shard, (tails.get(shard) as ScannedTail).greatestEpoch + 1])),
    })
    tails = new Map([...tails, ...await scanTails({ log, topics, since, ends: ends(anew), signal })])
    claims = new Map([...claims, ...anew])
  }
  return catchUp([...claims.values()].map(({ shard: number, epoch, changesOffset }) => {
    const states = loaded.get(number) as LoadedShard
    return assemble({ number, epoch, nextChange: changesOffset + 1, checkpoint: states.checkpoint }, states, tails.get(number) as ScannedTail, options)
  }), new Map([...loaded].map(([number, { obsolete }]) => [number, obsolete])), options)
}

export interface Assembled {
  shard: Shard
  loaded: LoadedStates
  tail: ScannedTail
  /** Names of the stored records of seen events. */
  slices: string[]
}

/** A shard as its last checkpoint has it, under the numbers of its announcements. */
export function assemble(
  { number, epoch, nextChange, checkpoint }: { number: number; epoch: number; nextChange: number; checkpoint: number },
  loaded: LoadedStates, tail: ScannedTail, { topics, duplicateRetentionMs }: Pick<RecoverOptions, 'topics' | 'duplicateRetentionMs'>,
): Assembled {
  const { marker } = loaded
  const deduplicators = new Map(domainTopics(topics).map((topic) => [topic, new Deduplicator({ retentionMs: duplicateRetentionMs })]))
  const parts = Map.groupBy(loaded.slices, ([name]) => parseSliceName(name).topic)
  for (const [topic, of] of parts) deduplicators.get(topic)?.restore(of.map(([, body]) => body))
  const shard = new Shard({
    number, epoch, nextChange, checkpoint, positions: marker?.positions ?? {}, marks: marker?.marks ?? {}, deduplicators,
    sequence: tail.sequence, rekeyed: tail.rekeyed,
  })
  for (const [key, { state, positions, epoch: of }] of loaded.entities) {
    shard.enter(state, of)
    // Written after the checkpoint had begun, or in one that was never completed.
    if (!covers(shard.positions, positions)) shard.ahead.set(key, positions)
  }
  return { shard, loaded, tail, slices: [...loaded.slices.keys()] }
}

/**
 * Reads from the checkpoint's positions up to the announced ones, silently. Returns how many records that were and whose
 * fields they touched.
 */
export async function readToTail(
  assembled: readonly Assembled[], { log, topics, step: context, signal }: Pick<RecoverOptions, 'log' | 'topics' | 'step' | 'signal'>,
): Promise<{ records: number; touched: Set<EntityState> }> {
  const starts = await log.starts(ingestedTopics(topics))
  const from: Record<string, number> = {}
  const through: Record<string, number> = {}
  for (const { shard, tail } of assembled)
    for (const topic of ingestedTopics(topics)) {
      const key = partitionKey(topic, shard.number)
      shard.positions[key] = Math.max(shard.positions[key] ?? 0, starts[key] ?? 0)
      const covered = tail.covered[key] ?? 0
      if (covered <= shard.positions[key]) continue
      from[key] = shard.positions[key]
      through[key] = covered - 1
    }
  const shards = new Map(assembled.map(({ shard }) => [shard.number, shard]))
  const touched = new Set<EntityState>()
  let records = 0
  const collect = () => {
    for (const { shard } of assembled)
      for (const [{ state }, { pending }] of shard.takeRound().touched) {
        touched.add(state)
        // Behind the rounds, the vector of a text that is past may have been written, and not announced before the crash.
        if (state.embeddedText !== null && textWritten(state, pending)) state.embeddedText = doubtfulText
      }
  }
  await readThrough(log, { from, through, signal }, (record: LogRecord) => {
    step(shards.get(record.partition) as Shard, record, context)
    if (++records % collectEvery === 0) collect()
  })
  collect()
  return { records, touched }
}

/** What a round collects for an announcement is not needed here and must not grow. */
const collectEvery = 10_000

/** Brings states and index to where the announcements stand. */
async function catchUp(assembled: readonly Assembled[], obsolete: ReadonlyMap<number, string[]>, options: RecoverOptions): Promise<Recovered[]> {
  const { clock } = options
  const { records, touched } = await readToTail(assembled, options)
  const recovered: Recovered[] = []
  for (const { shard, loaded, tail, slices } of assembled) {
    for (const announced of tail.announced.values()) adopt(shard, announced)
    for (const [key, appliedAt] of tail.appliedAt) shard.entry(key).state.appliedAt = appliedAt
    // What was written since the checkpoint's flush may be lost from the index, vectors included.
    for (const key of [...shard.ahead.keys(), ...tail.announced.keys()]) touched.add(shard.entry(key).state)
    for (const key of tail.vectors) shard.entry(key).state.embeddedText = null
    shard.ahead.clear()
    if (loaded.marker !== null && loaded.marker.generation !== options.generation)
      for (const { state } of shard.entities.values()) {
        state.embeddedText = null
        if (exists(state)) touched.add(state)
      }
    recovered.push({
      shard, replayed: records,
      stored: {
        slices,
        obsolete: obsolete.get(shard.number) ?? [], markedSequence: loaded.marker?.tail.sequence ?? null,
      },
    })
  }
  await writeImages(touched, () => clock.now(), options)
  return recovered
}

/** Revisions and metric copies go on from what was announced last: neither follows from the events. */
export function adopt(shard: Shard, { entity, epoch, revision, after }: Pick<EntityChanged, 'entity' | 'epoch' | 'revision' | 'after'>): void {
  const entry = shard.entry(entity)
  const { state } = entry
  const copies: Record<string, number> = {}
  for (const name of copiedMetrics)
    if (typeof after?.[name] === 'number' && placeOf(state.kind, name) !== undefined) copies[name] = after[name]
  if (exists(state)) setDerivedFields(state, copies, beginChange(state))
  state.revision = Math.max(state.revision, revisionIn(shard.epoch, revision, epoch))
  shard.dirty.add(entry)
}
