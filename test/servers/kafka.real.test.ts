import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { requireReal } from './available.ts'
import { startKafka } from './kafka.ts'
import { sharedKafka, uniquePrefix } from './shared.ts'

// Its default pauses grow to half a minute; a broker's failover takes 6 s.
const client = (brokers: string[], retries = 60): Kafka =>
  new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries, initialRetryTime: 100, maxRetryTime: 500 } })

async function createTopic(brokers: string[], topic: string, replicationFactor = 1): Promise<void> {
  const admin = client(brokers).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor }], waitForLeaders: true })
  await admin.disconnect()
}

async function produce(brokers: string[], topic: string, values: string[], retries?: number): Promise<void> {
  const producer = client(brokers, retries).producer()
  await producer.connect()
  try {
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ key: 'k', value })) })
  } finally {
    await producer.disconnect()
  }
}

/** Reads from the beginning, in a group of its own, until `count` values have come. */
async function consume(brokers: string[], topic: string, count: number): Promise<string[]> {
  const consumer = client(brokers).consumer({ groupId: uniquePrefix() })
  const values: string[] = []
  const complete = Promise.withResolvers<void>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => {
      values.push(String(message.value))
      if (values.length === count) complete.resolve()
    },
  })
  await complete.promise
  await consumer.disconnect()
  return values
}

describe('a real Kafka broker', { skip: requireReal('kafka'), timeout: 240_000 }, () => {
  test('gives back in order what was appended', async () => {
    const { brokers } = await sharedKafka()
    const topic = `${uniquePrefix()}.events`
    await createTopic(brokers, topic)
    await produce(brokers, topic, ['one', 'two', 'three'])
    assert.deepEqual(await consume(brokers, topic, 3), ['one', 'two', 'three'])
  })

  test('takes a message of 5 MiB', async () => {
    const { brokers } = await sharedKafka()
    const topic = `${uniquePrefix()}.large`
    await createTopic(brokers, topic)
    const large = 'x'.repeat(5 * 1024 * 1024)
    await produce(brokers, topic, [large])
    const [value] = await consume(brokers, topic, 1)
    assert.equal(value?.length, large.length)
  })

  test('does not create a topic that nobody asked for', async () => {
    const { brokers } = await sharedKafka()
    await assert.rejects(produce(brokers, `${uniquePrefix()}.forgotten`, ['one'], 0), /does not host this topic-partition/)
  })

  test('keeps what it acknowledged when it is killed and started again on its port', async () => {
    await using kafka = await startKafka()
    const before = [...kafka.brokers]
    await createTopic(kafka.brokers, 'events')
    await produce(kafka.brokers, 'events', ['before'])
    await kafka.kill()
    await assert.rejects(client(kafka.brokers, 0).admin().connect(), /ECONNREFUSED|Connection error/)
    await kafka.restart()
    assert.deepEqual(kafka.brokers, before)
    await produce(kafka.brokers, 'events', ['after'])
    assert.deepEqual(await consume(kafka.brokers, 'events', 2), ['before', 'after'])
    await assert.rejects(kafka.restart(), /kafka broker 1 is running: stop or kill it before restarting it/, 'it is not started twice')
  })

  test('serves as a cluster of three while one of them is dead', async () => {
    await using kafka = await startKafka({ brokers: 3 })
    await createTopic(kafka.brokers, 'events', 3)
    await produce(kafka.brokers, 'events', ['before'])
    await kafka.kill(1)
    const alive = [kafka.brokers[0]!, kafka.brokers[2]!]
    await produce(alive, 'events', ['meanwhile'])
    assert.deepEqual(await consume(alive, 'events', 2), ['before', 'meanwhile'])
  })

  test('applies settings, and says what a broker printed that does not come up', async () => {
    await assert.rejects(startKafka({ settings: { 'log.retention.hours': 'soon' } }), /Invalid value soon for configuration/)
  })
})
