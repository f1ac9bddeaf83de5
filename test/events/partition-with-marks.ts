import type { EventLog, LogRecord } from '../../events/log.ts'

/** A partition in which some offsets hold nothing that a reader is given; says from where it was read. */
export function partitionWithMarks(holds: (offset: number) => boolean, end: number) {
  const readFrom: number[] = []
  const log: Pick<EventLog, 'read'> = {
    async *read({ from, signal, onPassed }) {
      const start = from['t/0']!
      readFrom.push(start)
      const offsets = Array.from({ length: end - start }, (_, i) => start + i).filter(holds)
      if (offsets.length > 0) yield offsets.map((offset) => ({ topic: 't', partition: 0, offset }) as LogRecord)
      if (!signal.aborted) onPassed?.({ 't/0': end })
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
  }
  return { log, readFrom }
}
