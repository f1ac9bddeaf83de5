import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts } from './ports.ts'

export interface KafkaOptions {
  /** With 3, topics are replicated to all of them by default. Default 1. */
  brokers?: 1 | 3
  /** Lines of `server.properties` that add to the defaults below or replace them. */
  settings?: Record<string, string | number | boolean>
  /**
   * A second listener of a single broker, whose clients are sent to this port of 127.0.0.1: for a proxy of the test, which forwards to the
   * server's `behindProxy`.
   */
  proxyPort?: number
  /** Where the logs are kept instead of in a temporary directory; it stays after the server is disposed of. */
  logDir?: string
}

/** A broker before it is started. */
export interface KafkaNode {
  id: number
  name: string
  address: string
  properties: string
  data: string
  log: string
  behindProxy: number | undefined
}

/** Any value does, as long as a kept `logDir` is opened with the one that it began with. */
export const clusterId = 'ZnJlc2hldC10ZXN0LTAwMQ'

/** Writes the settings of each broker, on ports that are free. */
export async function configure(directory: string, { brokers = 1, settings = {}, proxyPort }: KafkaOptions): Promise<KafkaNode[]> {
  const ports = await freePorts(brokers * 2 + 1)
  const behindProxy = proxyPort === undefined ? undefined : ports[brokers * 2]
  const proxied = (port: number | undefined): string => (port === undefined ? '' : `,PROXIED://127.0.0.1:${port}`)
  const controller = (index: number): string => `127.0.0.1:${ports[brokers + index]}`
  const voters = Array.from({ length: brokers }, (_, index) => `${index + 1}@${controller(index)}`).join(',')
  return Promise.all(Array.from({ length: brokers }, async (_, index): Promise<KafkaNode> => {
    const home = join(directory, `broker-${index + 1}`)
    await mkdir(home, { recursive: true })
    const [id, data, address] = [index + 1, join(home, 'data'), `127.0.0.1:${ports[index]}`]
    const all = {
      'process.roles': 'broker,controller',
      'node.id': id,
      'controller.quorum.voters': voters,
      'controller.listener.names': 'CONTROLLER',
      listeners: `PLAINTEXT://${address},CONTROLLER://${controller(index)}${proxied(behindProxy)}`,
      'advertised.listeners': `PLAINTEXT://${address}${proxied(proxyPort)}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
      'log.dirs': data,
      // A topic that the program forgot to create must be an error, not a topic with the broker's defaults.
      'auto.create.topics.enable': false,
      'default.replication.factor': brokers,
      'offsets.topic.replication.factor': brokers,
      'offsets.topic.num.partitions': 4,
      'transaction.state.log.replication.factor': brokers,
      'transaction.state.log.min.isr': 1,
      'transaction.state.log.num.partitions': 4,
      'group.initial.rebalance.delay.ms': 0,
      'message.max.bytes': 8 * 1024 * 1024,
      'replica.fetch.max.bytes': 8 * 1024 * 1024,
      // A killed broker's session must not keep the others waiting longer than a test wants to.
      'broker.session.timeout.ms': 6_000,
      'controlled.shutdown.retry.backoff.ms': 500,
      // Of 128 MiB by default, which every broker fills with zeros first.
      'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
      ...settings,
    }
    const properties = join(home, 'server.properties')
    await writeFile(properties, Object.entries(all).map(([key, value]) => `${key}=${value}\n`).join(''))
    return { id, name: `kafka broker ${id}`, address, properties, data, log: join(home, 'output.log'), behindProxy }
  }))
}

/** In a log, what it begins with. */
export const formatFile = 'bootstrap.checkpoint'

/** Makes the log of a broker, unless there is one. @param begun the file of what it begins with */
export async function layOut({ id, data }: KafkaNode, begun: string): Promise<void> {
  const properties = join(data, 'meta.properties')
  if (existsSync(properties)) return
  await mkdir(data, { recursive: true })
  await copyFile(begun, join(data, formatFile))
  await writeFile(properties, `version=1\ncluster.id=${clusterId}\nnode.id=${id}\ndirectory.id=A${randomBytes(16).toString('base64url').slice(1)}\n`)
}
