import { covers, mergePositions, parsePartitionKey, partitionKey } from '../events/log.ts'
import type { EventLog, Positions } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { Topics } from '../events/topics.ts'
import { ShardStatesLoader } from './load-states.ts'
import type { LoadedShard } from './load-states.ts'
import { decodeRekeyed, Repetitions } from './rekeyed.ts'
import type { HighWaterMarks } from './rekeyed.ts'
import { emptyTail, scanTails } from './takeover.ts'
import type { ScannedTail } from './takeover.ts'

/** Where a shard's announcements stand, and so where a replay of it has to end. */
export interface Boundary {
  tail: ScannedTail
  /** What it had received re-keyed by then. */
  marks: HighWaterMarks
  /** What the state topic has of it, by projections of any version. */
  loaded: LoadedShard
}

/** Of all shards, as of now. Writes nothing, so an owner may be at work meanwhile. */
export async function findBoundaries({ log, topics, signal }: { log: EventLog; topics: Topics; signal: AbortSignal }): Promise<Map<number, Boundary>> {
  const loaded = await loadAll({ log, topics, signal })
  const markers = new Map([...loaded].map(([shard, { marker, others }]) => {
    const all = [marker, ...[...others.values()].map((other) => other.marker)].filter((each) => each !== null)
    return [shard, all.sort((a, b) => b.at - a.at)[0]]
  }))
  const ends = await log.ends([topics.changes])
  const tails = await scanTails({
    log, topics, signal,
    since: new Map([...markers].map(([shard, marker]) => [shard, marker?.tail ?? emptyTail])),
    ends: new Map(Object.entries(ends).map(([key, end]) => [parsePartitionKey(key).partition, end])),
  })

  // What was received between the checkpoint and the boundary.
  const repetitions = new Map([...markers].map(([shard, marker]) => [shard, new Repetitions(marker?.marks)]))
  const from: Record<string, number> = {}
  const to: Record<string, number> = {}
  const starts = await log.starts([topics.rekeyed])
  for (const [shard, marker] of markers) {
    const key = partitionKey(topics.rekeyed, shard)
    from[key] = Math.max(marker?.positions[key] ?? 0, starts[key] ?? 0)
    to[key] = tails.get(shard)?.covered[key] ?? 0
  }
  for await (const batch of readUpTo(log, from, to, { signal }))
    for (const { partition, value } of batch) {
      if (value === null) continue
      const record = decodeRekeyed(value)
      for (const { topic, offset, index } of record.effects) repetitions.get(partition)?.seen(partitionKey(topic, record.shard), offset, index)
    }
  signal.throwIfAborted()
  return new Map([...loaded].map(([shard, states]) => [shard, {
    loaded: states, tail: tails.get(shard) as ScannedTail, marks: (repetitions.get(shard) as Repetitions).marks(),
  }]))
}

/** Reads until the end stands still, so that what is superseded before it is read is read in its new place. */
async function loadAll({ log, topics, signal }: { log: EventLog; topics: Topics; signal: AbortSignal }): Promise<Map<number, LoadedShard>> {
  const loaders = new Map(Array.from({ length: log.partitions }, (_, shard) => [shard, new ShardStatesLoader({ allVersions: true })]))
  let from: Positions = await log.starts([topics.state])
  for (;;) {
    const to = await log.ends([topics.state])
    if (covers(from, to)) break
    for await (const records of readUpTo(log, from, to, { signal })) for (const record of records) loaders.get(record.partition)?.take(record)
    signal.throwIfAborted()
    from = mergePositions(from, to)
  }
  return new Map([...loaders].map(([shard, loader]) => [shard, loader.end()]))
}
