import { existsSync } from 'node:fs'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { installOnce } from './cache.ts'
import { clusterId, configure, formatFile, layOut, type KafkaNode, type KafkaOptions } from './kafka-node.ts'
import { onFreePorts, run, ServerProcess, temporaryDirectory } from './process.ts'

/** The broker's version, and so the name of its cache entry. */
export const kafkaVersion = '4.1.0'
export const kafkaEntry = `kafka-${kafkaVersion}`

const startLimit = 60_000

export interface KafkaServer extends AsyncDisposable {
  /** `host:port` of each broker. */
  readonly brokers: string[]
  /** Port to which a proxy at `proxyPort` forwards. */
  readonly behindProxy: number | undefined
  /** Ends a broker in good order (0 is the first). */
  stop(broker?: number): Promise<void>
  /** Ends a broker with SIGKILL, as a crash would. */
  kill(broker?: number): Promise<void>
  /** Starts an ended broker on its port and data again; resolves when it serves. */
  restart(broker?: number): Promise<void>
}

/**
 * Starts a real Kafka broker (KRaft, no ZooKeeper), or a cluster of three, on ports of 127.0.0.1.
 * The first call on a machine fetches it with Maven; Java ≥ 17 runs it. See `available.ts` for asking first.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const jars = await installKafka()
  const java = await archivedClasses(jars)
  return start(java, await formatted(java), options)
}

/** @param java its options, and where the classes are @param begun what a new log begins with */
function start(java: string[], begun: string, options: KafkaOptions = {}): Promise<KafkaServer> {
  return onFreePorts(async () => {
    const stack = new AsyncDisposableStack()
    try {
      const directory = options.logDir ?? stack.use(temporaryDirectory('kafka')).path
      const nodes = await configure(directory, options)
      const cluster = new KafkaCluster(java, nodes, stack)
      stack.defer(() => cluster.endAll())
      await Promise.all(nodes.map((node) => layOut(node, begun)))
      await Promise.all(nodes.map((_, index) => cluster.restart(index)))
      return cluster
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  })
}

/** Fetches the broker's jars once per machine and returns their directory. */
export function installKafka(): Promise<string> {
  return installOnce(kafkaEntry, async (directory) => {
    console.error(`freshet tests: fetching Kafka ${kafkaVersion} with Maven (once per machine)`)
    const pom = join(directory, 'pom.xml')
    await writeFile(pom, projectModel)
    await run('mvn', [
      '--batch-mode', '--quiet', '--file', pom,
      'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies', `-DoutputDirectory=${directory}`,
    ])
    const jars = (await readdir(directory)).filter((file) => file.endsWith('.jar'))
    if (!jars.includes(`kafka_2.13-${kafkaVersion}.jar`)) {
      throw new Error(`expected kafka_2.13-${kafkaVersion}.jar among what Maven fetched, found ${jars.length} other jars`)
    }
  })
}

/**
 * The options with which Java runs these jars. Once per machine and version of Java, a broker that has done some work leaves its
 * classes as a JVM holds them: loading and verifying them anew is half of what a broker's start takes, and tests start dozens.
 */
async function archivedClasses(jars: string): Promise<string[]> {
  const java = [...quickJava, '-cp', join(jars, '*')]
  const version = /version "([^"]+)"/.exec(await run('java', ['-version']))?.[1] ?? 'unknown'
  const entry = await installOnce(`${kafkaEntry}-classes-${version}`, async (directory) => {
    const archiving = ['-XX:+IgnoreUnrecognizedVMOptions', `-XX:ArchiveClassesAtExit=${join(directory, archiveFile)}`, ...java]
    await using kafka = await start(archiving, await formatted(java))
    await exercise(kafka.brokers)
    await kafka.stop()
  })
  // A JVM that cannot make one, or not use this one, goes without.
  const archive = join(entry, archiveFile)
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, ...java] : java
}

const archiveFile = 'classes.jsa'

/**
 * What Kafka's tool writes into a new log: the version of the metadata and its features. It is the same for every broker, and to run the
 * tool takes half as long as to start one, so it is kept.
 */
