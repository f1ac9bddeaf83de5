import { after, before, describe } from 'node:test'
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, type Admin } from 'kafkajs'
import { openKafkaLog } from '../../events/kafka.ts'
import type { EventLog } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { grownTopicSuite } from './grown-topic-suite.ts'

describe('with a broker', { skip: requireReal('kafka') }, () => {
  let log: EventLog
  let kafka: Kafka
  let admin: Admin
  const prefix = uniquePrefix()
  before(async () => {
    const { brokers } = await sharedKafka()
    log = await openKafkaLog({ brokers, clientId: 'grown-topic', partitions: 2 })
    kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    admin = kafka.admin()
    await admin.connect()
  })
  after(() => Promise.all([log.close(), admin.disconnect()]))
  grownTopicSuite('Kafka', async () => {
    const topic = `${prefix}.${randomUUID()}`
    await log.ensureTopics([{ name: topic }])
    return {
      log, topic,
      async append(partition, ...numbers) {
        // One that sees how many partitions there are now.
        const producer = kafka.producer()
        await producer.connect()
        await producer.send({ topic, messages: numbers.map((n) => ({ partition, value: JSON.stringify({ n }) })) })
        await producer.disconnect()
      },
      async grow(count) {
        await admin.createPartitions({ topicPartitions: [{ topic, count }] })
      },
    }
  })
})
