import { after, before, describe } from 'node:test'
import { openKafkaLog } from '../../events/kafka.ts'
import type { EventLog } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { eventSourceSuite } from './event-source-suite.ts'

describe('with a broker', { skip: requireReal('kafka') }, () => {
  let log: EventLog
  const prefix = uniquePrefix()
  before(async () => {
    const { brokers } = await sharedKafka()
    log = await openKafkaLog({ brokers, clientId: 'event-source', partitions: 3 })
  })
  after(() => log.close())
  // One log for all: a broker takes seconds to say that it does not know a topic.
  eventSourceSuite('Kafka', async () => ({ log, prefix, dispose: async () => {} }))
})
