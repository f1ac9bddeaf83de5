import { partitionKey } from '../events/log.ts'
import type { EventLog, LogRecord, Positions } from '../events/log.ts'

/**
 * Visits the records of every partition of `from`, up to and including the offset that `through` names for it. That
 * record must exist (else the reading waits for a later one); a partition that `through` leaves out is not read. Throws
 * the signal's reason when it is aborted first.
 */
export async function readThrough(
  log: EventLog, { from, through, signal, maxRecords }: { from: Positions; through: Positions; signal: AbortSignal; maxRecords?: number },
  visit: (record: LogRecord) => void | Promise<void>,
): Promise<void> {
  const open = new Set(Object.keys(from).filter((key) => through[key] !== undefined && (from[key] as number) <= through[key]))
  if (open.size === 0) return
  const stop = new AbortController()
  const positions = Object.fromEntries([...open].map((key) => [key, from[key] as number]))
  for await (const batch of log.read({
    from: positions, signal: AbortSignal.any([signal, stop.signal]), ...(maxRecords === undefined ? {} : { maxRecords }),
  })) {
    for (const record of batch) {
      const key = partitionKey(record.topic, record.partition)
      const last = through[key] as number
      if (record.offset <= last) await visit(record)
      if (record.offset >= last) open.delete(key)
    }
    if (open.size === 0) {
      stop.abort()
      break
    }
  }
  signal.throwIfAborted()
}
