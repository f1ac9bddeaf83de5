import type { FormattedExecutionResult } from 'graphql'
import { cursorKeyOf } from '../../cli/cursor-key.ts'
import { createEmbedder, gatewaySettingsOf, graphSettingsOf, ingestSettingsOf, openIndex, openLog, topicsOf } from '../../cli/parts.ts'
import { resolveSettings, type Settings } from '../../cli/settings.ts'
import { observeIngest } from '../../cli/observer.ts'
import type { EventLog } from '../../events/log.ts'
import { domainTopics, type Topics } from '../../events/topics.ts'
import type { Verifier } from '../../gateway/session.ts'
import type { GatewaySettings } from '../../gateway/settings.ts'
import { startGateway, type Gateway } from '../../gateway/start.ts'
import { createTelemetry, type Telemetry } from '../../gateway/telemetry.ts'
import { systemClock, type Logger } from '../../ingest/observer.ts'
import { OwnedStates } from '../../ingest/owned-states.ts'
import { runIngest } from '../../ingest/run.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../servers/shared.ts'
import { openEventStream } from './event-stream.ts'
import { connect, type ConnectOptions, type LiveClient, type Stream } from './live-client.ts'

/** Of what Freshet is made: `real` is Kafka and Weaviate. */
export type Parts = 'embedded' | 'kafka' | 'real'

/** An event as `publish` takes it. */
export interface Published {
  type: string
  subject: string
  data: Record<string, unknown>
  id?: string
  source?: string
  time?: string
  dataschema?: string
}

export interface AskOptions {
  /** Of `publish`: the answer includes those events. */
  token?: string
  headers?: Record<string, string>
}

