import { covers, mergePositions, partitionKey, type EventLog, type LogRecord, type Positions } from './log.ts'

/** Batches from `from` up to `to`, and then no more. Ends early, without an error, when the signal is aborted. */
export async function* readUpTo(
  log: Pick<EventLog, 'read'>, from: Positions, to: Positions,
  { signal, maxRecords }: { signal?: AbortSignal; maxRecords?: number } = {},
): AsyncGenerator<LogRecord[], void> {
  const pending = Object.fromEntries(Object.entries(from).filter(([key, position]) => position < (to[key] ?? 0)))
  if (Object.keys(pending).length === 0 || signal?.aborted) return
  const wanted = Object.fromEntries(Object.keys(pending).map((key) => [key, to[key]!]))
  const reached: Record<string, number> = { ...pending }
  const stop = new AbortController()
  const abort = () => stop.abort()
  signal?.addEventListener('abort', abort)
  const onPassed = (positions: Positions) => {
    for (const [key, position] of Object.entries(positions)) reached[key] = Math.max(reached[key] ?? 0, position)
    if (covers(reached, wanted)) stop.abort()
  }
  const options = { from: pending, signal: stop.signal, onPassed, ...(maxRecords && { maxRecords }) }
  try {
    for await (const batch of log.read(options)) {
      for (const { topic, partition, offset } of batch) reached[partitionKey(topic, partition)] = offset + 1
      const inside = batch.filter(({ topic, partition, offset }) => offset < wanted[partitionKey(topic, partition)]!)
      if (inside.length > 0) yield inside
      if (covers(reached, wanted)) return
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    stop.abort()
  }
}

/** All that a topic retains now. */
export async function* readRetained(
  log: Pick<EventLog, 'read' | 'starts' | 'ends'>, topics: readonly string[],
  { from = {}, ...options }: { from?: Positions; signal?: AbortSignal; maxRecords?: number } = {},
): AsyncGenerator<LogRecord[], void> {
  const starts = await log.starts(topics)
  const known = Object.fromEntries(Object.entries(from).filter(([key]) => key in starts))
  yield* readUpTo(log, mergePositions(starts, known), await log.ends(topics), options)
}
