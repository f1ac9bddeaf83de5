import { resubmitParked } from '../events/dead-letters.ts'
import { LogUnavailableError, type EventLog, type Positions } from '../events/log.ts'
import { ingestedTopics, topicSpecs } from '../events/topics.ts'
import type { Topics } from '../events/topics.ts'
import type { Embedder } from '../search/embedder.ts'
import type { EntityIndex } from '../search/entity-index.ts'
import type { Clock, IngestObserver, Logger } from './observer.ts'
import { ownShards } from './own-shards.ts'
import type { OwnedStates } from './owned-states.ts'
import { persist } from './persist.ts'
import type { IngestSettings } from './settings.ts'

export interface IngestOptions {
  log: EventLog
  index: EntityIndex
  embedder: Embedder
  topics: Topics
  settings: IngestSettings
  clock: Clock
  logger: Logger
  metrics: IngestObserver
  /** Asks it to stop: it finishes what it has read, writes a checkpoint and hands its partitions over. */
  signal: AbortSignal
  /** Told after each complete checkpoint: what lies before these positions is not needed to recover the shard. */
  checkpointed?(shard: number, positions: Positions): void
  /** Shows the states to readers in this process, where it owns every shard. */
  states?: OwnedStates
  /** How much older than its append an event may be and still be counted, ms. Default 5 minutes. */
  latenessMs?: number
}

/** How long a stop that nobody hurries may take. */
const patientMs = 30_000

/**
 * Runs ingest until the signal is aborted: joins the group, and for each assignment takes its partitions over, applies and
 * announces their events, and hands them over. A system that is away is waited for.
 *
 * @throws ProjectionVersionError when the states are of another version (`freshet replay` mends that)
 */
export async function runIngest(options: IngestOptions): Promise<void> {
  const { log, index, topics, settings, logger, metrics, signal } = options
  const member = new AbortController()
  try {
    // What the log refuses, such as another count of partitions, it would refuse for ever.
    await persist({
      system: 'log', what: 'creating topics', signal, logger, metrics, isSystems: (error) => error instanceof LogUnavailableError,
    }, () => log.ensureTopics(topicSpecs(topics)))
    await persist({ system: 'index', what: 'opening', signal, logger, metrics }, () => index.open(signal))
    const leave = () => { if (idle) member.abort() }
    let idle = true
    let parkedLookedAt = false
    signal.addEventListener('abort', leave)
    try {
      for await (const assignment of log.join({ group: settings.group, topics: ingestedTopics(topics), signal: member.signal })) {
        if (signal.aborted) break
        if (assignment.partitions.length === 0) continue
        if (assignment.partitions.includes(0) && !parkedLookedAt) {
          parkedLookedAt = true
          void resubmit(options)
        }
        idle = false
        const end = deadline(signal, assignment.signal, settings)
        try {
          await ownShards({ assignment, options, stop: AbortSignal.any([signal, assignment.signal]), end: end.signal })
        } catch (error) {
          if (!signal.aborted && !assignment.signal.aborted) throw error
          // Stopped in the midst of something: the next owner recovers from what is written.
          if (error !== assignment.signal.reason && error !== signal.reason && error !== end.signal.reason)
            logger.warn('partitions were given up in the midst of work', { error: String(error) })
        } finally {
          end.clear()
          idle = true
        }
        if (signal.aborted) break
      }
    } finally {
      signal.removeEventListener('abort', leave)
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
  } finally {
    member.abort()
  }
}

/**
 * When writing has to end: after a stop that we were asked for, we are still the owner and may take our time; after the
 * partitions were taken away, the next owner waits `takeoverWaitMs` and we must be done in half of it.
 */
function deadline(stop: AbortSignal, revoked: AbortSignal, { takeoverWaitMs }: IngestSettings): { signal: AbortSignal; clear(): void } {
  const end = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const within = (ms: number, why: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => end.abort(new Error(why)), ms)
  }
  // Being asked to stop after the partitions are gone gives no more time.
  const onStop = () => { if (!revoked.aborted) within(patientMs, 'the time to stop is over') }
  const onRevoked = () => within(takeoverWaitMs === 0 ? patientMs : takeoverWaitMs / 2, 'the time to hand over is over')
  if (stop.aborted) onStop()
  if (revoked.aborted) onRevoked()
  stop.addEventListener('abort', onStop)
  revoked.addEventListener('abort', onRevoked)
  return {
    signal: end.signal,
    clear: () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', onStop)
      revoked.removeEventListener('abort', onRevoked)
    },
  }
}

/** Events that a former version did not know may be known by now. */
async function resubmit({ log, topics, clock, logger, signal }: IngestOptions): Promise<void> {
  try {
    const sent = await resubmitParked(log, topics, { now: clock.now(), signal })
    if (sent > 0) logger.info('parked events were sent again, because this version knows their types', { events: sent })
  } catch (error) {
    if (!signal.aborted) logger.warn('parked events could not be sent again; the next start tries anew', { error: String(error) })
  }
}
