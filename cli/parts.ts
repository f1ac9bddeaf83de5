import { randomUUID } from 'node:crypto'
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventLog, Positions } from '../events/log.ts'
import { openSqliteLog } from '../events/sqlite.ts'
import { topicNames, type Topics } from '../events/topics.ts'
import { readManifest, type TrustedDocuments } from '../gateway/documents.ts'
import type { GraphSettings } from '../gateway/foreign.ts'
import type { GatewaySettings } from '../gateway/settings.ts'
import { defaultGatewaySettings, defaultLimits } from '../gateway/settings.ts'
import type { Logger } from '../ingest/observer.ts'
import { defaultIngestSettings, type IngestSettings } from '../ingest/settings.ts'
import { openEmbeddedIndex } from '../search/embedded.ts'
import type { Embedder } from '../search/embedder.ts'
import type { EntityIndex } from '../search/entity-index.ts'
import { createHashingEmbedder } from '../search/hashing-embedder.ts'
import { createOpenAiEmbedder } from '../search/openai-embedder.ts'
import { SettingsError, type Settings } from './settings.ts'

export const topicsOf = ({ topicPrefix }: Settings): Topics => topicNames(topicPrefix)

/** An event log; `released` says which positions the embedded one need not keep any more. */
export interface OpenedLog {
  log: EventLog
  released: (positions: Positions) => void
  /** For people: where it is. */
  where: string
}

/** @throws SettingsError where it is none that can be written */
function folderOf({ dataDir }: Settings, name: string): string {
  const folder = join(dataDir, name)
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.R_OK | constants.W_OK)
    return folder
  } catch (cause) {
    throw new SettingsError(`FRESHET_DATA_DIR: expected a folder that can be written, got "${dataDir}" (${(cause as Error).message}). `
      + 'For example: FRESHET_DATA_DIR=./.freshet', { cause })
  }
}

export async function openLog(settings: Settings, logger: Logger, signal?: AbortSignal): Promise<OpenedLog> {
  const { kafkaBrokers, partitions, kafkaReplication, topicPrefix } = settings
  if (!kafkaBrokers) {
    const directory = folderOf(settings, 'log')
    const log = await openSqliteLog({
      directory, partitions, retentionBytes: settings.retentionGiB * 1024 ** 3, report: (message) => logger.warn(message),
    })
    return { log, released: (positions) => log.protect(positions), where: `embedded, in ${directory}` }
  }
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = settings
  // Loaded where it is used, as its client is large; so is Weaviate's below.
  const { openKafkaLog } = await import('../events/kafka.ts')
  const log = await openKafkaLog({
    brokers: kafkaBrokers, clientId: `freshet-${randomUUID().slice(0, 8)}`, partitions, topicPrefix, logger, signal,
    replicationFactor: kafkaReplication, ssl: settings.kafkaSsl,
    sasl: mechanism && username && password ? { mechanism, username, password } : undefined,
  })
  return { log, released: () => {}, where: `Kafka at ${kafkaBrokers.join(', ')}` }
}

export async function openIndex(settings: Settings): Promise<{ index: EntityIndex; where: string }> {
  const { weaviateUrl } = settings
  if (!weaviateUrl) {
    const directory = folderOf(settings, 'index')
    return { index: await openEmbeddedIndex({ directory }), where: `embedded, in ${directory}` }
  }
  const { openWeaviateIndex } = await import('../search/weaviate.ts')
  const index = await openWeaviateIndex({
    url: weaviateUrl, grpcUrl: settings.weaviateGrpcUrl, apiKey: settings.weaviateApiKey, prefix: settings.topicPrefix,
  })
  return { index, where: `Weaviate at ${weaviateUrl}` }
}

/** What is wrong with an index that one process has for itself while others share the log with it; undefined where nothing is. */
export function loneIndex({ kafkaBrokers, weaviateUrl }: Settings, roles: readonly string[]): string | undefined {
  if (!kafkaBrokers || weaviateUrl || (roles.includes('ingest') && roles.includes('gateway'))) return undefined
  return `weaviate.url is not set, so this ${roles.includes('ingest') ? 'ingest writes an index of its own, which no gateway of another process reads'
    : 'gateway reads an index of its own, which no ingest of another process writes'}. For example: FRESHET_WEAVIATE_URL="http://localhost:8080"`
}

export function createEmbedder(settings: Settings): Embedder {
  const { embeddingsUrl: url, embeddingsModel: model, embeddingsApiKey: apiKey, embeddingsDimensions: dimensions } = settings
  return url && model ? createOpenAiEmbedder({ url, model, apiKey, dimensions }) : createHashingEmbedder({ dimensions })
}

/** In one process nobody else could still be writing, so nobody is waited for. */
export const ingestSettingsOf = (settings: Settings): IngestSettings => ({
  ...defaultIngestSettings,
  group: `${settings.topicPrefix}-ingest`,
  ...(settings.kafkaBrokers ? {} : { takeoverWaitMs: 0 }),
})

/** @throws SettingsError where the manifest of trusted documents cannot be used */
export const gatewaySettingsOf = (settings: Settings): GatewaySettings => {
  const { host, port, apiKey, allowedHosts, allowedOrigins, publicUrl, liveEvaluationsPerSecond, pingSeconds, operationsPerConnection, queriesPerConnection } = settings
  return {
    ...defaultGatewaySettings, host, port, apiKey, allowedOrigins, liveEvaluationsPerSecond, pingIntervalMs: pingSeconds * 1_000,
    limits: { ...defaultLimits, operationsPerConnection, queriesPerConnection },
    trustedDocuments: trustedDocumentsOf(settings),
    // By that name subgraphs call back.
    allowedHosts: publicUrl === undefined ? allowedHosts : [...allowedHosts, new URL(publicUrl).hostname],
  }
}

export const graphSettingsOf = ({ subgraphs, supergraph, supergraphHeaders, pollSeconds, publicUrl }: Settings): GraphSettings =>
  ({ subgraphs, supergraph, supergraphHeaders, pollSeconds, publicUrl })

function trustedDocumentsOf({ trustedDocumentsFile: file, trustedDocumentsMode: mode }: Settings): TrustedDocuments | undefined {
  if (file === undefined) return undefined
  try {
    return { documents: readManifest(readFileSync(file, 'utf8')), only: mode === 'only' }
  } catch (error) {
    throw new SettingsError(`trustedDocuments.file: ${file} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}
