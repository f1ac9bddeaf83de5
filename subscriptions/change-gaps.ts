import { partitionKey, parsePartitionKey, type EventLog, type Positions } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { Cut, Gap } from '../resolvers/live.ts'
import type { ChangeHub } from './change-hub.ts'
import { comparePositions, plainPosition, type Position } from './cut.ts'
import type { Beginning } from './deliver.ts'

export interface ChangeLog {
  hub: ChangeHub
  log: Pick<EventLog, 'starts' | 'ends' | 'positionsAt'>
  topics: Topics
}

/**
 * Where to go on in these lanes of `changes`, or why that cannot be: the cursor is of other lanes or from beyond the log's
 * end, or what lies behind it has been removed. The log is asked only for what is not in memory.
 */
export async function beginningOf(beginning: Beginning, lanes: readonly string[], changes: ChangeLog): Promise<{ from: Cut } | { gap: Gap }> {
  return 'since' in beginning ? sinceTime(beginning.since, lanes, changes) : behindCut(beginning, lanes, changes)
}

async function behindCut({ from, said }: { from: Cut; said: string }, lanes: readonly string[], changes: ChangeLog): Promise<{ from: Cut } | { gap: Gap }> {
  const { hub, log, topics } = changes
  const now = hub.cut()
  const foreign = { gap: { reason: 'CURSOR', missed: { from: said, count: null } } } satisfies { gap: Gap }
  const unknown: { key: string; lane: string; position: Position }[] = []
  const ahead: typeof unknown = []
  for (const lane of lanes) {
    const [position, reached] = [from[lane], now[lane]]
    if (!position || !reached) return foreign
    const difference = comparePositions(position, reached)
    const key = partitionKey(topics.changes, parsePartitionKey(lane).partition)
    // From a replica that has read further.
    if (difference > 0) ahead.push({ key, lane, position })
    else if (difference < 0 && !hub.remembers(from, [lane])) unknown.push({ key, lane, position })
  }
  if (ahead.length > 0) {
    const ends = await log.ends([topics.changes])
    if (ahead.some(({ key, position }) => position.next > (ends[key] ?? 0))) return foreign
  }
  if (unknown.length === 0) return { from }
  const starts = await log.starts([topics.changes])
  const count = unknown.reduce((sum, { key, position }) => sum + Math.max(0, (starts[key] ?? 0) - position.next), 0)
  return count === 0 ? { from } : { gap: { reason: 'RETENTION', missed: { from: said, count } } }
}

async function sinceTime(time: number, lanes: readonly string[], { log, topics }: ChangeLog): Promise<{ from: Cut } | { gap: Gap }> {
  const keys = lanes.map((lane) => partitionKey(topics.changes, parsePartitionKey(lane).partition))
  const { positions, gap } = await positionsSince(log, [topics.changes], keys, time)
  return gap ? { gap } : { from: Object.fromEntries(lanes.map((lane, i) => [lane, plainPosition(positions[keys[i]!] ?? 0)])) }
}

/**
 * Positions of a time in these partitions, and a gap where it lies before what is kept: what is kept begins after it, and
 * something was there before. Of a partition that has rested for so long that it holds nothing any more, nobody knows.
 */
export async function positionsSince(
  log: Pick<EventLog, 'starts' | 'positionsAt'>, topics: readonly string[], keys: readonly string[], time: number,
): Promise<{ positions: Positions; gap?: Gap }> {
  const [positions, starts] = await Promise.all([log.positionsAt(topics, time), log.starts(topics)])
  const isRemoved = keys.some((key) => (starts[key] ?? 0) > 0 && (positions[key] ?? 0) <= (starts[key] ?? 0))
  return isRemoved ? { positions, gap: { reason: 'RETENTION', missed: { from: new Date(time).toISOString(), count: null } } } : { positions }
}
