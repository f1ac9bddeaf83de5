import type { Positions } from '../events/log.ts'
import { partitionKey } from '../events/log.ts'
import { FUTURE_MS } from '../events/parse.ts'
import { readUpTo } from '../events/read-up-to.ts'
import { domainTopics, ingestedTopics, topicSpecs } from '../events/topics.ts'
import { Checkpointer } from './checkpoint.ts'
import { exists, liveFields } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { defaultLatenessMs } from './lateness.ts'
import type { LoadedStates } from './load-states.ts'
import { adopt, assemble, readToTail } from './recover.ts'
import type { Assembled } from './recover.ts'
import type { RekeyedEffect } from './rekeyed.ts'
import { revisionIn } from './revisions.ts'
import { findBoundaries } from './replay-boundary.ts'
import type { Boundary } from './replay-boundary.ts'
import type { IngestOptions } from './run.ts'
import type { Shard } from './shard.ts'
import { step } from './step.ts'
import type { StepContext } from './step.ts'
import { writeImages } from './writing.ts'
import type { WritingOptions } from './writing.ts'

export interface ReplayOptions extends Omit<IngestOptions, 'checkpointed'> {
  /** Told as it goes: records read of those to read, then entities written of those to write. */
  onProgress?(progress: ReplayProgress): void
}

export interface ReplayProgress {
  phase: 'reading' | 'writing'
  done: number
  total: number
}

export interface Replayed {
  records: number
  entities: number
  generation: string
  /** Whether it began at the beginning of the log, or at the last checkpoint because the log has lost its beginning. */
  from: 'beginning' | 'snapshot'
}

/** Somebody else runs ingest, and a replay of the same projections would write what they write. */
export class IngestRunningError extends Error {
  override readonly name = 'IngestRunningError'
  readonly code = 'INGEST_RUNNING'
}

/** How far the states may be behind the announcements when the new generation takes over: the next owner reads the rest. */
const closeEnough = 5_000
const mostPasses = 5
/** Images are written so often, so that given vectors need not be held for the whole replay. */
const imagesEvery = 50_000

/**
 * Builds states and a new generation of the index from the logs, beside the serving one and in silence: nothing is
 * announced, re-keyed or refused. It stops exactly at what has been announced, so the next owner of each shard goes on
 * from there as after a crash.
 *
 * With new projections ingest of the old ones may go on meanwhile; start the new ones' afterwards. With the same
 * projections ingest must not run.
 *
 * @throws IngestRunningError then
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { log, index, topics, settings, signal } = options
  await log.ensureTopics(topicSpecs(topics))
  await index.open(signal)
  let boundaries = await findBoundaries({ log, topics, signal })
  const sameVersion = [...boundaries.values()].some(({ loaded }) => loaded.marker !== null)
  if (!sameVersion) return build(boundaries, options)
  const leave = new AbortController()
  const members = log.join({ group: settings.group, topics: ingestedTopics(topics), signal: AbortSignal.any([signal, leave.signal]) })[Symbol.asyncIterator]()
  try {
    const { value: assignment, done } = await members.next()
    if (done) throw signal.reason
    if (assignment.partitions.length < log.partitions)
      throw new IngestRunningError(`Ingest is running: it owns ${log.partitions - assignment.partitions.length} of ${log.partitions} partitions. ` +
        'Stop it (queries go on being answered), run `freshet replay` again, then start it.')
    boundaries = await findBoundaries({ log, topics, signal })
    // Somebody who joins takes partitions away, and with them the right to write their states.
    return await build(boundaries, { ...options, signal: AbortSignal.any([signal, assignment.signal]) })
  } finally {
    leave.abort()
    await members.return?.()
  }
}

async function build(boundaries: Map<number, Boundary>, options: ReplayOptions): Promise<Replayed> {
  const { log, index, topics, settings, logger, metrics, clock, signal } = options
  const starts = await log.starts(domainTopics(topics))
  const from = Object.values(starts).every((start) => start === 0) ? 'beginning' : 'snapshot'
  const generation = await index.newGeneration()
  try {
    const writing: WritingOptions = { ...options, writer: generation }
    const built = from === 'beginning' ? await fromBeginning(boundaries, writing, options) : await fromSnapshot(boundaries, writing, options)
    await generation.flush()
    await generation.activate()
    for (const [number, shard] of built.shards) {
      const checkpointer = new Checkpointer(shard, {
        log, index, topics, settings, clock, logger, metrics, signal, wake: () => {}, completed: () => {},
      }, { slices: [], obsolete: boundaries.get(number)?.loaded.obsolete ?? [], markedSequence: null })
      for (const entry of shard.entities.values()) shard.dirty.add(entry)
      await checkpointer.finish()
    }
    return { records: built.records, entities: built.entities, generation: generation.name, from }
  } catch (error) {
    await generation.discard().catch((failure: unknown) => logger.warn('the unfinished generation could not be removed', { error: String(failure) }))
    throw error
  }
}

interface Built {
  shards: Map<number, Shard>
  records: number
  entities: number
}

const silentStep = ({ log, topics, latenessMs = defaultLatenessMs }: ReplayOptions): StepContext => ({
  topics, partitions: log.partitions, latenessMs, futureMs: FUTURE_MS, refuse: () => {}, forward: () => {},
})

const duplicateRetention = ({ latenessMs = defaultLatenessMs }: ReplayOptions): number => latenessMs + FUTURE_MS

/**
 * Reads the domain topics from their beginning. What was re-keyed is derived anew and applied at once (all shards are
 * here), unless its target had not received it by the boundary: then the target will read it when it is announced.
 */
