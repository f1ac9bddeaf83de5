import { Kafka, logLevel } from 'kafkajs'
import { openKafkaLog } from '../../events/kafka.ts'
import { covers, type EventLog } from '../../events/log.ts'
import { domainTopics, topicNames, topicSpecs, type Topics } from '../../events/topics.ts'
import { eventTypes } from '../../events/vocabulary.ts'
import { readChanges } from '../../ingest/change-reader.ts'
import { startProgram, type Program } from '../cli/program.ts'
import { freePorts } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../servers/shared.ts'
import { toPublished } from './ledger.ts'
import type { Send } from './producer.ts'

/** A role as a process of its own, which can die and come back on the same port and data. */
export class Replica implements AsyncDisposable {
  readonly port: number
  readonly #start: (env: Record<string, string>) => Program
  #program: Program | undefined

  constructor(args: readonly string[], { port, cwd, env }: { port: number; cwd: string; env: Record<string, string> }) {
    this.port = port
    this.#start = (more) => startProgram([...args, '--port', String(port)], { cwd, env: { ...env, ...more } })
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What its process has said. */
  said(): string {
    return this.#program?.said() ?? ''
  }

  /** Resolves when it serves. @param env besides its own, for this life */
  async start(env: Record<string, string> = {}): Promise<this> {
    this.#program = this.#start(env)
    await this.#program.says(/GraphiQL\s+http/)
    return this
  }

  /** Of the processes that serve behind its port, where there are several. */
  serving(): number[] {
    return /processes ([\d, ]+) serve/.exec(this.said())?.[1]?.split(', ').map(Number) ?? []
  }

  /** The first match in what its process says. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    if (!this.#program) throw new Error('it was not started')
    return this.#program.says(pattern)
  }

  /** Has it look for a changed supergraph, which there is: once in each of its lives, as what it says is all of that life. */
  async reload(): Promise<void> {
    this.#program?.send('SIGHUP')
    await this.says(/Looked for a changed supergraph: swapped/)
  }

  /** As a crash does it. */
  async kill(): Promise<void> {
    this.#program?.send('SIGKILL')
    await this.#program?.ended
  }

  /** As an operator does it. @throws where it does not end cleanly */
  async stop(): Promise<void> {
    this.#program?.send('SIGTERM')
    const ended = await this.#program?.ended
    if (ended?.code !== 0) throw new Error(`expected a clean end, got ${ended?.code ?? ended?.signal}:\n${this.said()}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]()
  }
}

/** The default of the setting. */
const partitions = 4
const cursorKey = 'the same for all replicas'

/** Kafka, Weaviate and an ingest, and as many gateways as are asked for. */
export interface Deployment extends AsyncDisposable {
  gateways: readonly Replica[]
  send: Send
  /** Removes all that was applied up to now from the log, as retention does. */
  forget(): Promise<void>
}

/** @param processes that each gateway consists of */
export async function startDeployment({ gateways: count, processes = 1 }: { gateways: number; processes?: number }): Promise<Deployment> {
  await using stack = new AsyncDisposableStack()
  const [{ brokers }, { url, grpcHost, grpcPort }] = await Promise.all([sharedKafka(), sharedWeaviate()])
  const prefix = uniquePrefix()
  const env = {
    FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: prefix, FRESHET_CURSOR_KEY: cursorKey,
    FRESHET_WEAVIATE_URL: url, FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}`,
  }
  const folder = (): string => stack.use(temporaryDirectory('delivery')).path
  const { send, forget } = stack.use(await openSender(brokers, prefix))
  const ingest = stack.use(startProgram(['ingest'], { cwd: folder(), env }))
  const gateways = (await freePorts(count)).map((port) => stack.use(new Replica(['gateway', '--processes', String(processes)], { port, cwd: folder(), env })))
  await Promise.all([ingest.says(/ingest owns partitions/), ...gateways.map((gateway) => gateway.start())])
  const owned = stack.move()
  return { gateways, send, forget, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** All roles in one process, on Kafka and an embedded index. @param brokers as it finds them */
export async function startAlone(brokers: readonly string[], prefix: string, dataDir: string): Promise<Replica> {
  const [port] = await freePorts(1)
  return new Replica(['start', '--no-simulate'], {
    port: port as number, cwd: dataDir, env: {
      FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: prefix, FRESHET_CURSOR_KEY: cursorKey,
    },
  }).start()
}

/** A producer straight to the log. */
export const appendTo = (log: Pick<EventLog, 'append'>, topics: Topics): Send => async (events) => {
  await log.append(events.map((event) => ({
    topic: topics[eventTypes[event.type].topic], key: `livestream:${event.livestream}`,
    value: Buffer.from(JSON.stringify({ specversion: '1.0', ...toPublished(event) })),
  })))
}

/** A producer straight to Kafka: what it appended is there, and once. */
export async function openSender(brokers: readonly string[], prefix: string, replicationFactor?: number): Promise<Pick<Deployment, 'send' | 'forget'> & AsyncDisposable> {
  const topics = topicNames(prefix)
  const log = await openKafkaLog({ brokers: [...brokers], partitions, topicPrefix: prefix, replicationFactor, clientId: 'delivery-producer' })
  await log.ensureTopics(topicSpecs(topics))
  return {
    send: appendTo(log, topics),
    async forget() {
      const applied = await log.ends(domainTopics(topics))
      const covered: Record<string, number> = {}
      for await (const { progress } of readChanges({ log, topics, from: await log.starts([topics.changes]), signal: AbortSignal.timeout(60_000) })) {
        Object.assign(covered, progress.covered)
        if (covers(covered, applied)) break
      }
      const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      try {
        for (const topic of [...domainTopics(topics), topics.changes]) {
          // Which also makes this client look up who leads the topic: it does not by itself before it deletes.
          const ends = (await admin.fetchTopicOffsets(topic)).filter(({ high }) => high !== '0').map(({ partition, high }) => ({ partition, offset: high }))
          if (ends.length > 0) await admin.deleteTopicRecords({ topic, partitions: ends })
        }
      } finally {
        await admin.disconnect()
      }
    },
    [Symbol.asyncDispose]: () => log.close(),
  }
}
