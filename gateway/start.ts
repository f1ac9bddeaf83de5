import { randomBytes } from 'node:crypto'
import { withTimeLimit } from '../events/abort.ts'
import type { EventLog } from '../events/log.ts'
import { domainTopics, ingestedTopics, topicSpecs, type Topics } from '../events/topics.ts'
import { silentObserver, type Logger } from '../ingest/observer.ts'
import type { OwnedStates } from '../ingest/owned-states.ts'
import { persist } from '../ingest/persist.ts'
import { startView } from '../ingest/view-bootstrap.ts'
import type { Services } from '../resolvers/context.ts'
import { createPublisher } from '../resolvers/events/publisher.ts'
import { createServedLog } from '../resolvers/feed/served-log.ts'
import { LiveStreams } from '../resolvers/feed/live-streams.ts'
import { LiveVectors } from '../resolvers/feed/live-vectors.ts'
import { vectorSpaces } from '../resolvers/feed/spaces.ts'
import { createFeedService } from '../resolvers/feed/service.ts'
import { localScope } from '../resolvers/scope.ts'
import { CachedIndex } from '../search/cached-index.ts'
import { Continuity } from '../search/continuity.ts'
import type { Embedder } from '../search/embedder.ts'
import { IndexUnavailableError, type EntityIndex } from '../search/entity-index.ts'
import { MetricViewImpl } from '../search/metric-view.ts'
import { ChangeHub } from '../subscriptions/change-hub.ts'
import { createCursors } from '../subscriptions/cursor.ts'
import { EvaluationBudget } from '../subscriptions/evaluation-budget.ts'
import { EventTail } from '../subscriptions/event-tail.ts'
import { LiveQueries } from '../subscriptions/live-queries.ts'
import { logUnavailable } from '../subscriptions/log-unavailable.ts'
import { createLiveSource } from '../subscriptions/live-source.ts'
import { toAppendedEvent } from '../subscriptions/tailed.ts'
import { allApplied } from './all-applied.ts'
import { Deliveries } from './deliveries.ts'
import type { Door } from './door.ts'
import { Documents, operationsOf } from './documents.ts'
import type { Entrance } from './entrance.ts'
import { EngineHost } from './engine-host.ts'
import { FailureLog } from './failure-log.ts'
import { isOwn, ownGraph, type GraphSettings } from './foreign.ts'
import { FreshnessMark } from './freshness.ts'
import { connectGraph } from './graph.ts'
import { createLagMeter } from './lag.ts'
import { latestChanges } from './latest-changes.ts'
import { logInTime } from './log-in-time.ts'
import type { Peers } from './processes/peers.ts'
import { createReload, pollFor, type Reloaded } from './reload.ts'
import { listen } from './server.ts'
import type { Verifier } from './session.ts'
import type { GatewaySettings } from './settings.ts'
import { Staleness } from './staleness.ts'
import type { Telemetry } from './telemetry.ts'

export interface GatewayOptions {
  log: EventLog
  topics: Topics
  index: EntityIndex
  embedder: Embedder
  settings: GatewaySettings
  /** Of what the supergraph is made; Freshet's own subgraphs alone unless said otherwise. */
  graph?: GraphSettings
  /** Signs cursors; replicas share it. Without it they fit this gateway alone. */
  cursorKey?: Uint8Array
  /** Gives up the start, which waits for foreign subgraphs. */
  signal?: AbortSignal
  telemetry: Telemetry
  logger: Logger
  /** Where several processes serve behind one port: how connections come to this one, and the others. */
  among?: { entrance: Entrance; peers: Peers }
  /** Says who brings a token. Without it everybody is `localScope`. */
  verifier?: Verifier
  /** Of the ingest in this process, where it owns every shard: the view reads their metrics instead of keeping its own. */
  states?: OwnedStates
  /** Milliseconds since the epoch. */
  clock: () => number
  newId: () => string
  /** Uniform in [0, 1). */
  random: () => number
}

