import { partitionKey } from '../events/log.ts'
import type { EventLog, Positions } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { EntityKey } from '../events/entity.ts'
import { BatchAssembler, parseChange } from './change-reader.ts'
import type { EntityChanged, Progress } from './changes.ts'
import { readThrough } from './read-through.ts'
import { ownerName, stateKey } from './state-records.ts'

/** Where a shard's announcements stand. */
export interface ShardTail {
  /** The last batch announced; sequence −1 where there is none. */
  sequence: number
  epoch: number
  covered: Positions
  rekeyed: Positions
  /** Where the next batch goes on `changes`. */
  next: number
}

export const emptyTail: ShardTail = { sequence: -1, epoch: -1, covered: {}, rekeyed: {}, next: 0 }

export interface Claim {
  shard: number
  epoch: number
  /** Offsets of the claim's records on `changes` and `state`: what lies before them is what there is to recover from. */
  changesOffset: number
  stateOffset: number
}

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

/**
 * Waits until the former owners of these shards write no more: at once for a shard whose last record says that it was
 * closed, else until it says so or `waitMs` has passed (the time in which a call of a dead owner may still arrive).
 */
export async function awaitFormerOwners(
  { log, topics, shards, waitMs, signal }: { log: EventLog; topics: Topics; shards: readonly number[]; waitMs: number; signal: AbortSignal },
): Promise<void> {
  if (waitMs === 0 || shards.length === 0) return
  const [starts, ends] = await Promise.all([log.starts([topics.changes]), log.ends([topics.changes])])
  const open = new Set<number>()
  const from: Record<string, number> = {}
  for (const shard of shards) {
    const key = partitionKey(topics.changes, shard)
    const end = ends[key] ?? 0
    if (end <= (starts[key] ?? 0)) continue
    open.add(shard)
    from[key] = end - 1
  }
  if (open.size === 0) return
  const enough = new AbortController()
  const timer = setTimeout(() => enough.abort(), waitMs)
  try {
    for await (const records of log.read({ from, signal: AbortSignal.any([signal, enough.signal]) })) {
      for (const record of records) {
        const change = parseChange(record)
        if (change?.type === 'Progress' && change.ownership === 'closed') open.delete(record.partition)
        else open.add(record.partition)
      }
      if (open.size === 0) break
    }
  } finally {
    clearTimeout(timer)
    enough.abort()
  }
  signal.throwIfAborted()
}

/** Begins a new epoch of each shard, on `changes` for its readers and on `state` for the next owner. */
export async function claimShards(
  { log, topics, epochs, signal, now }: { log: EventLog; topics: Topics; epochs: ReadonlyMap<number, number>; signal: AbortSignal; now: number },
): Promise<Map<number, Claim>> {
  const shards = [...epochs.keys()]
  const appended = await log.append(shards.flatMap((shard) => {
    const epoch = epochs.get(shard) as number
    const claim: Progress = {
      type: 'Progress', shard, epoch, sequence: -1, index: 0, covered: {}, rekeyed: {}, noops: 0, deadLetters: 0,
      appliedAt: now, ownership: 'claimed',
    }
    return [
      { topic: topics.changes, key: null, partition: shard, value: encode(claim) },
      { topic: topics.state, key: stateKey(ownerName), partition: shard, value: encode({ epoch }) },
    ]
  }), { signal })
  return new Map(shards.map((shard, i) => [shard, {
    shard, epoch: epochs.get(shard) as number,
    changesOffset: (appended[i * 2] as { offset: number }).offset,
    stateOffset: (appended[i * 2 + 1] as { offset: number }).offset,
  }]))
}

/** What the records of `changes` before a claim say. */
export interface ScannedTail extends ShardTail {
  /** The greatest epoch that anybody has claimed, whether or not it announced something. */
  greatestEpoch: number
  /** The last announcement of each entity since the scan's beginning: revisions go on from there. */
  announced: Map<EntityKey, EntityChanged>
  /** When what was counted of each entity last was applied. */
  appliedAt: Map<EntityKey, number>
  /** Entities with a vector among the announcements. */
  vectors: Set<EntityKey>
}

/**
 * Reads `changes` of each shard from `since` (the checkpoint's, or the beginning) up to an end (exclusive), such as a claim's
 * offset.
 */
export async function scanTails(
  { log, topics, since, ends, signal }: {
    log: EventLog; topics: Topics; since: ReadonlyMap<number, ShardTail>; ends: ReadonlyMap<number, number>; signal: AbortSignal
  },
): Promise<Map<number, ScannedTail>> {
  const starts = await log.starts([topics.changes])
  const tails = new Map<number, ScannedTail>()
  const assemblers = new Map<number, BatchAssembler>()
  const from: Record<string, number> = {}
  const through: Record<string, number> = {}
  for (const [shard, end] of ends) {
    const tail = since.get(shard) ?? emptyTail
    const key = partitionKey(topics.changes, shard)
    from[key] = Math.max(tail.next, starts[key] ?? 0)
    through[key] = end - 1
    tails.set(shard, { ...tail, greatestEpoch: tail.epoch, announced: new Map(), appliedAt: new Map(), vectors: new Set() })
    assemblers.set(shard, new BatchAssembler(tail))
  }
  await readThrough(log, { from, through, signal }, (record) => {
    const tail = tails.get(record.partition) as ScannedTail
    tail.greatestEpoch = Math.max(tail.greatestEpoch, parseChange(record)?.epoch ?? -1)
    const batch = assemblers.get(record.partition)?.push(record)
    if (!batch) return
    tail.sequence = batch.sequence
    tail.epoch = batch.epoch
    tail.covered = batch.progress.covered
    tail.rekeyed = batch.progress.rekeyed
    tail.next = batch.next
    for (const change of batch.entities) {
      tail.announced.set(change.entity, change)
      if (Object.keys(change.changed).some((name) => name.startsWith('vector:'))) tail.vectors.add(change.entity)
    }
    for (const { entities, appliedAt } of batch.metrics) for (const { entity } of entities) tail.appliedAt.set(entity, appliedAt)
  })
  return tails
}
