import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boundHeap } from '../../cli/memory.ts'
import { createEmbedder, gatewaySettingsOf, graphSettingsOf, openIndex, openLog, topicsOf } from '../../cli/parts.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { startGateway, type Gateway } from '../../gateway/start.ts'
import { createTelemetry } from '../../gateway/telemetry.ts'
import { silentLogger } from '../../ingest/observer.ts'
import { argumentsOf, serve } from './told.ts'
import { sdlOf } from './topic.ts'

/** A gateway over Kafka: an event-driven subgraph beside its own ones, and another one that knows more of its entities. */
const [brokers, topic, namesUrl, env = {}] = argumentsOf<[string[], string, (string | null)?, Record<string, string>?]>()
const running: { gateway?: Gateway } = {}
boundHeap('gateway', () => running.gateway?.openConnections ?? 0)
const directory = mkdtempSync(join(tmpdir(), 'freshet-bench-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
const sdl = join(directory, 'ticks.graphql')
writeFileSync(sdl, sdlOf(topic))
const settings = resolveSettings({
  env: { FRESHET_DATA_DIR: directory, PORT: '0', FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: `${topic}-`, ...env },
  file: { pollSeconds: 0, subgraphs: { ticks: { sdl, events: true }, ...namesUrl != null && { names: { url: namesUrl } } } },
})
const { log } = await openLog(settings, silentLogger)
const { index } = await openIndex(settings)
await index.open()
const gateway = running.gateway = await startGateway({
  log, topics: topicsOf(settings), index, embedder: createEmbedder(settings), settings: { ...gatewaySettingsOf(settings), port: 0 },
  graph: graphSettingsOf(settings), telemetry: createTelemetry({ processMetrics: false }), logger: silentLogger, clock: Date.now, newId: randomUUID, random: Math.random,
})
await gateway.ready
serve(gateway.url)