async function fromBeginning(boundaries: Map<number, Boundary>, writing: WritingOptions, options: ReplayOptions): Promise<Built> {
  const { log, topics, clock, signal, logger } = options
  const nothing: LoadedStates = { marker: null, entities: new Map(), slices: new Map() }
  const shards = new Map([...boundaries].map(([number, boundary]) => [number, assembleAt(number, boundary, nothing, options).shard]))
  let withheld: { target: number; source: string; effect: RekeyedEffect }[] = []
  const deliver = (target: number, source: string, effect: RekeyedEffect): boolean => {
    const mark = boundaries.get(target)?.marks[source]
    if (!mark || effect.offset > mark[0] || (effect.offset === mark[0] && effect.index > mark[1])) return false
    const { time, source: eventSource, id, type, appendedAt } = effect
    shards.get(target)?.apply(effect.effect, { stamp: { time, source: eventSource, id }, type, appendedAt }, source, effect.offset)
    return true
  }
  const context: StepContext = {
    ...silentStep(options),
    forward: (shard, target, effect) => {
      const source = partitionKey(effect.topic, shard.number)
      if (!deliver(target, source, effect)) withheld.push({ target, source, effect })
    },
  }

  /** Gives the vectors that the events brought to the index; all else is written once, at the end. */
  const writeVectors = async () => {
    for (const shard of shards.values()) {
      const touched = [...shard.takeRound().touched.keys()].map(({ state }) => state)
      await writeImages(touched.filter((state) => exists(state) && holdsVectors(state)), () => clock.now(), writing, { embedAll: false })
    }
  }
  let unwritten = 0
  let records = 0
  let from: Positions = await log.starts(domainTopics(topics))
  for (let pass = 1; ; pass++) {
    const to: Positions = Object.assign({}, ...[...boundaries.values()].map(({ tail }) => tail.covered))
    const total = records + distance(from, to)
    for await (const batch of readUpTo(log, from, to, { signal, maxRecords: 5_000 })) {
      for (const record of batch) step(shards.get(record.partition) as Shard, record, context)
      records += batch.length
      unwritten += batch.length
      options.onProgress?.({ phase: 'reading', done: records, total })
      if (unwritten < imagesEvery) continue
      unwritten = 0
      await writeVectors()
    }
    signal.throwIfAborted()
    from = { ...from, ...Object.fromEntries(Object.entries(to).filter(([key]) => key in from)) }
    const moved = await findBoundaries({ log, topics, signal })
    const behind = distance(from, Object.assign({}, ...[...moved.values()].map(({ tail }) => tail.covered)))
    if (behind <= closeEnough || pass === mostPasses) break
    logger.info('ingest went on during the replay: reading what it has announced since', { records: behind })
    boundaries = moved
    withheld = withheld.filter(({ target, source, effect }) => !deliver(target, source, effect))
  }

  for (const [number, { tail, loaded, marks }] of boundaries) {
    const shard = shards.get(number) as Shard
    Object.assign(shard.positions, tail.covered)
    Object.assign(shard.rekeyed, tail.rekeyed)
    shard.sequence = tail.sequence
    shard.nextChange = tail.next
    shard.repetitions.restore(marks)
    for (const states of [loaded, ...loaded.others.values()])
      for (const [entity, { state, epoch }] of states.entities)
        if (shard.entities.has(entity)) adopt(shard, { entity, epoch, revision: state.revision, after: liveFields(state) })
    for (const announced of tail.announced.values()) if (shard.entities.has(announced.entity)) adopt(shard, announced)
  }
  return { shards, records, entities: await writeAll(shards, writing, options) }
}

