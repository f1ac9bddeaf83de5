import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { Kafka, logLevel, type Cluster, type ISocketFactoryArgs, type RetryOptions, type SASLOptions } from 'kafkajs'
import './idle-timers.ts'
import { exchange } from './wire/exchange.ts'
import { fetchApi, readFetched, writeFetch, type FetchedPartition, type FetchRequest } from './wire/fetch.ts'
import { produceApi, readProduced, writeProduce, type ProducedPartition, type ProduceRequest } from './wire/produce.ts'

/** Where messages for people go. Each change of state is told once, not each failed attempt. */
export interface Logger {
  info(message: string, details?: Readonly<Record<string, unknown>>): void
  warn(message: string, details?: Readonly<Record<string, unknown>>): void
  error(message: string, details?: Readonly<Record<string, unknown>>): void
}

export interface SaslSettings {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  username: string
  password: string
}

export interface ClientSettings {
  /** `host:port` of one or more brokers; the others are learnt from them. */
  brokers: readonly string[]
  /** Appears in the brokers' logs and quotas. */
  clientId: string
  /** `true` for TLS with the system's authorities, or Node's TLS options. */
  ssl?: boolean | ConnectionOptions
  sasl?: SaslSettings
}

/** How long one request may take, in ms, before its connection is given up. Waiting fetches take `fetchWait` at most. */
const requestTimeout = 10_000
const connectionTimeout = 3_000
/** How old what is known of topics may be when somebody asks for their positions, in ms: they may have got more partitions. */
const metadataMaxAge = 1_000

/** One client of kafkajs with the sockets that it opened, so that it can be ended at once, whatever it waits for. */
export class Client {
  readonly kafka: Kafka
  readonly #sockets = new Set<Socket>()
  #isClosed = false

  constructor({ brokers, clientId, ssl, sasl }: ClientSettings, retry: RetryOptions) {
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      ...(ssl ? { ssl } : {}),
      ...(sasl ? { sasl: sasl as SASLOptions } : {}),
      requestTimeout,
      connectionTimeout,
      retry,
      socketFactory: (target) => this.#open(target),
      // kafkajs tells of every failed attempt, and with every detail: `Availability` tells what a person needs.
      logLevel: logLevel.NOTHING,
      logCreator: () => () => {},
    })
  }

  /** Ends every connection, those too that are opened later; requests in flight fail. */
  destroy(): void {
    this.#isClosed = true
    for (const socket of this.#sockets) socket.destroy(closed())
  }

  #open({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
    const socket = ssl
      // A certificate names hosts; TLS does not allow an address as server name.
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : connectPlain({ host, port }, onConnect)
    // Without this each small request waits for the acknowledgement of the one before (Nagle's algorithm): up to 40 ms.
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.once('data', (first) => {
      const other = otherThanKafka(first)
      if (other !== undefined) socket.destroy(new Error(other))
    })
    // kafkajs tries again what has failed, and would hold a connection that nobody ends.
    if (this.#isClosed) socket.destroy(closed())
    return socket
  }
}

const closed = (): Error => new Error('the client was closed')

/** What answers in another protocol begins thus; kafkajs would take its letters for the length of a long answer, and wait for that. */
function otherThanKafka(first: Buffer): string | undefined {
  if (first.toString('latin1', 0, 5) === 'HTTP/') return 'it speaks HTTP there, and is no Kafka broker'
  // A TLS record: an alert, of any version.
  if (first[0] === 0x15 && first[1] === 0x03) return 'it speaks TLS there (the setting is kafka.ssl)'
  return undefined
}

export interface BrokerLink {
  produce(request: ProduceRequest): Promise<ProducedPartition[]>
  fetch(request: FetchRequest): Promise<FetchedPartition[]>
}

/**
 * A connected cluster of its own: the one who long-polls must not share connections, because a broker answers the requests
 * of a connection one after the other.
 */
export class Connection {
  readonly cluster: Cluster
  readonly #client: Client
  readonly #topics = new Set<string>()

  private constructor(client: Client, cluster: Cluster) {
    this.#client = client
    this.cluster = cluster
  }

  /** @param signal gives up, whatever is waited for */
  static async open(settings: ClientSettings, signal: AbortSignal): Promise<Connection> {
    // Retrying is ours; kafkajs only tries each of the named brokers.
    const client = new Client(settings, { retries: settings.brokers.length, initialRetryTime: 20, maxRetryTime: 100 })
    const connection = new Connection(client, clusterOf(client.kafka))
    const giveUp = (): void => connection.close()
    signal.addEventListener('abort', giveUp)
    try {
      await connection.cluster.connect()
      return connection
    } catch (error) {
      connection.close()
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** Loads the leaders of these topics' partitions. @throws when a topic does not exist */
  async know(topics: Iterable<string>): Promise<void> {
    const unknown = [...topics].filter((topic) => !this.#topics.has(topic))
    if (unknown.length === 0) return
    await this.cluster.addMultipleTargetTopics(unknown)
    for (const topic of unknown) this.#topics.add(topic)
  }

  /** The same as brokers say it now, or have said a moment ago: topics may have got more partitions. */
  async knowAnew(topics: Iterable<string>): Promise<void> {
    await this.know(topics)
    try {
      await this.cluster.refreshMetadataIfNecessary()
    } catch (error) {
      // Where all brokers were lost kafkajs trips over having none, which is no mistake of ours: another connection has some.
      throw error instanceof TypeError ? new Error(`what brokers say of topics could not be read: ${error.message}`) : error
    }
  }

  /** One broker's answers to appends and fetches. @throws KafkaProtocolError when it refuses a partition */
  async broker(nodeId: string): Promise<BrokerLink> {
    const broker = await this.cluster.findBroker({ nodeId })
    return {
      produce: async (request) => readProduced(await exchange(broker, produceApi, (into) => writeProduce(into, request))),
      fetch: async (request) => readFetched(await exchange(broker, fetchApi, (into) => writeFetch(into, request))),
    }
  }

  close(): void {
    this.#client.destroy()
  }
}

/**
 * kafkajs has no reader without a group, but it hands a typed `Cluster` to each partition assigner, and that can fetch and
 * produce. The consumer itself is never connected.
 */
function clusterOf(kafka: Kafka): Cluster {
  let captured: Cluster | undefined
  kafka.consumer({
    groupId: 'never-joined',
    allowAutoTopicCreation: false,
    metadataMaxAge,
    partitionAssigners: [({ cluster }) => {
      captured = cluster
      return { name: 'none', version: 0, assign: async () => [], protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }) }
    }],
  })
  if (captured === undefined) throw new Error('expected kafkajs 2.2 to create assigners together with the consumer')
  return captured
}