/** A whole Freshet in this process, as `freshet start` puts it together, behind a real port. */
export interface Freshet extends AsyncDisposable {
  url: string
  settings: Settings
  log: EventLog
  topics: Topics
  index: EntityIndex
  gateway: Gateway
  telemetry: Telemetry
  /** What the operator was told. */
  said: string[]
  /** The gateway's clock; it runs as the system's, and can be put forward. */
  clock: { now(): number; advance(ms: number): void }
  /** Publishes over GraphQL, all of which must be accepted; gives the token. */
  publish(...events: Published[]): Promise<string>
  /** The data of an operation over HTTP, which must have no errors. */
  query<T = Record<string, unknown>>(query: string, variables?: Record<string, unknown>, options?: AskOptions): Promise<T>
  /** The whole answer of an operation over HTTP, errors included. */
  ask(query: string, variables?: Record<string, unknown>, options?: AskOptions): Promise<FormattedExecutionResult>
  connect(options?: ConnectOptions): Promise<LiveClient>
  eventStream(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Stream>
  /** Resolves when everything in the domain topics is applied. */
  settled(): Promise<void>
}

export interface FreshetOptions {
  parts?: Parts
  /** A folder to start in again; by default one that is gone in the end. */
  dataDir?: string
  env?: Record<string, string>
  /** What stands in `freshet.yaml`. */
  file?: Record<string, unknown>
  gateway?: Partial<GatewaySettings>
  /** Says who brings a token; without it nobody is asked for one. */
  verifier?: Verifier
  /** Without it events are appended and not applied. */
  ingest?: boolean
  /** The log that is used instead of the opened one: a wrapper that fails, for instance. */
  wrapLog?: (log: EventLog) => EventLog
  /** The same for ingest, which reads the opened one otherwise. */
  wrapIngestLog?: (log: EventLog) => EventLog
}

async function environmentOf(parts: Parts): Promise<Record<string, string>> {
  if (parts === 'embedded') return {}
  const { brokers } = await sharedKafka()
  const kafka = { FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: uniquePrefix() }
  if (parts === 'kafka') return kafka
  const { url, grpcHost, grpcPort } = await sharedWeaviate()
  return { ...kafka, FRESHET_WEAVIATE_URL: url, FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}` }
}

/** Numbers that look random and are the same in every run. */
function fixedRandom(): () => number {
  let draws = 0
  return () => ((++draws * 2_654_435_761) % 2 ** 32) / 2 ** 32
}

export async function startFreshet(
  { parts = 'embedded', dataDir, env = {}, file = {}, gateway: overrides = {}, verifier, ingest: ingesting = true, wrapLog = (log) => log, wrapIngestLog = (log) => log }: FreshetOptions = {},
): Promise<Freshet> {
  await using stack = new AsyncDisposableStack()
  const said: string[] = []
  const logger: Logger = { info: () => {}, warn: (message) => said.push(message), error: (message) => said.push(message) }
  const directory = dataDir ?? stack.use(temporaryDirectory('freshet')).path
  const settings = resolveSettings({ file, env: { FRESHET_DATA_DIR: directory, PORT: '0', ...await environmentOf(parts), ...env } })
  const topics = topicsOf(settings)
  const opened = await openLog(settings, logger)
  stack.defer(() => opened.log.close())
  const log = wrapLog(opened.log)
  const { index } = await openIndex(settings)
  stack.defer(() => index.close())
  await index.open()
  const embedder = createEmbedder(settings)
  const telemetry = createTelemetry({ processMetrics: false })

  const states = ingesting && parts === 'embedded' ? new OwnedStates(log.partitions) : undefined
  if (ingesting) {
    const ending = new AbortController()
    const ingest = runIngest({
      log: wrapIngestLog(opened.log), index, embedder, topics, clock: systemClock, logger, states, signal: ending.signal,
      // One process is all there is: nobody else could still be writing.
      settings: { ...ingestSettingsOf(settings), takeoverWaitMs: 0 },
      metrics: observeIngest(telemetry, { measures: false }).observer,
      checkpointed: (_shard, positions) => opened.released(positions),
    })
    // The end of the test hears of it.
    ingest.catch(() => {})
    stack.defer(async () => {
      ending.abort(new Error('the test is over'))
      await ingest
    })
  }

  let ahead = 0
  let ids = 0
  const clock = { now: () => Date.now() + ahead, advance: (ms: number) => void (ahead += ms) }
  const gateway = await startGateway({
    log, topics, index, embedder, telemetry, logger, states, verifier, settings: { ...gatewaySettingsOf(settings), ...overrides }, graph: graphSettingsOf(settings),
    clock: clock.now, newId: () => `id-${++ids}`, random: fixedRandom(),
    ...settings.cursorKey !== undefined && { cursorKey: cursorKeyOf(settings, logger) },
  })
  stack.defer(() => gateway.close())
  await gateway.ready

  const owned = stack.move()
  const { url } = gateway
  const ask: Freshet['ask'] = async (query, variables, { token, headers } = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { 'freshet-token': token }), ...headers },
      body: JSON.stringify({ query, variables }),
    })
    return await response.json() as FormattedExecutionResult
  }
  const query: Freshet['query'] = async <T>(...asked: Parameters<Freshet['ask']>) => {
    const { data, errors } = await ask(...asked)
    if (errors) throw new Error(`expected data, got ${JSON.stringify(errors)}`)
    return data as T
  }
  return {
    url, settings, log, topics, index, gateway, telemetry, said, clock, ask, query,
    async publish(...events) {
      const { publish } = await query<{ publish: { token: string; results: { accepted: boolean }[] } }>(
        'mutation ($events: [EventInput!]!) { publish(events: $events) { token results { accepted id code message } } }', { events },
      )
      const refused = publish.results.filter(({ accepted }) => !accepted)
      if (refused.length > 0) throw new Error(`expected every event to be accepted, got ${JSON.stringify(refused)}`)
      return publish.token
    },
    connect: (options) => connect(url, options),
    eventStream: (source, variables, headers) => openEventStream(url, { query: source, variables }, headers),
    async settled() {
      await gateway.services.view.waitFor(await log.ends(domainTopics(topics)), AbortSignal.timeout(60_000))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
