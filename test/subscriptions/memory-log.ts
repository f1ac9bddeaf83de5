import { parsePartitionKey, partitionKey, type LogRecord, type NewRecord, type Positions, type ReadOptions } from '../../events/log.ts'

/** Partitions as arrays, for properties over many histories: reads what is there and then waits. */
export class MemoryLog {
  readonly records = new Map<string, LogRecord[]>()
  /** How many reads were begun. */
  reads = 0

  append(records: readonly NewRecord[], appendedAt = 0): void {
    for (const { topic, key, partition = 0, value } of records) {
      const line = this.#line(partitionKey(topic, partition))
      line.push({ topic, partition, offset: line.length, key, value, appendedAt })
    }
  }

  ends(topics: readonly string[], partitions: number): Positions {
    return Object.fromEntries(topics.flatMap((topic) => Array.from({ length: partitions }, (_, n) => [partitionKey(topic, n), this.#line(partitionKey(topic, n)).length])))
  }

  async *read({ from, signal }: ReadOptions): AsyncGenerator<LogRecord[], void> {
    this.reads++
    for (const [key, position] of Object.entries(from)) {
      const records = this.#line(key).slice(position)
      // In small batches, as they come.
      for (let i = 0; i < records.length && !signal.aborted; i += 3) yield records.slice(i, i + 3)
    }
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  #line(key: string): LogRecord[] {
    parsePartitionKey(key)
    const line = this.records.get(key) ?? []
    this.records.set(key, line)
    return line
  }
}
