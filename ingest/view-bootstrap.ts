import { covers, mergePositions, parsePartitionKey, partitionKey } from '../events/log.ts'
import type { EventLog, LogRecord, Positions } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { Topics } from '../events/topics.ts'
import { BatchAssembler } from './change-reader.ts'
import type { ChangeBatch } from './change-reader.ts'
import type { Logger } from './observer.ts'
import { projectionVersion } from './projections/index.ts'
import { isEntityName, markerName, parseStateKey, splitHead } from './state-records.ts'
import type { CheckpointMarker, StateHead } from './state-records.ts'
import type { ShardTail } from './takeover.ts'

/** What is kept from states and changes: a metric view (search/metric-view.ts). */
export interface FollowingView {
  /** An entity's state as `encodeEntityState` wrote it; of several the last counts, null removes. */
  loadState(entity: string, value: Uint8Array | null): void
  /** Where a shard's checkpoint stands. */
  loadShard(start: { shard: number; sequence: number; covered: Positions; rekeyed: Positions }): void
  /** Every batch after it, per shard in order, each once. It may hold what a state that was written later includes. */
  apply(batch: ChangeBatch): void
  /** Everything that `changes` held at the start is applied. */
  caughtUp(): void
}

/** The last batch of a shard that is dealt with (sequence -1: none), and where on `changes` what follows begins. */
export type SeenBatch = Pick<ShardTail, 'next' | 'epoch' | 'sequence'>

export interface ViewOptions {
  log: EventLog
  topics: Topics
  view: FollowingView
  /** Ends it cleanly. */
  signal: AbortSignal
  logger: Logger
  /**
   * For a view that reads the states of this process: from where on it follows. Awaited until they are there, or the signal's
   * abort. Without it the view is given the states of the last checkpoints.
   */
  tails?(signal: AbortSignal): Promise<ReadonlyMap<number, ShardTail>>
  /** Told where in each shard the batches begin, before the first of them: behind the last one that is seen already. */
  onBegin?(seen: ReadonlyMap<number, SeenBatch>): void
  /** Told of each batch once the view has it. */
  onBatch?(batch: ChangeBatch): void
}

export interface StartedView {
  /** Everything that `changes` held at the start is applied; rejects when it ends before. */
  caughtUp: Promise<void>
  /** Resolves after the signal's abort; rejects when the log cannot be read, or a state is damaged. */
  ended: Promise<void>
}

/**
 * Loads the states of all shards into the view, then follows `changes` until the signal is aborted. It needs no group, and
 * any number of processes may do it beside ingest. The topics must exist.
 */
export function startView(options: ViewOptions): StartedView {
  const { promise: caughtUp, resolve, reject } = Promise.withResolvers<void>()
  const ended = follow(options, resolve)
  ended.then(() => reject(options.signal.reason), reject)
  // Who does not wait for either need not catch it.
  caughtUp.catch(() => {})
  ended.catch(() => {})
  return { caughtUp, ended }
}

async function follow(options: ViewOptions, onCaughtUp: () => void): Promise<void> {
  const { log, topics, view, signal, logger, onBegin, onBatch } = options
  const startedAt = performance.now()
  const tails = await (options.tails ? options.tails(signal) : loadSnapshot(options))
  if (signal.aborted) return
  const starts = await log.starts([topics.changes])
  const from: Record<string, number> = {}
  const assemblers = new Map<number, BatchAssembler>()
  const seen = new Map<number, SeenBatch>()
  for (const [key, start] of Object.entries(starts)) {
    const { partition: shard } = parsePartitionKey(key)
    const tail = tails.get(shard)
    const next = Math.max(start, tail?.next ?? 0)
    from[key] = next
    seen.set(shard, { next, epoch: tail?.epoch ?? -1, sequence: tail?.sequence ?? -1 })
    assemblers.set(shard, new BatchAssembler(tail))
    if (tail) view.loadShard({ shard, sequence: tail.sequence, covered: tail.covered, rekeyed: tail.rekeyed })
  }
  onBegin?.(seen)
  const wanted = await log.ends([topics.changes])
  const reached: Record<string, number> = { ...from }
  let behind = true
  const catchUp = () => {
    if (!behind || !covers(reached, wanted)) return
    behind = false
    view.caughtUp()
    onCaughtUp()
    logger.info('the metric view has caught up', { ms: Math.round(performance.now() - startedAt) })
  }
  catchUp()
  for await (const records of log.read({ from, signal })) {
    for (const record of records) {
      const batch = assemblers.get(record.partition)?.push(record)
      if (batch) {
        view.apply(batch)
        onBatch?.(batch)
      }
      if (behind) reached[partitionKey(record.topic, record.partition)] = record.offset + 1
    }
    catchUp()
  }
}

/**
 * Reads the state topic until its end stands still, so that a record which was superseded before it was read is read in
 * its new place; returns what the last complete checkpoint of each shard covers. Where changes behind a checkpoint have
 * been removed from the log already, nobody could know what they counted: it waits for the checkpoint that has it.
 */
async function loadSnapshot({ log, topics, view, signal, logger }: ViewOptions): Promise<ReadonlyMap<number, ShardTail>> {
  const tails = new Map<number, ShardTail>()
  const epochs = new Map<number, number>()
  const take = (record: LogRecord) => {
    const key = record.key === null ? null : parseStateKey(record.key)
    if (key?.version !== projectionVersion) return
    if (record.value === null) {
      if (isEntityName(key.name)) view.loadState(key.name, null)
      return
    }
    const { head, body } = splitHead<StateHead>(record)
    // Written by an owner that has been superseded.
    if (head.epoch < (epochs.get(record.partition) ?? -1)) return
    epochs.set(record.partition, head.epoch)
    if (key.name === markerName) tails.set(record.partition, (head as CheckpointMarker).tail)
    else if (isEntityName(key.name)) view.loadState(key.name, body)
  }
  let from = await log.starts([topics.state])
  let waited = false
  for (;;) {
    const to = await log.ends([topics.state])
    if (!covers(from, to)) {
      for await (const records of readUpTo(log, from, to, { signal })) records.forEach(take)
      from = mergePositions(from, to)
    }
    if (signal.aborted) return tails
    const gone = goneBehind(tails, await log.starts([topics.changes]))
    if (gone.length === 0 && covers(from, to)) return tails
    if (gone.length === 0) continue
    if (!waited) logger.warn('changes were removed from the log before a checkpoint had what they counted: waiting for the next one of ingest', { shards: gone.join() })
    waited = true
    for await (const records of log.read({ from, signal })) {
      records.forEach(take)
      from = mergePositions(from, Object.fromEntries(records.map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset + 1])))
      break
    }
  }
}

/** Shards whose changes begin behind where their checkpoint ends. */
const goneBehind = (tails: ReadonlyMap<number, ShardTail>, starts: Positions): number[] =>
  Object.entries(starts).map(([key, start]) => ({ shard: parsePartitionKey(key).partition, start }))
    .filter(({ shard, start }) => start > (tails.get(shard)?.next ?? 0)).map(({ shard }) => shard)
