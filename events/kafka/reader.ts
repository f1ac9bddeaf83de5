import { partitionKey, parsePartitionKey, type LogRecord, type Positions } from '../log.ts'
import type { Connection, Logger } from './client.ts'
import { FetchSession } from './fetch.ts'
import type { Link } from './link.ts'
import type { TopicPresence } from './presence.ts'

export interface ReaderOptions {
  /** For this reader alone; closed when it ends. */
  link: Link
  presence: TopicPresence
  from: Positions
  signal: AbortSignal
  /** The most records in one batch. */
  maxRecords: number
  onPassed: ((positions: Positions) => void) | undefined
  logger: Logger
}

/**
 * Reads partitions without a group, by fetch requests of its own. One answer of each broker is fetched ahead while the
 * former is being used, and no more.
 */
export async function* readPartitions({ link, presence, from, signal, maxRecords, onPassed, logger }: ReaderOptions): AsyncGenerator<LogRecord[], void> {
  const positions = new Map(Object.entries(from))
  const topics = new Set([...positions.keys()].map((key) => parsePartitionKey(key).topic))
  let session: FetchSession | undefined
  const next = async (connection: Connection): Promise<LogRecord[]> => {
    await connection.know(topics)
    // After a failure the connection is another one: what the former session had asked for is asked again.
    if (session?.connection !== connection) session = new FetchSession(connection, positions, leadersOf(connection, positions), signal, logger)
    return session.next()
  }
  // Also when nobody asks for the next batch any more.
  const close = (): void => link.close()
  signal.addEventListener('abort', close)
  try {
    await presence.require(topics, signal)
    while (!signal.aborted) {
      const records = await link.run(signal, next)
      for (let start = 0; start < records.length && !signal.aborted; start += maxRecords) {
        yield records.length <= maxRecords ? records : records.slice(start, start + maxRecords)
      }
      const passed = session?.takePassed()
      if (passed && !signal.aborted) onPassed?.(passed)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', close)
    link.close()
  }
}

/** Which broker leads each of the partitions. @throws RangeError for a partition that its topic does not have */
function leadersOf({ cluster }: Connection, positions: ReadonlyMap<string, number>): Map<string, string> {
  const leaders = new Map<string, string>()
  for (const topic of new Set([...positions.keys()].map((key) => parsePartitionKey(key).topic))) {
    for (const { partitionId, leader } of cluster.findTopicPartitionMetadata(topic)) leaders.set(partitionKey(topic, partitionId), String(leader))
  }
  const missing = [...positions.keys()].find((key) => !leaders.has(key))
  if (missing !== undefined) {
    const { topic } = parsePartitionKey(missing)
    const count = cluster.findTopicPartitionMetadata(topic).length
    throw new RangeError(`expected positions of the ${count} partitions of ${topic}, got one for ${missing}`)
  }
  return leaders
}