async function formatted(java: string[]): Promise<string> {
  const entry = await installOnce(`${kafkaEntry}-format`, async (directory) => {
    const [node] = await configure(directory, {})
    await format(java, node!.properties)
    await copyFile(join(node!.data, formatFile), join(directory, formatFile))
  })
  return join(entry, formatFile)
}

const format = (java: string[], properties: string): Promise<string> =>
  run('java', [...java, 'kafka.tools.StorageTool', 'format', '--ignore-formatted', '--cluster-id', clusterId, '--config', properties])

/** Has a broker do what most tests have it do. */
async function exercise(brokers: string[]): Promise<void> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const [admin, producer, consumer] = [kafka.admin(), kafka.producer({ idempotent: true }), kafka.consumer({ groupId: 'exercise' })]
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()])
  await admin.createTopics({ topics: [{ topic: 'exercise' }], waitForLeaders: true })
  await producer.send({ topic: 'exercise', acks: -1, messages: [{ key: 'k', value: 'v' }] })
  const read = Promise.withResolvers<void>()
  await consumer.subscribe({ topic: 'exercise', fromBeginning: true })
  await consumer.run({ eachMessage: async () => read.resolve() })
  await read.promise
  await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()])
}

const dependency = (artifact: string): string =>
  `<dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId><version>${kafkaVersion}</version></dependency>`

const projectModel = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>freshet</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>${dependency('kafka_2.13')}${dependency('kafka-tools')}</dependencies>
</project>
`

class KafkaCluster implements KafkaServer {
  readonly brokers: string[]
  readonly behindProxy: number | undefined
  readonly #java: string[]
  readonly #nodes: KafkaNode[]
  readonly #stack: AsyncDisposableStack
  readonly #processes: (ServerProcess | undefined)[]

  constructor(java: string[], nodes: KafkaNode[], stack: AsyncDisposableStack) {
    this.#java = java
    this.#nodes = nodes
    this.#stack = stack
    this.#processes = nodes.map(() => undefined)
    this.brokers = nodes.map((node) => node.address)
    this.behindProxy = nodes[0]?.behindProxy
  }

  async restart(broker = 0): Promise<void> {
    const node = this.#node(broker)
    if (this.#processes[broker]?.running) throw new Error(`${node.name} is running: stop or kill it before restarting it`)
    const server = new ServerProcess({
      name: node.name,
      program: 'java',
      args: [...this.#java, '-Xmx512m', '-Dlog4j2.level=WARN', 'kafka.Kafka', node.properties],
      log: node.log,
    })
    this.#processes[broker] = server
    try {
      await server.ready(() => serves(node.address), startLimit)
    } catch (error) {
      // Without a logger a broker says nothing about its settings; the tool, which reads them as well, does.
      await format(this.#java, node.properties)
      throw error
    }
  }

  stop(broker = 0): Promise<void> {
    return this.#end(broker, 'SIGTERM')
  }

  kill(broker = 0): Promise<void> {
    return this.#end(broker, 'SIGKILL')
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#nodes.map((_, index) => this.kill(index)))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  async #end(broker: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#node(broker)
    await this.#processes[broker]?.end(signal)
  }

  #node(broker: number): KafkaNode {
    const node = this.#nodes[broker]
    if (node === undefined) throw new RangeError(`expected a broker from 0 to ${this.#nodes.length - 1}, got ${broker}`)
    return node
  }
}

/** These processes live for seconds: starting fast matters more than the best machine code. */
const quickJava = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

/** Whether the broker answers an admin request and is, by its own account, a member of the cluster. */
async function serves(address: string): Promise<boolean> {
  const client = new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
  })
  const admin = client.admin()
  try {
    await admin.connect()
    const { brokers, controller } = await admin.describeCluster()
    return controller !== null && brokers.some(({ host, port }) => `${host}:${port}` === address)
  } catch {
    return false
  } finally {
    await admin.disconnect()
  }
}
