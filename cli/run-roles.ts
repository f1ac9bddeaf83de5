import { randomUUID } from 'node:crypto'
import { isAbandoned } from '../federation/index.ts'
import type { Entrance } from '../gateway/entrance.ts'
import { listenForMonitoring } from '../gateway/monitoring.ts'
import type { Peers } from '../gateway/processes/peers.ts'
import { startGateway, type Gateway } from '../gateway/start.ts'
import { createTelemetry } from '../gateway/telemetry.ts'
import { OwnedStates } from '../ingest/owned-states.ts'
import { runIngest } from '../ingest/run.ts'
import { silentLogger, silentObserver, systemClock, type Logger } from '../ingest/observer.ts'
import { cursorKeyOf } from './cursor-key.ts'
import { Closers, onHangup as onHangupSignal } from './lifetime.ts'
import { observeIngest } from './observer.ts'
import { boundHeap } from './memory.ts'
import { createEmbedder, gatewaySettingsOf, graphSettingsOf, ingestSettingsOf, loneIndex, openIndex, openLog, topicsOf } from './parts.ts'
import type { Settings } from './settings.ts'
import { persist } from '../ingest/persist.ts'
import { appendTo, simulateInto } from './simulate.ts'

/** What runs, for people. */
export interface Running {
  /** Of the gateway. */
  url: string | undefined
  /** Where metrics and health are without a gateway. */
  monitoring: string | undefined
  log: string
  index: string
  embedder: string
}

export interface RoleOptions {
  settings: Settings
  roles: readonly ('ingest' | 'gateway' | 'simulate')[]
  logger: Logger
  /** Ends all roles cleanly. */
  signal: AbortSignal
  /** Told once everything runs. */
  onRunning: (running: Running) => void
  /** Of a gateway that is one of several processes behind one port. */
  among?: { entrance: Entrance; peers: Peers }
  /** Calls the action whenever files may have changed; by SIGHUP unless said otherwise. @returns what ends that */
  onHangup?: (action: () => void) => () => void
}

/**
 * Runs roles in this process until the signal is aborted or one of them fails. Roles share the opened log and index and
 * nothing else: what spans processes works the same.
 *
 * @throws ProjectionVersionError when ingest is among them and the states are another version's
 */
export async function runRoles({ settings, roles, logger, signal, onRunning, among, onHangup = onHangupSignal }: RoleOptions): Promise<void> {
  let gateway: Gateway | undefined
  boundHeap(roles.includes('ingest') ? 'ingest' : 'gateway', () => gateway?.openConnections ?? 0)
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
    const lone = loneIndex(settings, roles)
    if (lone !== undefined) logger.warn(lone)
    const embedder = createEmbedder(settings)
    const telemetry = createTelemetry()
    const { observer, owning, status } = observeIngest(telemetry, { measures: !roles.includes('gateway') })

    // On Kafka others may own every partition; the embedded log's are ours.
    const ours = roles.includes('ingest') && !settings.kafkaBrokers
    const states = ours ? new OwnedStates(log.partitions) : undefined

    if (roles.includes('ingest')) {
      const ending = new AbortController()
      const ingest = runIngest({
        log, index, embedder, topics, logger, states, signal: ending.signal, clock: systemClock,
        settings: ingestSettingsOf(settings),
        latenessMs: settings.allowedLatenessSeconds * 1000,
        metrics: observer,
        checkpointed: (_shard, positions) => released(positions),
      })
      ingest.catch(fail)
      closers.add('ingest', async () => {
        ending.abort(new Error('the program was asked to end'))
        await ingest.catch(() => {})
      })
    }

    if (roles.includes('gateway')) {
      process.on('unhandledRejection', passAbandoned)
      closers.add('the guard', () => void process.off('unhandledRejection', passAbandoned))
      // Ingest opens the same index, and says how that goes.
      const opening = roles.includes('ingest') ? silentLogger : logger
      await persist({ system: 'index', what: 'opening', signal: ended, logger: opening, metrics: silentObserver }, () => index.open(ended))
      gateway = await startGateway({
        log, topics, index, embedder, telemetry, logger, states, among, settings: gatewaySettingsOf(settings),
        graph: graphSettingsOf(settings), cursorKey: cursorKeyOf(settings, logger), signal: ended, clock: Date.now, newId: randomUUID, random: Math.random,
      })
      closers.add('the gateway', () => gateway?.close())
      closers.add('the hang-up signal', onHangup(() => void gateway?.reload().then((outcome) => logger.info(`Looked for a changed supergraph: ${outcome}.`))))
      await Promise.race([Promise.all([gateway.ready, ours && owning]), aborted(ended)])
    }
    let monitoring: string | undefined
    if (!gateway) {
      const { url, close } = await listenForMonitoring({
        settings: { ...gatewaySettingsOf(settings), port: settings.metricsPort }, telemetry, status,
        onError: (error) => logger.error(String(error)),
      })
      closers.add('the monitoring', close)
      monitoring = url
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
    if (!ended.aborted) onRunning({ url: gateway?.url, monitoring, log: logPlace, index: indexPlace, embedder: embedder.model })
    await aborted(ended)
  } catch (error) {
    if (!signal.aborted) failure ??= error
  } finally {
    await closers.close((what, error) => logger.error(`${what} did not close cleanly`, { error: String(error) }))
  }
  if (failure !== undefined) throw failure
}

/** Whatever else nobody handles ends the process, as it does without this. */
function passAbandoned(reason: unknown): void {
  if (!isAbandoned(reason)) throw reason
}

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
