import { describe } from 'node:test'
import kafkajs from 'kafkajs'
import { openKafkaLog } from '../../events/kafka.ts'
import { parsePartitionKey } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { sourceSuite, type SuiteLog } from './source-suite.ts'

const open = async (): Promise<SuiteLog> => {
  const { brokers } = await sharedKafka()
  const log = await openKafkaLog({ brokers, clientId: 'sources', partitions: 2 })
  return {
    log, prefix: uniquePrefix(),
    async truncate(before) {
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
    dispose: () => log.close(),
  }
}

describe('with a broker', { skip: requireReal('kafka') }, () => {
  sourceSuite('Kafka, from memory', open, { ring: {} })
  sourceSuite('Kafka, from the log', open, { ring: { maxCount: 1 } })
})
