import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection, type BrokerLink, type ClientSettings } from '../../../events/kafka/client.ts'
import { Availability, Link } from '../../../events/kafka/link.ts'
import { TopicPresence } from '../../../events/kafka/presence.ts'
import { Producer } from '../../../events/kafka/producer.ts'
import { maxBatchBytes } from '../../../events/kafka/topics.ts'
import { openKafkaLog, type Logger } from '../../../events/kafka.ts'
import { partitionKey, type EventLog } from '../../../events/log.ts'
import { requireReal } from '../../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../../servers/shared.ts'
import { take } from '../contract.ts'

const PARTITIONS = 2
const logger: Logger = { info: () => {}, warn: () => {}, error: () => {} }
const bytes = (text: string) => new TextEncoder().encode(text)

/** What may befall a request on its way. */
type Fault = 'none' | 'request lost' | 'answer lost' | 'request late' | 'forgotten after' | 'forgotten before'
type Produce = BrokerLink['produce']

const disconnected = (): Error => Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' })
const forgotten = (): Error => Object.assign(new Error('out of order'), { name: 'KafkaJSProtocolError', type: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })

describe('the Kafka producer', { skip: requireReal('kafka'), timeout: 60_000 }, () => {
  let log: EventLog
  let settings: ClientSettings
  before(async () => {
    settings = { brokers: (await sharedKafka()).brokers, clientId: 'producer' }
    log = await openKafkaLog({ ...settings, partitions: PARTITIONS })
  })
  after(() => log.close())

  /** Requests that arrive late. */
  const late: Promise<unknown>[] = []

  /** A producer on the real broker, over a network that does what `faults` say, request by request, and then works. */
  async function withProducer(faults: readonly Fault[], work: (producer: Producer, topic: string) => Promise<void>): Promise<void> {
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])
    const closed = new AbortController()
    const link = new Link(settings, new Availability(settings.brokers, logger, Date.now))
    const other = await Connection.open(settings, closed.signal)
    await other.know([topic])
    const upcoming = [...faults]
    const faulty = (nodeId: string, produce: Produce): Produce => async (request) => {
      switch (upcoming.shift() ?? 'none') {
        case 'none': return produce(request)
        case 'request lost': throw disconnected()
        case 'answer lost':
          await produce(request)
          throw disconnected()
        case 'request late':
          // Over another connection, so that it and what is sent next overtake each other as they like.
          late.push(other.broker(nodeId).then((broker) => broker.produce(request)))
          throw disconnected()
        case 'forgotten after':
          await produce(request)
          throw forgotten()
        case 'forgotten before': throw forgotten()
      }
    }
    const overFaultyNetwork = (connection: Connection): Connection => ({
      know: (topics: Iterable<string>) => connection.know(topics),
      knowAnew: (topics: Iterable<string>) => connection.knowAnew(topics),
      cluster: connection.cluster,
      broker: async (nodeId: string): Promise<BrokerLink> => {
        const broker = await connection.broker(nodeId)
        return { ...broker, produce: faulty(nodeId, broker.produce) }
      },
    }) as unknown as Connection
    const producer = new Producer({
      presence: new TopicPresence(link),
      link: { run: (signal, job, isFinal) => link.run(signal, (connection) => job(overFaultyNetwork(connection)), isFinal) },
      partitions: PARTITIONS, maxBatchBytes, signal: closed.signal, now: Date.now,
    })
    try {
      await work(producer, topic)
    } finally {
      closed.abort()
      link.close()
      other.close()
    }
  }

  const appendedOnceInOrder = async (faults: readonly Fault[]): Promise<void> => {
    const count = faults.length + 5
    await withProducer(faults, async (producer, topic) => {
      const acknowledged = []
      for (let i = 0; i < count; i++) {
        const records = [0, 1].map((partition) => ({ topic, key: null, partition, value: bytes(String(i)) }))
        acknowledged.push(...await producer.append(i % 2 === 0 ? records : records.slice(0, 1)))
      }
      await Promise.allSettled(late)
      const content = await take(log, await log.starts([topic]), acknowledged.length)
      const ends = await log.ends([topic])
      assert.equal(Object.values(ends).reduce((sum, end) => sum + end, 0), acknowledged.length, 'once')
      const found = new Map(content.map((record) => [`${partitionKey(topic, record.partition)}@${record.offset}`, record]))
      for (const { partition, offset, appendedAt } of acknowledged) {
        assert.equal(found.get(`${partitionKey(topic, partition)}@${offset}`)?.appendedAt, appendedAt, 'where and when it was acknowledged')
      }
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const order = content.filter((record) => record.partition === partition).map(({ value }) => Number(new TextDecoder().decode(value!)))
        assert.deepEqual(order, [...order].sort((a, b) => a - b), 'in order')
      }
    })
  }

  test('appends once and in order whatever becomes of requests and answers', () => fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom<Fault>('none', 'request lost', 'answer lost', 'request late'), { maxLength: 12 }), appendedOnceInOrder),
    { numRuns: 12 }))

  test('appends once and in order when the broker forgets the producer, by what the log says', () => fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom<Fault>('none', 'answer lost', 'forgotten after', 'forgotten before'), { maxLength: 8 }), appendedOnceInOrder),
    { numRuns: 12 }))

  test('a refused part fails its call alone, and the following batch of that partition is appended', async () => {
    await withProducer([], async (producer, topic) => {
      // A limit that the broker does not share: it refuses what the producer lets pass.
      const strict = `${topic}.strict`
      await log.ensureTopics([{ name: strict }])
      const { Kafka } = (await import('kafkajs')).default
      const admin = new Kafka({ brokers: [...settings.brokers], logLevel: 0 }).admin()
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: strict, configEntries: [{ name: 'max.message.bytes', value: '1000' }] }] })
      await admin.disconnect()
      const record = (size: number, partition: number) => ({ topic: strict, key: null, partition, value: new Uint8Array(size) })
      const [before, refused, beside] = await Promise.allSettled([
        producer.append([record(10, 0)]), producer.append([record(5_000, 1)]), producer.append([{ topic, key: null, partition: 1, value: bytes('1') }]),
      ])
      assert.equal(before.status, 'fulfilled')
      assert.equal(beside.status, 'fulfilled')
      assert.match(String((refused as PromiseRejectedResult).reason), /refused 1 records for .*\.strict\/1.*MESSAGE_TOO_LARGE|larger|too large/i)
      const [next] = await producer.append([record(10, 1)])
      assert.equal(next!.offset, 0)
    })
  })

  test('a topic that does not exist fails its call and says what to do', async () => {
    await withProducer([], async (producer, topic) => {
      const [missing, present] = await Promise.allSettled([
        producer.append([{ topic: `${topic}.missing`, key: 'k', value: bytes('1') }]),
        producer.append([{ topic, key: 'k', value: bytes('1') }]),
      ])
      assert.match(String((missing as PromiseRejectedResult).reason), /There is no topic '.*\.missing' in the event log\. Create it first/)
      assert.equal(present.status, 'fulfilled')
    })
  })

  test('says what is wrong with a record before anything is sent', async () => {
    await withProducer([], async (producer, topic) => {
      await assert.rejects(producer.append([{ topic, key: null, value: null }]), /a key or a partition from 0 to 1, got undefined/)
      await assert.rejects(producer.append([{ topic, key: 'k', partition: 2, value: null }]), /from 0 to 1, got 2/)
      const half = new Uint8Array(maxBatchBytes / 2)
      const tooMuch = [half, half].map((value) => ({ topic, key: null, partition: 0, value }))
      await assert.rejects(producer.append(tooMuch), /at most 16777216 bytes for .*\/0, got more: append in parts/)
      const apart = [half, half].map((value, partition) => ({ topic, key: null, partition, value }))
      assert.equal((await producer.append(apart)).length, 2)
      assert.deepEqual(Object.values(await log.ends([topic])), [1, 1])
    })
  })
})
