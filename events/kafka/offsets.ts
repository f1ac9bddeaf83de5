import { partitionKey, type Positions } from '../log.ts'
import type { Connection } from './client.ts'

type Which = { fromBeginning: boolean } | { fromTimestamp: number }

async function listOffsets(
  connection: Connection, topics: readonly string[], which: Which, cluster = connection.cluster,
): Promise<Record<string, number>> {
  await connection.knowAnew(topics)
  const answered = await cluster.fetchTopicsOffset(topics.map((topic) => ({
    topic,
    partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId })),
    ...which,
  })))
  const positions: Record<string, number> = {}
  for (const { topic, partitions } of answered)
    for (const { partition, offset } of partitions) positions[partitionKey(topic, partition)] = Number(offset)
  return positions
}

/** First retained offset of every partition. */
export const starts = (connection: Connection, topics: readonly string[]): Promise<Positions> =>
  listOffsets(connection, topics, { fromBeginning: true })

/** Next offset of every partition; before the first transaction that is still open, because a reader comes no further, unless told otherwise. */
export const ends = (connection: Connection, topics: readonly string[], { uncommitted = false } = {}): Promise<Positions> =>
  listOffsets(connection, topics, { fromBeginning: false }, uncommitted ? readingUncommitted(connection.cluster) : undefined)

/** kafkajs takes the isolation level from the cluster, which has one for all. */
const readingUncommitted = (cluster: Connection['cluster']): Connection['cluster'] =>
  Object.create(cluster, { isolationLevel: { value: 0 } }) as Connection['cluster']

/** First position with a timestamp at or after `time` (ms since the epoch); the end where there is none. */
export async function positionsAt(connection: Connection, topics: readonly string[], time: number): Promise<Positions> {
  // In this order: an end asked for afterwards could lie behind a record that came in between.
  const none = await ends(connection, topics)
  const found = await listOffsets(connection, topics, { fromTimestamp: Math.max(0, Math.ceil(time)) })
  return Object.fromEntries(Object.entries(found).map(([key, offset]) => [key, offset < 0 ? none[key] ?? 0 : offset]))
}
