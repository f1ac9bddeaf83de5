import { whenAborted } from '../abort.ts'
import { LogUnavailableError, partitionKey, type Appended, type NewRecord } from '../log.ts'
import { batchesOf, place, type Batch, type Call, type Placed } from './batches.ts'
import type { Connection } from './client.ts'
import { describeFailure, failureOf, isPermanent } from './failures.ts'
import { findLanded, type ProducerIdentity } from './landed.ts'
import type { Link } from './link.ts'
import { ends } from './offsets.ts'
import type { TopicPresence } from './presence.ts'
import type { ProduceRequest } from './wire/produce.ts'

/** How much of concurrent calls goes out together; a single call may be larger. */
const groupedBytes = 1 << 20
/** How long a leader may wait for its replicas, in ms: less than the request's own limit, so that it is the leader who says so. */
const acknowledgeWithin = 8_000

/** The broker no longer numbers with us: it forgot the producer, or lost batches that it had acknowledged. */
const identityLost = new Set([
  'UNKNOWN_PRODUCER_ID', 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'DUPLICATE_SEQUENCE_NUMBER', 'INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED',
])

/** A part of kafkajs's `Broker` that its types leave out, though an idempotent producer needs it. */
interface IdentityGiver {
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>
}

export interface ProducerOptions {
  link: Pick<Link, 'run'>
  presence: TopicPresence
  partitions: number
  /** The most that one call may put into one partition: the topics' `max.message.bytes`. */
  maxBatchBytes: number
  /** Aborted when the log is closed. */
  signal: AbortSignal
  now(): number
}

/**
 * Appends in order, with one request in flight to each broker. Calls that come meanwhile go out together in the next one.
 *
 * kafkajs's own idempotent producer loses its numbering when a broker dies. Here a batch keeps its number until the log is
 * known to hold it: after a doubt the batch is looked for in the log first, and when it is sent again, while the former
 * request may still be on its way, the broker drops the second of the two.
 */
export class Producer {
  readonly #options: ProducerOptions
  readonly #queue: Call[] = []
  /** The next number of each partition. */
  readonly #sequences = new Map<string, number>()
  /** For each partition of the topics used so far, an offset that no batch in doubt can lie before. */
  readonly #ends = new Map<string, number>()
  readonly #topics = new Set<string>()
  #identity: ProducerIdentity | undefined
  /** Set when the broker no longer goes on with our numbers. */
  #renew = false
  #draining = false

  constructor(options: ProducerOptions) {
    this.#options = options
  }

  append(records: readonly NewRecord[], signal?: AbortSignal): Promise<Appended[]> {
    const closed = this.#options.signal
    return new Promise<Appended[]>((resolve, reject) => {
      if (closed.aborted) throw new LogUnavailableError('the event log is closed')
      if (signal?.aborted) throw new LogUnavailableError('the append was given up before it began')
      if (records.length === 0) return resolve([])
      const { partitions, bytes } = place(records, this.#options.partitions, this.#options.maxBatchBytes)
      const giveUp = (): void => {
        const waiting = this.#queue.indexOf(call)
        if (waiting >= 0) this.#queue.splice(waiting, 1)
        call.reject(new LogUnavailableError(waiting >= 0
          ? 'the append was given up before it was sent to Kafka'
          : 'the append was given up before Kafka acknowledged it: it may or may not be in the log'))
      }
      const forget = [closed, ...signal ? [signal] : []].map((each) => whenAborted(each, giveUp))
      const settle = <Value>(how: (value: Value) => void) => (value: Value): void => {
        for (const each of forget) each()
        how(value)
      }
      const call: Call = {
        records, partitions, bytes, placed: new Array<Appended>(records.length), refusal: undefined,
        resolve: settle(resolve), reject: settle(reject),
      }
      this.#queue.push(call)
      if (!this.#draining) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#draining = true
    // Calls made in the same turn go out together.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const calls = await this.#take()
      try {
        await this.#send(batchesOf(calls))
        for (const call of calls) {
          if (call.refusal) call.reject(call.refusal)
          else call.resolve(call.placed)
        }
      } catch (error) {
        // Whether these batches landed is unknown, so their numbers cannot be used for others.
        this.#identity = undefined
        for (const call of calls) call.reject(error as Error)
      }
    }
    this.#draining = false
  }

  /** Whole calls, in order, as many as go out together. */
  async #take(): Promise<Call[]> {
    const calls: Call[] = []
    let bytes = 0
    for (let next = this.#queue[0]; next && (calls.length === 0 || bytes + next.bytes <= groupedBytes); next = this.#queue[0]) {
      this.#queue.shift()
      try {
        for (const topic of new Set(next.records.map((record) => record.topic))) await this.#prepare(topic)
      } catch (error) {
        next.reject(error as Error)
        continue
      }
      calls.push(next)
      bytes += next.bytes
    }
    return calls
  }

  /** Learns where a topic ends, once, before anything of ours can be in doubt there. */
  async #prepare(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return
    const { link, presence, signal } = this.#options
    await presence.require([topic], signal)
    const found = await link.run(signal, (connection) => ends(connection, [topic]))
    for (const [key, end] of Object.entries(found)) this.#ends.set(key, end)
    this.#topics.add(topic)
  }

  /** @throws LogUnavailableError when the log is closed meanwhile */
  async #send(batches: readonly Batch[]): Promise<void> {
    const { link, signal } = this.#options
    // Each attempt takes up what the former left, so that what is acknowledged is never sent again.
    const pending = new Set(batches)
    await link.run(signal, async (connection) => {
      await connection.know(new Set([...pending].map(({ topic }) => topic)))
      await this.#lookForLanded(connection, pending)
      if (pending.size === 0) return
      await this.#number(connection, pending)
      await this.#produce(connection, pending)
    })
  }

