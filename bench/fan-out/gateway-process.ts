import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { createEmbedder, gatewaySettingsOf, graphSettingsOf, openIndex, openLog, topicsOf } from '../../cli/parts.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { startGateway } from '../../gateway/start.ts'
import { createTelemetry } from '../../gateway/telemetry.ts'
import { silentLogger } from '../../ingest/observer.ts'
import { sdl } from './topic.ts'

/** A gateway over Kafka alone: nothing is applied, events of one topic are delivered. */
const [brokers, topic] = process.argv.slice(2) as [string, string]
const directory = mkdtempSync(join(tmpdir(), 'freshet-fan-out-'))
const file = join(directory, 'ticks.graphql')
writeFileSync(file, sdl.replaceAll('TOPIC', topic))
const settings = resolveSettings({
  env: { FRESHET_DATA_DIR: directory, PORT: '0', FRESHET_KAFKA_BROKERS: brokers, FRESHET_TOPIC_PREFIX: `${topic}-` },
  file: { subgraphs: { ticks: { sdl: file, events: true } } },
})
const { log } = await openLog(settings, silentLogger)
const { index } = await openIndex(settings)
await index.open()
const gateway = await startGateway({
  log, topics: topicsOf(settings), index, embedder: createEmbedder(settings), settings: { ...gatewaySettingsOf(settings), port: 0 },
  graph: graphSettingsOf(settings), telemetry: createTelemetry({ processMetrics: false }), logger: silentLogger, clock: Date.now, newId: randomUUID, random: Math.random,
})
console.log(gateway.url)
