import { setTimeout as delay } from 'node:timers/promises'
import { LogUnavailableError, partitionKey } from '../events/log.ts'
import type { Assignment, LogRecord, Positions } from '../events/log.ts'
import { deadLetterRecord } from '../events/dead-letters.ts'
import { FUTURE_MS } from '../events/parse.ts'
import { ingestedTopics } from '../events/topics.ts'
import { Checkpointer, mostOverdue } from './checkpoint.ts'
import { completeRound } from './complete-round.ts'
import type { RoundOptions } from './complete-round.ts'
import { embeddingTextOf, needsEmbedding } from './embedding-text.ts'
import { exists } from './entity-state.ts'
import { Intake } from './intake.ts'
import { defaultLatenessMs } from './lateness.ts'
import { MetricCopies } from './metric-copies.ts'
import { persist } from './persist.ts'
import { recover } from './recover.ts'
import type { Recovered } from './recover.ts'
import type { IngestOptions } from './run.ts'
import type { Shard } from './shard.ts'
import { step } from './step.ts'
import type { StepContext } from './step.ts'
import { awaitFormerOwners } from './takeover.ts'
import { WriteBehind } from './write-behind.ts'
import type { Lane } from './write-behind.ts'

/** Why an ownership ended: the loop was told to stop, or the partitions went to somebody else. */
interface Ownership {
  assignment: Assignment
  options: IngestOptions
  /** Aborted when the loop shall stop: it finishes its round and hands over. */
  stop: AbortSignal
  /** Aborted when nothing may be written any more. */
  end: AbortSignal
}

interface Owned {
  shard: Shard
  copies: MetricCopies
  checkpointer: Checkpointer
}

/**
 * Owns the shards of one assignment from takeover to handover. One loop drives all of them: a round takes what has come
 * for any shard, writes it to the index in one call and announces it in one append, which costs a third of a loop a
 * shard where shards share a process, and the order within a shard is the same.
 */
export async function ownShards({ assignment, options, stop, end }: Ownership): Promise<void> {
  const { log, topics, settings, clock, logger, metrics } = options
  const startedAt = clock.now()
  const shards = assignment.partitions
  const writing = { writer: options.index, index: options.index, embedder: options.embedder, settings, logger, metrics, signal: end }
  await onLog('waiting for the former owners', options, stop, () =>
    awaitFormerOwners({ log, topics, shards, waitMs: settings.takeoverWaitMs, signal: stop }))
  const { generation, entities } = await persist({ system: 'index', what: 'asking for its state', signal: stop, logger, metrics }, () => options.index.stats())
  const context = stepContext(options)
  const recovering = {
    ...writing, log, topics, clock, step: { ...context, refuse: countRefusal, forward: () => {} },
    duplicateRetentionMs: latenessOf(options) + FUTURE_MS,
    generation: Object.values(entities).every((count) => count === 0) ? `${generation}, empty` : generation,
  }
  const recovered = await persist({
    system: 'log', what: 'taking shards over', signal: stop, logger, metrics, isSystems: (error) => error instanceof LogUnavailableError,
  }, () => recover(shards, assignment.epoch, recovering))

  options.states?.own(recovered.map(({ shard }) => shard))
  const positions: Positions = Object.assign({}, ...recovered.map(({ shard }) => shard.positions))
  const intake = new Intake(assignment.read({ from: positions, signal: stop, maxRecords: settings.maxRoundRecords }), settings.readAhead)
  // What is pending at the end is the next owner's.
  const over = new AbortController()
  const owned = new Map(recovered.map((each, i) => {
    const firstAfterMs = settings.checkpointIntervalMs * (i + 1) / recovered.length
    return [each.shard.number, own({ ...each, stored: { ...each.stored, firstAfterMs } }, options, end, intake)]
  }))
  const behind = new WriteBehind(owned, { ...writing, clock, signal: AbortSignal.any([end, over.signal]), wake: () => intake.wake() })
  const round: RoundOptions = { ...writing, log, topics, clock, behind }
  for (const { shard, replayed } of recovered) {
    for (const entry of shard.entities.values()) {
      const { state } = entry
      if (exists(state) && needsEmbedding(state, embeddingTextOf(state, options.embedder.model), options.embedder.model)) behind.embed(shard, entry)
    }
    metrics.shardTaken({ shard: shard.number, epoch: shard.epoch, replayed, ms: clock.now() - startedAt })
  }
  if (shards.length > 0) logger.info('ingest owns partitions', { partitions: shards.join(' '), ms: clock.now() - startedAt })

  const timers = [
    // The wheel of metric copies turns without events too.
    setInterval(() => { if (behind.isDue(clock.now())) intake.wake() }, 100),
    setInterval(() => intake.wake(), Math.min(1_000, settings.checkpointIntervalMs)),
    setInterval(oneAtATime(() => report(assignment, owned, options)), settings.commitIntervalMs),
  ]
  let cleanly = false
  try {
    let nextRoundAt = 0
    while (!stop.aborted) {
      // A round has a cost of its own: a trickle shares rounds, while the first event after a pause and a backlog never wait.
      const wait = nextRoundAt - performance.now()
      if (wait > 0 && intake.waiting < settings.maxRoundRecords / 4) await delay(wait)
      const records = await intake.take(settings.maxRoundRecords)
      nextRoundAt = performance.now() + settings.paceMs
      if (intake.ended && records.length === 0) break
      await runRound(records, owned, behind, context, round)
      // One piece between two rounds, whosever it is; its end wakes the loop for the next one.
      mostOverdue(owned.values())?.checkpointer.step(records.length / settings.maxRoundRecords)
      behind.step()
    }
    while (await behind.drain(!assignment.signal.aborted)) await runRound([], owned, behind, context, round)
    await handOver(owned, assignment, options, end)
    cleanly = true
  } finally {
    timers.forEach(clearInterval)
    over.abort(new Error('the ownership has ended'))
    await behind.over()
    for (const { shard } of owned.values()) metrics.shardReleased({ shard: shard.number, epoch: shard.epoch, cleanly })
  }
}

