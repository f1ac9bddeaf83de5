import type { Assignment, EventLog, JoinOptions, LogRecord, ReadOptions } from '../../events/log.ts'

/** A log of which members of groups get no records while they are held; everybody else does. */
export interface HeldLog {
  log: EventLog
  hold(): void
  release(): void
}

export function holdable(log: EventLog): HeldLog {
  let held: PromiseWithResolvers<void> | undefined

  async function* passed(records: AsyncIterable<LogRecord[]>, signal: AbortSignal): AsyncGenerator<LogRecord[]> {
    const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    for await (const batch of records) {
      while (held && !signal.aborted) await Promise.race([held.promise, left])
      yield batch
    }
  }

  async function* join(options: JoinOptions): AsyncGenerator<Assignment> {
    for await (const assignment of log.join(options)) {
      const { epoch, partitions, signal, committed } = assignment
      yield {
        epoch, partitions, signal, committed, commit: (positions) => assignment.commit(positions),
        read: (reading: ReadOptions) => passed(assignment.read(reading), AbortSignal.any([signal, reading.signal])),
      }
    }
  }

  return {
    log: {
      id: log.id, partitions: log.partitions, join,
      ensureTopics: (specs) => log.ensureTopics(specs), append: (records, options) => log.append(records, options), read: (options) => log.read(options),
      starts: (topics) => log.starts(topics), ends: (topics) => log.ends(topics), positionsAt: (topics, time) => log.positionsAt(topics, time), close: () => log.close(),
    },
    hold() { held ??= Promise.withResolvers() },
    release() {
      held?.resolve()
      held = undefined
    },
  }
}
