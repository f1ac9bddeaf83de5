import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, type DocumentNode, type ExecutionResult } from 'graphql'
import { openLog, openIndex, createEmbedder, ingestSettingsOf, topicsOf, gatewaySettingsOf } from '../cli/parts.ts'
import { resolveSettings, type Settings } from '../cli/settings.ts'
import type { EventLog } from '../events/log.ts'
import { toRecord } from '../events/serialize.ts'
import type { Topics } from '../events/topics.ts'
import type { DomainEvent } from '../events/vocabulary.ts'
import { createEngine, inProcessSubgraph, type Engine } from '../federation/index.ts'
import { startGateway, type Gateway } from '../gateway/start.ts'
import { createTelemetry } from '../gateway/telemetry.ts'
import { silentLogger, silentObserver, systemClock, type IngestObserver } from '../ingest/observer.ts'
import { OwnedStates } from '../ingest/owned-states.ts'
import { runIngest } from '../ingest/run.ts'
import { buildOwnSubgraph } from '../resolvers/compose.ts'
import { createRequestContext } from '../resolvers/context.ts'
import { localScope } from '../resolvers/scope.ts'
import { subgraphNames } from '../resolvers/subgraphs.ts'
import { committedSupergraph } from '../schema/supergraph.ts'
import type { EntityIndex } from '../search/entity-index.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../test/servers/shared.ts'

export type Parts = 'embedded' | 'Kafka + Weaviate'

/** A running Freshet to measure. */
export interface System {
  parts: Parts
  settings: Settings
  log: EventLog
  topics: Topics
  index: EntityIndex
  gateway: Gateway
  /** Appends events as a producer does. */
  append(events: readonly DomainEvent[]): Promise<void>
  /** Runs an operation in this process, engine and resolvers included. */
  query(document: DocumentNode, variables?: Record<string, unknown>): Promise<ExecutionResult>
  /** Resolves when everything appended so far is applied. */
  settled(): Promise<void>
  /** Entities that ingest has written to the index so far, behind the rounds as well. */
  indexWrites(): Promise<number>
  [Symbol.asyncDispose](): Promise<void>
}

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

/**
 * Starts gateway and ingest. Embedded: both in this process, because the embedded log belongs to one. On real parts ingest
 * is a process of its own.
 */
export async function startSystem(parts: Parts, { dataDir, observer = silentObserver }: { dataDir?: string; observer?: IngestObserver } = {}): Promise<System> {
  await using stack = new AsyncDisposableStack()
  const directory = dataDir ?? await mkdtemp(join(tmpdir(), 'freshet-bench-'))
  if (dataDir === undefined) stack.defer(() => rm(directory, { recursive: true, force: true }))
  const env: Record<string, string> = { FRESHET_DATA_DIR: directory, PORT: '0' }
  if (parts === 'Kafka + Weaviate') {
    const [kafka, weaviate] = await Promise.all([sharedKafka(), sharedWeaviate()])
    Object.assign(env, {
      FRESHET_KAFKA_BROKERS: kafka.brokers.join(','), FRESHET_WEAVIATE_URL: weaviate.url, FRESHET_TOPIC_PREFIX: uniquePrefix(),
      FRESHET_WEAVIATE_GRPC_URL: `http://${weaviate.grpcHost}:${weaviate.grpcPort}`,
    })
  }
  const settings = resolveSettings({ env })
  const topics = topicsOf(settings)
  const { log, released } = await openLog(settings, silentLogger)
  stack.defer(() => log.close())
  const { index } = await openIndex(settings)
  stack.defer(() => index.close())
  await index.open()
  const embedder = createEmbedder(settings)

  let indexWrites: () => Promise<number>
  const states = parts === 'embedded' ? new OwnedStates(log.partitions) : undefined
  if (parts === 'embedded') {
    const ending = new AbortController()
    let written = 0
    indexWrites = async () => written
    const metrics: IngestObserver = {
      ...observer,
      round: (stats) => {
        written += stats.indexWrites
        observer.round(stats)
      },
    }
    const ingest = runIngest({
      log, index, embedder, topics, settings: ingestSettingsOf(settings), clock: systemClock, logger: silentLogger, metrics, states,
      signal: ending.signal, checkpointed: (_shard, positions) => released(positions),
    })
    stack.defer(async () => {
      ending.abort(new Error('the benchmark is over'))
      await ingest
    })
  } else {
    const child = spawn(process.execPath, [...process.execArgv, main, 'ingest'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
    const monitoring = monitoringOf(child)
    indexWrites = async () => {
      const text = await (await fetch(await monitoring)).text()
      return Number(/^freshet_index_writes_total (\d+)$/m.exec(text)?.[1])
    }
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    stack.defer(async () => {
      await ended(child)
      process.off('exit', kill)
    })
  }

  const gateway = await startGateway({
    log, topics, index, embedder, settings: gatewaySettingsOf(settings), telemetry: createTelemetry({ processMetrics: false }),
    logger: silentLogger, states, clock: Date.now, newId: randomUUID, random: Math.random,
  })
  stack.defer(() => gateway.close())
  await gateway.ready
  const engine: Engine = createEngine({
    supergraphSdl: committedSupergraph(),
    subgraphs: new Map(subgraphNames.map((name) => [name as string, inProcessSubgraph({ schema: buildOwnSubgraph(name) })])),
  })
  stack.defer(() => engine.close())

  const owned = stack.move()
  return {
    parts, settings, log, topics, index, gateway, indexWrites,
    async append(events) {
      await log.append(events.map((event) => toRecord(event, topics)))
    },
    query: (document, variables) =>
      engine.execute({ document, variables, context: createRequestContext(gateway.services, { scope: localScope }) }),
    async settled() {
      const { users, sellers, livestreams, engagements, embeddings } = topics
      const ends = await log.ends([users, sellers, livestreams, engagements, embeddings])
      await gateway.services.view.waitFor(ends, AbortSignal.timeout(30 * 60_000))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Where a process that only ingests has its metrics: it says so when it runs. */
async function monitoringOf({ stdout }: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let said = ''
  stdout?.on('data', (chunk: Buffer) => {
    if (said.length < 10_000) said += chunk.toString()
    const url = /http:\S+\/metrics/.exec(said)?.[0]
    if (url !== undefined) resolve(url)
  })
  return promise
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  await exit
  clearTimeout(timer)
}

export const operation = (source: string): DocumentNode => parse(source, { noLocation: true })

/** Appends the opening of a workload in batches and waits until it is applied. */
export async function open(system: System, events: Iterable<DomainEvent>): Promise<void> {
  let batch: DomainEvent[] = []
  for (const event of events) {
    batch.push(event)
    if (batch.length === 2_000) {
      await system.append(batch)
      batch = []
    }
  }
  if (batch.length > 0) await system.append(batch)
  await system.settled()
}
