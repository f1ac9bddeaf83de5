import kafkajs, { type Admin } from 'kafkajs'
import type { TopicSpec } from '../log.ts'
import { Client, type ClientSettings, type Logger } from './client.ts'
import { describeFailure, failureOf, isPermanent, MisfitError } from './failures.ts'

/**
 * The largest batch that topics made here take. Events have at most 1 MiB, but all records of one append for one partition
 * go in together, and dead letters hold oversized events untouched.
 */
export const maxBatchBytes = 16 << 20

/** Runs `work` with an administrator's connection of its own. */
export async function withAdmin<T>(settings: ClientSettings, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new Client(settings, { retries: 10, initialRetryTime: 50, maxRetryTime: 500 })
  const admin = client.kafka.admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    client.destroy()
  }
}

export interface TopicDefaults {
  partitions: number
  /** Absent: the brokers' `default.replication.factor`. */
  replicationFactor: number | undefined
}

/**
 * Creates the topics that are missing.
 * @throws when a topic has another partition count: keys would meet at other partitions than the rest of their entity
 */
export async function ensureTopics(admin: Admin, specs: readonly TopicSpec[], defaults: TopicDefaults, logger: Logger): Promise<void> {
  const wanted = new Map(specs.map((spec) => [spec.name, spec]))
  const present = new Set(await admin.listTopics())
  const missing = [...wanted.values()].filter(({ name }) => !present.has(name))
  if (missing.length > 0) await create(admin, missing, defaults)
  const { topics } = await admin.fetchTopicMetadata({ topics: [...wanted.keys()] })
  for (const { name, partitions } of topics) {
    if (partitions.length === defaults.partitions) continue
    throw new MisfitError(`expected the topic ${name} to have ${defaults.partitions} partitions, but it has ${partitions.length}: ` +
      `set the partition count to ${partitions.length}, or give this deployment another topic prefix`)
  }
  await warnOfForeignSettings(admin, [...wanted.values()].filter(({ name }) => present.has(name)), logger)
}

async function create(admin: Admin, specs: readonly TopicSpec[], { partitions, replicationFactor }: TopicDefaults): Promise<void> {
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: specs.map((spec) => ({
        topic: spec.name,
        numPartitions: partitions,
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
        configEntries: Object.entries(settingsOf(spec, replicationFactor)).map(([name, value]) => ({ name, value })),
      })),
    })
  } catch (error) {
    // Another process may have created some of them meanwhile; whether they suit is looked at afterwards.
    const causes = (error as { errors?: unknown[] }).errors ?? [error]
    const real = causes.find((cause) => failureOf(cause).type !== 'TOPIC_ALREADY_EXISTS')
    if (real === undefined) return
    if (!isPermanent(real)) throw real
    throw new MisfitError(`Kafka did not create the topics ${specs.map(({ name }) => name).join(', ')}: ${describeFailure(real)}`, { cause: error })
  }
}

function settingsOf({ compacted, retentionMs }: TopicSpec, replicationFactor: number | undefined): Record<string, string> {
  return {
    // No `min.compaction.lag.ms`: readers of `state` want the latest record of each key up to one that they know to be there, and
    // meet it whatever was compacted before; nobody counts on a superseded one. The embedded log compacts at once.
    'cleanup.policy': compacted ? 'compact' : 'delete',
    'retention.ms': String(retentionMs ?? -1),
    'retention.bytes': '-1',
    'max.message.bytes': String(maxBatchBytes),
    // The log's own clock is the reference for lateness.
    'message.timestamp.type': 'LogAppendTime',
    // With three replicas one may be away; with fewer, waiting for two would stop every append.
    ...(replicationFactor !== undefined && replicationFactor >= 3 ? { 'min.insync.replicas': '2' } : {}),
  }
}

/** A topic that others made is used as it is; what will behave differently is said. */
async function warnOfForeignSettings(admin: Admin, specs: readonly TopicSpec[], logger: Logger): Promise<void> {
  if (specs.length === 0) return
  const watched = ['cleanup.policy', 'max.message.bytes', 'message.timestamp.type']
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ name }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames: watched })),
  })
  for (const { resourceName, configEntries } of resources) {
    const expected = settingsOf(specs.find(({ name }) => name === resourceName)!, undefined)
    for (const { configName, configValue } of configEntries) {
      const suits = configName === 'max.message.bytes'
        ? Number(configValue) >= maxBatchBytes
        : configValue === expected[configName]
      if (watched.includes(configName) && !suits) {
        logger.warn(`the topic ${resourceName} has ${configName}=${configValue}; Freshet expects ${expected[configName]}: ` +
          `kafka-configs.sh --alter --entity-type topics --entity-name ${resourceName} --add-config ${configName}=${expected[configName]}`)
      }
    }
  }
}
