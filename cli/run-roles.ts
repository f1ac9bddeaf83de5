import { randomUUID } from 'node:crypto'
import { startGateway, type Gateway } from '../gateway/start.ts'
import { createTelemetry } from '../gateway/telemetry.ts'
import { runIngest } from '../ingest/run.ts'
import { silentObserver, systemClock, type Logger } from '../ingest/observer.ts'
import { Closers } from './lifetime.ts'
import { ingestObserver } from './observer.ts'
import { createEmbedder, gatewaySettingsOf, ingestSettingsOf, openIndex, openLog, topicsOf } from './parts.ts'
import type { Settings } from './settings.ts'
import { persist } from '../ingest/persist.ts'
import { appendTo, simulateInto } from './simulate.ts'

export interface RoleOptions {
  settings: Settings
  roles: readonly ('ingest' | 'gateway' | 'simulate')[]
  logger: Logger
  /** Ends all roles cleanly. */
  signal: AbortSignal
  /** Told once everything runs. */
  onRunning: (running: { gateway: Gateway | undefined; log: string; index: string; embedder: string }) => void
}

/**
 * Runs roles in this process until the signal is aborted or one of them fails. Roles share the opened log and index and
 * nothing else: what spans processes works the same.
 *
 * @throws ProjectionVersionError when ingest is among them and the states are another version's
 */
export async function runRoles({ settings, roles, logger, signal, onRunning }: RoleOptions): Promise<void> {
  const closers = new Closers()
  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  let failure: unknown
  const fail = (error: unknown) => {
    if (ended.aborted) return
    failure = error
    stop.abort(error)
  }
  try {
    const topics = topicsOf(settings)
    const { log, released, where: logPlace } = await openLog(settings, logger, ended)
    closers.add('the log', () => log.close())
    const { index, where: indexPlace } = await openIndex(settings)
    closers.add('the index', () => index.close())
    const embedder = createEmbedder(settings)
    const telemetry = createTelemetry()
    const taken = Promise.withResolvers<unknown>()

    if (roles.includes('ingest')) {
      const ending = new AbortController()
      const ingest = runIngest({
        log, index, embedder, topics, logger, signal: ending.signal, clock: systemClock,
        settings: ingestSettingsOf(settings),
        latenessMs: settings.allowedLatenessSeconds * 1000,
        metrics: { ...ingestObserver(telemetry, { measures: !roles.includes('gateway') }), shardTaken: taken.resolve },
        checkpointed: (_shard, positions) => released(positions),
      })
      ingest.catch(fail)
      closers.add('ingest', async () => {
        ending.abort(new Error('the program was asked to end'))
        await ingest.catch(() => {})
      })
    }

    let gateway: Gateway | undefined
    if (roles.includes('gateway')) {
      await persist({ system: 'index', what: 'opening', signal: ended, logger, metrics: silentObserver }, () => index.open(ended))
      gateway = await startGateway({
        log, topics, index, embedder, telemetry, logger, settings: gatewaySettingsOf(settings),
        clock: Date.now, newId: randomUUID, random: Math.random,
      })
      closers.add('the gateway', () => gateway?.close())
      // On Kafka others may own every partition; the embedded log's are ours, or there is something to say before all else.
      const owning = roles.includes('ingest') && !settings.kafkaBrokers ? taken.promise : undefined
      await Promise.race([Promise.all([gateway.ready, owning]), aborted(ended)])
    }

    if (roles.includes('simulate') && !ended.aborted) {
      const ending = new AbortController()
      const simulator = simulateInto({ settings, logger, signal: ending.signal, publish: appendTo(log, topics, ending.signal) })
      simulator.catch(fail)
      closers.add('the simulator', async () => {
        ending.abort()
        await simulator.catch(() => {})
      })
    }
    if (!ended.aborted) onRunning({ gateway, log: logPlace, index: indexPlace, embedder: embedder.model })
    await aborted(ended)
  } catch (error) {
    if (!signal.aborted) failure ??= error
  } finally {
    await closers.close((what, error) => logger.error(`${what} did not close cleanly`, { error: String(error) }))
  }
  if (failure !== undefined) throw failure
}

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