export interface Gateway {
  url: string
  /** How many connections stay open: of WebSockets and of streams. */
  readonly openConnections: number
  services: Services
  /** Resolves when the view has caught up and queries answer with all that was applied before the start. */
  ready: Promise<void>
  /** Looks for a changed supergraph or foreign subgraph now, and swaps it in. */
  reload(): Promise<Reloaded>
  close(): Promise<void>
}

/** How long notes about served feeds may still be written at the end, ms. */
const flushMs = 2_000
/** How much is remembered of what an index outside this process has answered: some 20,000 entities with a vector each. */
const cacheBytes = 64 * 1024 * 1024
/** The latest changes are read for so long at the start, ms. */
const recallMs = 1_000

/** Livestreams whose vectors a gateway keeps where the index is outside this process: a kilobyte each, and 0.1 ms of a scan per thousand. */
const mostVectors = 50_000

const callLater = (ms: number, call: () => void): (() => void) => {
  const timer = setTimeout(call, ms)
  return () => clearTimeout(timer)
}

/** Starts a gateway: the view, the subscriptions, the engine over own and foreign subgraphs, and the door. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, topics, embedder, settings, telemetry, logger, states, clock, newId, random, among, graph = ownGraph, cursorKey = randomBytes(32) } = options
  const ended = new AbortController()
  const failures = new FailureLog(logger, clock)
  const onError = (error: unknown) => {
    // Work that was given up because the client left, or its time was up, is nobody's error.
    if (error instanceof DOMException && (error.name === 'AbortError' || error.name === 'TimeoutError')) return
    telemetry.errors.inc()
    failures.tell(error)
  }

  const starting = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal
  const cursors = createCursors({ key: cursorKey, logId: `${log.id} ${topics.changes}`, partitions: log.partitions })
  const { engine, source, build, callbacks, schemas, merged } = await connectGraph({ graph, log, cursors, logger, onError, peers: among?.peers, signal: starting })

  const view = new MetricViewImpl({ source: states })
  const hub = new ChangeHub({ log, topics })
  const tail = new EventTail({ log, topics: [...domainTopics(topics), topics.predictions], decode: toAppendedEvent, onError })
  const served = createServedLog(log, topics, {
    signal: ended.signal,
    onDropped: (reason, count) => {
      telemetry.droppedNotes.inc(count)
      logger.warn(reason)
    },
  })
  // An index in this process answers as fast as a cache would.
  const cache = options.index.local ? undefined : new CachedIndex(options.index, { maxBytes: cacheBytes })
  const index = cache ?? options.index
  const spaces = vectorSpaces({ index, textSpace: embedder.model, clock })
  const vectors = cache && new LiveVectors({ index: cache, spaces, mostStreams: mostVectors, onError })
  const live = new LiveStreams({ view, clock, vectors })
  const loadLive = () => persist({
    system: 'index', what: 'reading who is live', signal: ended.signal, logger, metrics: silentObserver,
    isSystems: (error) => error instanceof IndexUnavailableError,
  }, () => live.load(options.index, ended.signal))
  const feed = createFeedService({ index, live, vectors, spaces, view, served, textSpace: embedder.model, clock, random, newId })
  const budget = new EvaluationBudget({ perSecond: settings.liveEvaluationsPerSecond, clock, after: callLater })
  const queries = new LiveQueries({
    changes: { hub, log, topics }, cursors, index, feed, budget, clock, random, onError, boot: newId(),
    settled: async (signal) => allApplied(log, view, await log.ends(domainTopics(topics)), signal),
  })
  const services: Services = {
    index, view, embedder, feed, clock,
    publisher: createPublisher({ log, topics, clock, newId }),
    live: createLiveSource({ hub, cursors, tail, log, topics, index, view, caughtUp: () => bootstrap.caughtUp, clock, queries, embedder }),
  }

  await log.ensureTopics(topicSpecs(topics))
  const mark = new FreshnessMark(clock)
  const continuity = new Continuity()
  // Until it is known answers do not say how new they are; the gateway does not wait for it for long.
  const recall = async (seen: ReadonlyMap<number, { next: number }>): Promise<void> => {
    try {
      mark.apply(await logInTime(withTimeLimit(ended.signal, recallMs, (signal) => latestChanges(log, topics, seen, signal)), recallMs, ended.signal))
    } catch (error) {
      if (!ended.signal.aborted) logger.warn('how new the states are is not known until something more is applied', { error: String(error) })
    }
  }
  let latest: Promise<void> | undefined
  const bootstrap = startView({
    log, topics, view, signal: ended.signal, logger,
    tails: states && ((signal) => states.tails(signal)),
    onBegin: (seen) => {
      hub.begin(seen)
      latest = recall(seen)
    },
    // The view has applied the batch, and before this has returned nobody who waited for it goes on: so whoever hears of it
    // and asks sees it.
    onBatch: (batch) => {
      const follows = continuity.of(batch)
      if (follows !== 'next') cache?.forget()
      if (follows === 'break' && view.ready()) loadLive().catch(onError)
      for (const change of batch.entities) cache?.announced(change)
      live.apply(batch)
      mark.apply(batch)
      telemetry.changeBatches.inc()
      telemetry.deadLetters.inc(batch.progress.deadLetters)
      for (const { appliedAt, appendedAt } of batch.entities) telemetry.dataLatency.observe(Math.max(0, appliedAt - appendedAt) / 1000)
      hub.publish(batch)
    },
  })
  let isReady = false
  const ready = bootstrap.caughtUp.then(async () => {
    cache?.follow()
    await Promise.all([loadLive(), latest])
    isReady = true
  })
  // Who does not wait need not catch it: its end is told below.
  ready.catch(() => {})
  bootstrap.ended.catch((error: unknown) => {
    cache?.unfollow()
    if (ended.signal.aborted) return
    onError(error)
    hub.close(logUnavailable('The changes'))
  })

  const measureLag = createLagMeter(log, domainTopics(topics), () => view.covered())
  const measure = async (): Promise<void> => {
    const { hits, misses } = host.current.stats()
    telemetry.plans.reset()
    telemetry.plans.inc({ outcome: 'known' }, hits)
    telemetry.plans.inc({ outcome: 'planned' }, misses)
    const lag = await measureLag()
    if (lag !== undefined) telemetry.ingestLag.set(lag)
  }
  // An operation that was validated on an engine may wait for its token before it runs there.
  const host = new EngineHost(engine, { graceMs: settings.requestTimeoutMs + settings.tokenTimeoutMs })
  const door: Door = {
    host, callbacks, services, settings, telemetry, peers: among?.peers, logId: log.id, documents: new Documents({ trusted: settings.trustedDocuments }), scope: localScope, onError, measure, mark,
    verifier: options.verifier, staleness: new Staleness({ log, topics: ingestedTopics(topics), view, clock }),
    deliveries: new Deliveries({ cursors, telemetry, clock }),
    ready: () => isReady && !hub.closed,
  }
  const server = await listen(door, { schemas, merged }, among?.entrance).catch(async (error: unknown) => {
    ended.abort()
    await Promise.all([bootstrap.ended.catch(() => {}), host.close()])
    throw error
  })
  // Who asks before its operation is planned has it planned: nobody waits for the others.
  const warming = engine.warm(operationsOf(settings.trustedDocuments?.documents ?? new Map()), ended.signal)
  const reload = createReload({ source, build, host, telemetry, logger, signal: ended.signal })
  const polling = isOwn(graph) ? Promise.resolve() : pollFor(reload, graph.pollSeconds, ended.signal)
  return {
    url: server.url,
    get openConnections() {
      return server.openConnections
    },
    services,
    ready,
    reload,
    async close() {
      await server.close()
      budget.close()
      // A log that is away is waited for in vain: notes matter less than an end.
      const patience = setTimeout(() => ended.abort(), flushMs)
      await served.flush()
      clearTimeout(patience)
      ended.abort()
      await Promise.all([polling, warming, bootstrap.ended.catch(() => {})])
      await Promise.all([host.close(), merged.close()])
    },
  }
}