  /** Acknowledges what the log holds of batches that were sent before. */
  async #lookForLanded(connection: Connection, pending: Set<Batch>): Promise<void> {
    for (const batch of pending) {
      if (batch.firstSequence === undefined || !this.#identity) continue
      const placed = await findLanded(connection, batch, this.#identity, this.#ends.get(batch.key)!)
      if (placed) this.#acknowledge(batch, placed, pending)
    }
    if (this.#renew) this.#identity = undefined
  }

  async #number(connection: Connection, pending: ReadonlySet<Batch>): Promise<void> {
    if (!this.#identity) {
      const broker = await connection.cluster.findControllerBroker() as unknown as IdentityGiver
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 })
      this.#identity = { producerId: Number(producerId), producerEpoch }
      this.#renew = false
      this.#sequences.clear()
      for (const batch of pending) batch.firstSequence = undefined
    }
    for (const batch of pending) {
      if (batch.firstSequence !== undefined) continue
      batch.firstSequence = this.#sequences.get(batch.key) ?? 0
      // Numbers have 31 bits and begin again at 0.
      this.#sequences.set(batch.key, (batch.firstSequence + batch.records.length) % 2 ** 31)
    }
  }

  /** Sends to every leader at once. @throws the first failure, when all have answered */
  async #produce(connection: Connection, pending: Set<Batch>): Promise<void> {
    const byLeader = new Map<string, Batch[]>()
    for (const batch of pending) {
      const [leader = 'none'] = Object.keys(connection.cluster.findLeaderForPartitions(batch.topic, [batch.partition]))
      byLeader.set(leader, [...byLeader.get(leader) ?? [], batch])
    }
    const results = await Promise.allSettled([...byLeader].map(([leader, group]) => this.#request(connection, leader, group, pending)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #request(connection: Connection, nodeId: string, group: readonly Batch[], pending: Set<Batch>): Promise<void> {
    try {
      const broker = await connection.broker(nodeId)
      const { producerId, producerEpoch } = this.#identity!
      const produced = await broker.produce({ producerId, producerEpoch, timeout: acknowledgeWithin, batches: group.map((batch) => this.#sent(batch)) })
      const placed = new Map(produced.map((where) => [partitionKey(where.topic, where.partition), where]))
      for (const batch of group) {
        const { baseOffset, logAppendTime } = placed.get(batch.key)!
        // A topic that was made without us may keep the producers' times; then ours stands in the record.
        this.#acknowledge(batch, { baseOffset, appendedAt: logAppendTime < 0 ? batch.sentAt : logAppendTime }, pending)
      }
    } catch (error) {
      if (identityLost.has(failureOf(error).type ?? '')) this.#renew = true
      if (!isPermanent(error)) throw error
      // An answer does not say of which partition it speaks: alone, each tells for itself.
      if (group.length > 1) for (const batch of group) await this.#request(connection, nodeId, [batch], pending)
      else this.#refuse(group[0]!, error, pending)
    }
  }

  #sent(batch: Batch): ProduceRequest['batches'][number] {
    batch.sentAt = this.#options.now()
    const { topic, partition, sentAt: timestamp } = batch
    return { topic, partition, timestamp, firstSequence: batch.firstSequence!, records: batch.records.map(({ call, index }) => call.records[index]!) }
  }

  #acknowledge(batch: Batch, { baseOffset, appendedAt }: Placed, pending: Set<Batch>): void {
    pending.delete(batch)
    const { topic, partition } = batch
    batch.records.forEach(({ call, index }, i) => { call.placed[index] = { topic, partition, offset: baseOffset + i, appendedAt } })
    this.#ends.set(batch.key, baseOffset + batch.records.length)
  }

  #refuse(batch: Batch, error: unknown, pending: Set<Batch>): void {
    pending.delete(batch)
    // Nothing was appended: the next batch takes the number.
    this.#sequences.set(batch.key, batch.firstSequence!)
    const refusal = new Error(`Kafka refused ${batch.records.length} records for ${batch.key}: ${describeFailure(error)}`, { cause: error })
    for (const { call } of batch.records) call.refusal ??= refusal
  }
}
