import { partitionKey, type EventLog, type LogRecord, type ReadOptions } from '../../events/log.ts'
import { grownTopicSuite } from './grown-topic-suite.ts'

grownTopicSuite('a log in memory', async () => {
  const topic = 'hearts'
  const records: LogRecord[][] = [[], []]
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const resolve of waiting) resolve()
    waiting.clear()
  }
  const positions = (of: (line: readonly LogRecord[]) => number) => Promise.resolve(Object.fromEntries(records.map((line, partition) => [partitionKey(topic, partition), of(line)])))
  async function* read({ from, signal }: ReadOptions): AsyncGenerator<LogRecord[], void> {
    const reached = { ...from }
    signal.addEventListener('abort', wake, { once: true })
    while (!signal.aborted) {
      const batch = records.flatMap((line, partition) => line.slice(reached[partitionKey(topic, partition)] ?? line.length))
      for (const { partition, offset } of batch) reached[partitionKey(topic, partition)] = offset + 1
      if (batch.length > 0) yield batch
      else await new Promise<void>((resolve) => waiting.add(resolve))
    }
  }
  const log: Pick<EventLog, 'id' | 'partitions' | 'read' | 'starts' | 'ends' | 'positionsAt'> = {
    id: 'memory', partitions: 2, read, starts: () => positions(() => 0), ends: () => positions(({ length }) => length), positionsAt: () => positions(() => 0),
  }
  return {
    log: log as EventLog, topic,
    async append(partition, ...numbers) {
      const line = records[partition]!
      for (const n of numbers) line.push({ topic, partition, offset: line.length, key: null, value: Buffer.from(JSON.stringify({ n })), appendedAt: n })
      wake()
    },
    async grow(count) {
      while (records.length < count) records.push([])
    },
  }
})