/** The log has lost its beginning: the states of the last checkpoint take its place, and the serving index has the vectors. */
async function fromSnapshot(boundaries: Map<number, Boundary>, writing: WritingOptions, options: ReplayOptions): Promise<Built> {
  const { log, topics, signal, index, logger } = options
  logger.warn('the log has lost its beginning: the states of the last checkpoint are taken over as they are')
  const assembled = [...boundaries].map(([number, boundary]) => {
    const states = [boundary.loaded, ...boundary.loaded.others.values()].filter(({ marker }) => marker !== null)
      .sort((a, b) => (b.marker?.at ?? 0) - (a.marker?.at ?? 0))[0]
    return assembleAt(number, boundary, states ?? boundary.loaded, options)
  })
  const { records } = await readToTail(assembled, { log, topics, step: silentStep(options), signal })
  const shards = new Map(assembled.map(({ shard }) => [shard.number, shard]))
  for (const { shard, tail } of assembled) {
    for (const announced of tail.announced.values()) adopt(shard, announced)
    shard.ahead.clear()
    for (const { state } of shard.entities.values()) {
      state.embeddedText = null
      const missing = [...(state.vectors ?? [])].filter(([, { values }]) => values === null).map(([model]) => model)
      if (missing.length === 0 || !exists(state)) continue
      const [stored] = await index.getMany(state.kind, [state.id], { withVectors: missing, signal })
      for (const model of missing) {
        const values = stored?.vectors?.[model]
        const held = state.vectors?.get(model)
        if (held && values) held.values = values
      }
    }
  }
  return { shards, records, entities: await writeAll(shards, writing, options) }
}

async function writeAll(shards: ReadonlyMap<number, Shard>, writing: WritingOptions, { clock, onProgress }: ReplayOptions): Promise<number> {
  const there = [...shards.values()].flatMap((shard) => [...shard.entities.values()].map(({ state }) => state).filter(exists))
  // Other projections may make other states of the same events, and a crash may have left some that nobody announced.
  for (const state of there) state.revision = revisionIn(1, state.revision)
  let done = 0
  for (let at = 0; at < there.length; at += 5_000) {
    done += await writeImages(there.slice(at, at + 5_000), () => clock.now(), writing, { embedAll: true })
    onProgress?.({ phase: 'writing', done, total: there.length })
  }
  return done
}

const assembleAt = (number: number, { tail, loaded }: Boundary, states: LoadedStates, options: ReplayOptions): Assembled =>
  assemble({ number, epoch: Math.max(tail.greatestEpoch, 0), nextChange: tail.next, checkpoint: loaded.checkpoint }, states, tail,
    { topics: options.topics, duplicateRetentionMs: duplicateRetention(options) })

const holdsVectors = ({ vectors }: EntityState): boolean => [...(vectors?.values() ?? [])].some(({ values }) => values !== null)

const distance = (from: Positions, to: Positions): number =>
  Object.entries(from).reduce((sum, [key, position]) => sum + Math.max(0, (to[key] ?? 0) - position), 0)
