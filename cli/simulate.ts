import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventLog } from '../events/log.ts'
import { toRecord } from '../events/serialize.ts'
import type { Topics } from '../events/topics.ts'
import type { DomainEvent } from '../events/vocabulary.ts'
import type { Logger } from '../ingest/observer.ts'
import { createMarketplace, type Cursor, type ServedFeed } from '../simulator/marketplace.ts'
import { runSimulator, systemClock, type SimulatorReport } from '../simulator/run.ts'
import type { Settings } from './settings.ts'

export interface SimulateOptions {
  settings: Settings
  logger: Logger
  signal: AbortSignal
  publish: (events: readonly DomainEvent[]) => Promise<void>
  /** Serves feeds to the simulated people, so that what they do follows from what they were shown. */
  feed?: (userId: string) => Promise<ServedFeed>
  onReport?: (report: SimulatorReport) => void
}

/**
 * Runs the marketplace simulator. In the data folder it keeps where it stood (so that another start continues the same
 * market) and, for evaluation only, the hidden truth.
 */
export async function simulateInto({ settings, logger, signal, publish, feed, onReport }: SimulateOptions): Promise<SimulatorReport> {
  const { simulateSeed: seed, simulateRate: eventsPerSecond, dataDir } = settings
  const folder = join(dataDir, 'simulator')
  mkdirSync(folder, { recursive: true })
  const cursorFile = join(folder, 'cursor.json')
  const former = readCursor(cursorFile)
  const truthFile = join(folder, 'truth.json')
  const marketplace = createMarketplace({
    seed, eventsPerSecond, startTime: Date.now(),
    // Rates beyond what 2,000 people can do need more people.
    users: Math.max(2_000, eventsPerSecond * 5),
    feedShare: feed ? 0.7 : 0,
    ...(former === undefined ? {} : { continueFrom: former }),
    // A cursor that cannot be read belongs to data that may be there: ids of this run must be new.
    ...(former === undefined && existsSync(cursorFile) ? { run: Math.floor(Date.now() / 1000) } : {}),
  })
  return runSimulator({
    marketplace, clock: systemClock, signal, publish, feed,
    onReport: (report) => {
      // Streams come and go: the truth speaks of those that there are.
      writeAtomically(truthFile, JSON.stringify(marketplace.truth()))
      onReport?.(report)
    },
    saveCursor: (cursor) => writeAtomically(cursorFile, JSON.stringify(cursor)),
    onTrouble: (message) => logger.warn(message),
  })
}

function readCursor(file: string): Cursor | undefined {
  try {
    const cursor = JSON.parse(readFileSync(file, 'utf8')) as Cursor
    return cursor.version === 1 ? cursor : undefined
  } catch {
    // None yet, or a torn one: the market begins anew, with ids of its own.
    return undefined
  }
}

function writeAtomically(file: string, content: string): void {
  writeFileSync(`${file}.new`, content)
  renameSync(`${file}.new`, file)
}

/** Publishes straight to the log, as a producer does. */
export const appendTo = (log: EventLog, topics: Topics, signal: AbortSignal) => async (events: readonly DomainEvent[]): Promise<void> => {
  await log.append(events.map((event) => toRecord(event, topics)), { signal })
}
