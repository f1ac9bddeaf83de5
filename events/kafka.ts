import {
  LogUnavailableError,
  type Appended, type Assignment, type EventLog, type JoinOptions, type LogRecord, type NewRecord, type Positions, type ReadOptions,
  type TopicSpec,
} from './log.ts'
import type { ClientSettings, Connection, Logger } from './kafka/client.ts'
import { describeFailure, isPermanent, isRefusal, isUnknownTopic, MisfitError } from './kafka/failures.ts'
import { joinGroup } from './kafka/group.ts'
import { Availability, Link, pause } from './kafka/link.ts'
import { ends, positionsAt, starts } from './kafka/offsets.ts'
import { TopicPresence } from './kafka/presence.ts'
import { Producer } from './kafka/producer.ts'
import { readPartitions } from './kafka/reader.ts'
import { ensureTopics, maxBatchBytes, withAdmin } from './kafka/topics.ts'

export type { Logger, SaslSettings } from './kafka/client.ts'

export interface KafkaLogOptions extends ClientSettings {
  /** Of every topic that Freshet creates. */
  partitions: number
  /** Of the topics that are created here. Default: the brokers' own default. */
  replicationFactor?: number
  /** Set apart deployments that share brokers: their topics' prefix, which is given to their consumer groups too. */
  topicPrefix?: string
  /** Default: nothing is told. */
  logger?: Logger
  /** Gives up opening. */
  signal?: AbortSignal
  /** Milliseconds since the epoch. Default: the system's clock. */
  now?(): number
}

const silent: Logger = { info: () => {}, warn: () => {}, error: () => {} }

/**
 * Opens the event log on Kafka brokers; waits for them when they are away.
 * @throws LogUnavailableError when `signal` is aborted first; an error that names the setting when the brokers refuse the login
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  validate(options)
  const { logger = silent, now = Date.now } = options
  const availability = new Availability(options.brokers, logger, now)
  const link = new Link(options, availability)
  const signal = options.signal ?? new AbortController().signal
  const stop = (): void => link.close()
  signal.addEventListener('abort', stop)
  try {
    const id = await link.run(signal, clusterId, (error) => isPermanent(error) || isRefusal(error))
    return new KafkaLog(id, options, link, availability, logger, now)
  } catch (error) {
    link.close()
    if (!isRefusal(error)) throw error
    throw new Error(`Kafka (${options.brokers.join(', ')}) refused the connection: ${describeFailure(error)}. ` +
      `Check the settings kafka.ssl and kafka.sasl (mechanism ${options.sasl?.mechanism ?? 'none'})`, { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function validate({ brokers, partitions }: KafkaLogOptions): void {
  const wrong = brokers.find((broker) => !/^[^\s:]+:\d+$/.test(broker))
  if (brokers.length === 0 || wrong !== undefined) {
    throw new Error(`expected Kafka brokers as host:port, such as localhost:9092, got ${wrong === undefined ? 'none' : JSON.stringify(wrong)}`)
  }
  if (!Number.isInteger(partitions) || partitions < 1) throw new Error(`expected a partition count of 1 or more, got ${partitions}`)
}

async function clusterId({ cluster }: Connection): Promise<string> {
  const { clusterId: id } = await cluster.metadata() as { clusterId?: string }
  if (!id) throw new MisfitError('expected the Kafka brokers to name their cluster id (0.10.1 and later do)')
  return id
}

const defaultMaxRecords = 1_000

class KafkaLog implements EventLog {
  readonly id: string
  readonly partitions: number
  readonly #options: KafkaLogOptions
  readonly #link: Link
  readonly #availability: Availability
  readonly #logger: Logger
  readonly #closed = new AbortController()
  readonly #presence: TopicPresence
  readonly #producerLink: Link
  readonly #producer: Producer
  readonly #leaving = new Set<Promise<void>>()

  constructor(id: string, options: KafkaLogOptions, link: Link, availability: Availability, logger: Logger, now: () => number) {
    this.id = id
    this.partitions = options.partitions
    this.#options = options
    this.#link = link
    this.#availability = availability
    this.#logger = logger
    this.#presence = new TopicPresence(link)
    this.#producerLink = new Link(options, availability)
    this.#producer = new Producer({
      link: this.#producerLink, presence: this.#presence, partitions: options.partitions, maxBatchBytes, signal: this.#closed.signal, now,
    })
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    const { partitions, replicationFactor } = this.#options
    return this.#link.run(this.#closed.signal, () => withAdmin(this.#options, (admin) =>
      ensureTopics(admin, specs, { partitions, replicationFactor }, this.#logger)))
  }

  append(records: readonly NewRecord[], options: { signal?: AbortSignal } = {}): Promise<Appended[]> {
    return this.#producer.append(records, options.signal)
  }

  read({ from, signal, maxRecords = defaultMaxRecords, onPassed }: ReadOptions): AsyncIterable<LogRecord[]> {
    return readPartitions({
      link: new Link(this.#options, this.#availability),
      presence: this.#presence,
      from,
      signal: AbortSignal.any([signal, this.#closed.signal]),
      maxRecords,
      onPassed,
      logger: this.#logger,
    })
  }

  starts(topics: readonly string[]): Promise<Positions> {
    return this.#ask(topics, (connection) => starts(connection, topics))
  }

  ends(topics: readonly string[], options?: { uncommitted?: boolean }): Promise<Positions> {
    return this.#ask(topics, (connection) => ends(connection, topics, options))
  }

  positionsAt(topics: readonly string[], time: number): Promise<Positions> {
    return this.#ask(topics, (connection) => positionsAt(connection, topics, time))
  }

  async *join({ group, topics, signal }: JoinOptions): AsyncGenerator<Assignment, void> {
    if (this.#closed.signal.aborted) throw new LogUnavailableError('the event log is closed')
    const { topicPrefix } = this.#options
    const leave = AbortSignal.any([signal, this.#closed.signal])
    if (!await this.#present(topics, leave)) return
    yield* joinGroup({
      settings: this.#options,
      group: topicPrefix === undefined ? group : `${topicPrefix}.${group}`,
      topics,
      partitions: this.partitions,
      signal: leave,
      link: this.#link,
      logger: this.#logger,
      read: (options) => this.read(options),
      onLeaving: (left) => {
        this.#leaving.add(left)
        void left.finally(() => this.#leaving.delete(left))
      },
    })
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#producerLink.close()
    // Members leave in good order, so that others need not wait for their sessions to run out.
    await Promise.all(this.#leaving)
    this.#link.close()
  }

  async #ask(topics: readonly string[], question: (connection: Connection) => Promise<Positions>): Promise<Positions> {
    const { signal } = this.#closed
    for (let attempt = 0; ; attempt++) {
      await this.#presence.require(topics, signal)
      try {
        return await this.#link.run(signal, question, (error) => isPermanent(error) || isUnknownTopic(error))
      } catch (error) {
        if (!isUnknownTopic(error)) throw error
        // One that the connection knows was deleted: one of these, or another, of which the next connection knows nothing.
        this.#presence.forget(topics)
        await pause(attempt, signal)
      }
    }
  }

  /** False when it was given up first. */
  async #present(topics: readonly string[], signal: AbortSignal): Promise<boolean> {
    try {
      await this.#presence.require(topics, signal)
      return true
    } catch (error) {
      if (signal.aborted) return false
      throw error
    }
  }
}
