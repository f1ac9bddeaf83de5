import { partitionKey, type EventLog } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { Topics } from '../events/topics.ts'
import { parseChange } from '../ingest/change-reader.ts'
import type { EntityChanged, MetricsChanged } from '../ingest/changes.ts'

/** Records of each partition: a batch has fewer, unless very much was applied at once. */
const looksBack = 200

/**
 * Of `changes`, what was announced last before a gateway began to follow it: how new the states are that it began with.
 * @param before by shard, where it began
 */
export async function latestChanges(
  log: Pick<EventLog, 'read' | 'starts'>, { changes }: Pick<Topics, 'changes'>, before: ReadonlyMap<number, { next: number }>, signal: AbortSignal,
): Promise<{ entities: EntityChanged[]; metrics: MetricsChanged[] }> {
  const starts = await log.starts([changes])
  const to = Object.fromEntries([...before].map(([shard, { next }]) => [partitionKey(changes, shard), next]))
  const from = Object.fromEntries(Object.entries(to).map(([key, next]) => [key, Math.max(starts[key] ?? 0, next - looksBack)]))
  const found = { entities: [] as EntityChanged[], metrics: [] as MetricsChanged[] }
  for await (const records of readUpTo(log, from, to, { signal }))
    for (const record of records) {
      const change = parseChange(record)
      if (change?.type === 'EntityChanged') found.entities.push(change)
      else if (change?.type === 'MetricsChanged') found.metrics.push(change)
    }
  return found
}
