import { setTimeout } from 'node:timers/promises'
import type { DomainEvent } from '../events/vocabulary.ts'
import { createFeedAsker } from './asking.ts'
import type { Cursor, Marketplace, ServedFeed } from './marketplace.ts'

/** Time as the simulator needs it; tests bring their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after the time, or at once when the signal is aborted; never rejects. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
}

export interface SimulatorOptions {
  /** Created with `startTime: clock.now()`, so that events are dated now. */
  marketplace: Marketplace
  /** Changes the marketplace's rate. */
  eventsPerSecond?: number
  /** Appends a batch. A rejection is retried with the same events until it succeeds: nothing is dropped. */
  publish(events: readonly DomainEvent[]): Promise<void>
  clock: Clock
  /** Aborting it ends the simulator after the batch that is on its way. */
  signal: AbortSignal
  /** Pause between batches while the simulator keeps up. Default 20. */
  tickMs?: number
  /** Most events per batch. Default 1,000. */
  batchSize?: number
  /** After falling this far behind, the time in between is skipped and that is told. Default 60,000. */
  skipBehindMs?: number
  /** Serves a feed to a user; used by the marketplace's `feedShare` of choices. */
  feed?(userId: string): Promise<ServedFeed>
  /** Feeds asked for at the same time; who comes on top looks around without. Default 32. */
  feedConcurrency?: number
  /** Keeps what a later run continues from. Called before the events that it covers are published. */
  saveCursor?(cursor: Cursor): void | Promise<void>
  onReport?(report: SimulatorReport): void
  /** Default 10,000. */
  reportEveryMs?: number
  /** A sentence for people: falling behind, a publish that is retried, time that was skipped. */
  onTrouble?(message: string): void
}

export interface SimulatorReport {
  published: number
  /** Since the report before. */
  eventsPerSecond: number
  /** How far the newest published event lags behind the clock. */
  behindMs: number
  online: number
  retries: number
  skippedMs: number
  feeds: { asked: number; opened: number; failed: number; refused: number }
}

const BEHIND_MS = 1_000
const RETRY_MS = { first: 100, most: 5_000 }

/**
 * Runs a marketplace in real time until aborted. Open loop: events happen when the market says, however long publishing
 * takes; a slow log meets larger batches with older events, never fewer events.
 */
export async function runSimulator(options: SimulatorOptions): Promise<SimulatorReport> {
  const { marketplace, clock, signal } = options
  const tickMs = options.tickMs ?? 20
  const batchSize = options.batchSize ?? 1_000
  const skipBehindMs = options.skipBehindMs ?? 60_000
  if (options.eventsPerSecond !== undefined) marketplace.setRate(options.eventsPerSecond)
  const asker = options.feed && createFeedAsker(marketplace, options.feed, options.feedConcurrency ?? 32)
  const books = createBooks(options, () => asker?.counts ?? { asked: 0, opened: 0, failed: 0, refused: 0 })
  const saveCursor = cursorSaver(options)
  // The opening's registrations are dated before it and are not late.
  const opening = clock.now()

  while (!signal.aborted) {
    const began = clock.now()
    if (began - marketplace.now > skipBehindMs) {
      books.skipped(began - marketplace.now)
      marketplace.skipTo(began)
    }
    const events = marketplace.takeUntil(began, batchSize)
    await saveCursor(events)
    if (events.length > 0 && !(await publishSurely(options, events, books))) break
    asker?.ask()
    const caughtUp = events.length < batchSize
    books.wrote(events.length, caughtUp ? clock.now() - began : clock.now() - Math.max(opening, marketplace.now))
    if (caughtUp) await clock.sleep(Math.max(0, tickMs - (clock.now() - began)), signal)
  }
  await asker?.settled()
  return books.report()
}

/** Tells whether the batch was published; it was not only where the simulator was stopped while it failed. */
async function publishSurely(options: SimulatorOptions, events: readonly DomainEvent[], books: Books): Promise<boolean> {
  for (let pause = RETRY_MS.first; ; pause = Math.min(2 * pause, RETRY_MS.most)) {
    try {
      await options.publish(events)
      return true
    } catch (error) {
      if (options.signal.aborted) return false
      books.retried(error, events.length, pause)
      await options.clock.sleep(pause, options.signal)
      if (options.signal.aborted) return false
    }
  }
}

/** Saves when streams open or close, when the registrations are through, and at first. */
function cursorSaver({ marketplace, saveCursor }: SimulatorOptions): (events: readonly DomainEvent[]) => Promise<void> {
  let saved: Cursor | undefined
  let endedBefore = false
  return async (events) => {
    if (!saveCursor) return
    const ended = events.some(({ type }) => type === 'LivestreamEnded')
    const opened = events.some(({ type }) => type === 'LivestreamScheduled' || type === 'LivestreamStarted')
    const due = opened || endedBefore || !saved?.registered
    endedBefore = ended
    if (!due) return
    const cursor = marketplace.cursor()
    if (saved && !opened && cursor.registered === saved.registered
      && cursor.openLivestreams.length === saved.openLivestreams.length) return
    saved = cursor
    await saveCursor(cursor)
  }
}

interface Books {
  wrote(events: number, behindMs: number): void
  retried(error: unknown, events: number, pauseMs: number): void
  skipped(milliseconds: number): void
  report(): SimulatorReport
}

function createBooks(options: SimulatorOptions, feeds: () => SimulatorReport['feeds']): Books {
  const { clock, marketplace } = options
  const every = options.reportEveryMs ?? 10_000
  let published = 0, retries = 0, skippedMs = 0, behindMs = 0
  let last = { at: clock.now(), published: 0 }
  let toldBehind = false

  const report = (): SimulatorReport => {
    const now = clock.now()
    const seconds = Math.max(1e-3, (now - last.at) / 1000)
    const eventsPerSecond = (published - last.published) / seconds
    last = { at: now, published }
    return { published, eventsPerSecond, behindMs, online: marketplace.online, retries, skippedMs, feeds: { ...feeds() } }
  }
  return {
    report,
    wrote(events, behind) {
      published += events
      behindMs = behind
      if (behind > BEHIND_MS !== toldBehind) {
        toldBehind = behind > BEHIND_MS
        options.onTrouble?.(toldBehind
          ? `The simulator cannot keep up with ${marketplace.eventsPerSecond} events/s: it is ${Math.round(behind)} ms behind. `
            + 'Its events keep the time at which they were due; lower the rate, or give the log more room.'
          : 'The simulator has caught up.')
      }
      if (clock.now() - last.at >= every) options.onReport?.(report())
    },
    retried(error, events, pauseMs) {
      retries++
      const reason = error instanceof Error ? error.message : String(error)
      options.onTrouble?.(`Publishing ${events} events failed (${reason}); the same events are tried again in ${pauseMs} ms.`)
    },
    skipped(milliseconds) {
      skippedMs += milliseconds
      options.onTrouble?.(`The simulator was ${Math.round(milliseconds / 1000)} s behind and goes on from now; nothing happened in between.`)
    },
  }
}
