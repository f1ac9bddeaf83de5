import { after, before, describe } from 'node:test'
import kafkajs from 'kafkajs'
import { openKafkaLog } from '../../events/kafka.ts'
import { parsePartitionKey, type EventLog } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { eventSourceSuite, type MakeLog } from './event-source-suite.ts'
import { positionsSuite } from './positions-suite.ts'

describe('with a broker', { skip: requireReal('kafka') }, () => {
  let log: EventLog
  const prefix = uniquePrefix()
  before(async () => {
    const { brokers } = await sharedKafka()
    log = await openKafkaLog({ brokers, clientId: 'event-source', partitions: 3 })
  })
  after(() => log.close())
  // One log for all: a broker takes seconds to say that it does not know a topic.
  const make: MakeLog = async () => ({
    log, prefix, dispose: async () => {},
    async truncate(before) {
      const { brokers } = await sharedKafka()
      const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()
      await admin.connect()
      try {
        for (const [key, offset] of Object.entries(before)) {
          const { topic, partition } = parsePartitionKey(key)
          await admin.fetchTopicMetadata({ topics: [topic] })
          if (offset > 0) await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
        }
      } finally {
        await admin.disconnect()
      }
    },
  })
  eventSourceSuite('Kafka', make)
  positionsSuite('Kafka, from memory', make, {})
  positionsSuite('Kafka, from the log', make, { maxCount: 1 })
})
