import { toRecord } from '../../events/serialize.ts'
import type { EventLog } from '../../events/log.ts'
import type { Topics } from '../../events/topics.ts'
import type { FreshetEvent } from '../../events/vocabulary.ts'

/** Where served feeds are noted, for learning from their outcomes. */
export interface ServedLog {
  /** Returns at once; the note is appended behind the answer. */
  note(event: FreshetEvent<'FeedServed'>): void
  /** Waits until everything noted so far is appended or given up. */
  flush(): Promise<void>
}

/** Most notes that wait for the log. Beyond it the newest is dropped and counted: answers matter more than notes. */
const maxWaiting = 10_000

/** @param onDropped told how many notes could not be kept, and why */
export function createServedLog(
  log: EventLog, topics: Topics, { onDropped, signal }: { onDropped: (reason: string, count: number) => void; signal: AbortSignal },
): ServedLog {
  const waiting: FreshetEvent<'FeedServed'>[] = []
  let running: Promise<void> | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 500)
      try {
        await log.append(batch.map((event) => toRecord(event, topics)), { signal })
      } catch (error) {
        const lost = signal.aborted ? [...batch, ...waiting.splice(0)] : batch
        onDropped(`${lost.length} served feeds were not noted: ${error instanceof Error ? error.message : String(error)}`, lost.length)
      }
    }
    running = undefined
  }

  return {
    note(event) {
      if (waiting.length >= maxWaiting) return onDropped(`more than ${maxWaiting} served feeds wait for the log`, 1)
      waiting.push(event)
      running ??= Promise.resolve().then(drain)
    },
    flush: () => running ?? Promise.resolve(),
  }
}