function own({ shard, stored }: Recovered, options: IngestOptions, end: AbortSignal, intake: Intake): Owned {
  const { log, index, topics, settings, clock, logger, metrics } = options
  const now = clock.now()
  const copies = new MetricCopies(settings.copyIntervalMs, now)
  for (const entry of shard.entities.values()) copies.moved(entry, now)
  const checkpointer = new Checkpointer(shard, {
    log, index, topics, settings, clock, logger, metrics, signal: end,
    wake: () => intake.wake(),
    completed: (number, positions) => options.checkpointed?.(number, positions),
  }, stored)
  return { shard, copies, checkpointer }
}

/** Takes records of any shards, with what has been written behind the rounds, to where they are announced. */
export async function runRound(
  records: readonly LogRecord[], owned: ReadonlyMap<number, Lane>, behind: WriteBehind, context: StepContext, options: RoundOptions,
): Promise<void> {
  const active = new Set<Lane>()
  for (const record of records) {
    const owner = owned.get(record.partition) as Lane
    step(owner.shard, record, context)
    active.add(owner)
  }
  behind.join()
  const now = options.clock.now()
  for (const owner of owned.values()) {
    const { shard, copies } = owner
    for (const entry of shard.round.counted) copies.moved(entry, now)
    for (const entry of shard.round.touched.keys()) copies.moved(entry, now)
    if (shard.round.touched.size > 0) active.add(owner)
  }
  if (active.size > 0) await completeRound([...active].map(({ shard }) => shard), options)
}

/** Writes the last checkpoints and says that nothing more comes, so that nobody has to wait or to repeat anything. */
async function handOver(owned: ReadonlyMap<number, Owned>, assignment: Assignment, options: IngestOptions, end: AbortSignal): Promise<void> {
  const { log, topics, clock } = options
  for (const { checkpointer } of owned.values()) await checkpointer.finish()
  await onLog('closing shards', options, end, () => log.append([...owned.values()].map(({ shard }) => ({
    topic: topics.changes, key: null, partition: shard.number,
    value: Buffer.from(JSON.stringify({
      type: 'Progress', shard: shard.number, epoch: shard.epoch, sequence: shard.sequence, index: 0, covered: shard.positions,
      rekeyed: shard.rekeyed, noops: 0, deadLetters: 0, appliedAt: clock.now(), ownership: 'closed',
    })),
  })), { signal: end }))
  if (!assignment.signal.aborted) await commit(assignment, owned, options)
}

const onLog = <T>(what: string, { logger, metrics }: IngestOptions, signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
  persist({ system: 'log', what, signal, logger, metrics }, work)

/** Off the hot path and for monitoring alone, so a failure is only said. */
async function commit(assignment: Assignment, owned: ReadonlyMap<number, Owned>, { logger }: IngestOptions): Promise<void> {
  try {
    await assignment.commit(Object.assign({}, ...[...owned.values()].map(({ shard }) => shard.positions)))
  } catch (error) {
    if (!assignment.signal.aborted) logger.warn('offsets could not be committed', { error: String(error) })
  }
}

async function report(assignment: Assignment, owned: ReadonlyMap<number, Owned>, options: IngestOptions): Promise<void> {
  const { log, topics, metrics, logger } = options
  if (assignment.signal.aborted) return
  await commit(assignment, owned, options)
  try {
    const ends = await log.ends(ingestedTopics(topics))
    let lag = 0
    for (const { shard } of owned.values())
      for (const topic of ingestedTopics(topics)) {
        const key = partitionKey(topic, shard.number)
        lag += Math.max(0, (ends[key] ?? 0) - (shard.positions[key] ?? 0))
      }
    metrics.lag(lag)
  } catch (error) {
    logger.warn('the lag could not be measured', { error: String(error) })
  }
}

/** While the log is away, reports must not pile up. */
function oneAtATime(work: () => Promise<void>): () => void {
  let busy = false
  return () => {
    if (busy) return
    busy = true
    void work().finally(() => { busy = false })
  }
}

const latenessOf = ({ latenessMs }: Pick<IngestOptions, 'latenessMs'>): number => latenessMs ?? defaultLatenessMs

function stepContext(options: IngestOptions): StepContext {
  const { log, topics, clock } = options
  return {
    topics, partitions: log.partitions, latenessMs: latenessOf(options), futureMs: FUTURE_MS,
    refuse: (shard, record, parsed) => {
      countRefusal(shard, record, parsed)
      shard.round.deadLetters.push(deadLetterRecord(record, parsed, clock.now(), topics))
    },
    forward: (shard, target, effect) => {
      const effects = shard.round.outbox.get(target)
      if (effects) effects.push(effect)
      else shard.round.outbox.set(target, [effect])
    },
  }
}

const countRefusal: StepContext['refuse'] = ({ round }, _record, { parked }) => {
  if (parked) round.parked++
  else round.rejected++
}
