import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel, type Admin } from 'kafkajs'
import { domainTopics, topicNames } from '../../events/topics.ts'
import { requireReal } from '../servers/available.ts'
import { startKafka } from '../servers/kafka.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { uniquePrefix } from '../servers/shared.ts'
import { Checker } from './checker.ts'
import { openSender, startAlone } from './replicas.ts'

/** Gives every partition of the topics to the broker that follows its own; resolves when they are there. */
async function moveOn(admin: Admin, topics: readonly string[]): Promise<void> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] })
  await admin.alterPartitionReassignments({
    topics: found.map(({ name, partitions }) => ({
      topic: name, partitionAssignment: partitions.map(({ partitionId, leader }) => ({ partition: partitionId, replicas: [leader % 3 + 1] })),
    })),
  })
  // Only the cluster knows when it is done, and says so when it is asked.
  for (;;) {
    const { topics: moving } = await admin.listPartitionReassignments({})
    if (moving.every(({ partitions }) => partitions.length === 0)) return
    // It has more to do than to answer.
    await delay(50)
  }
}

describe('three Kafka brokers', { skip: requireReal('kafka'), timeout: 300_000 }, () => {
  test('every partition moves to another broker, twice, while events flow: clients lose and repeat nothing', async (t) => {
    await using stack = new AsyncDisposableStack()
    const kafka = stack.use(await startKafka({ brokers: 3 }))
    const prefix = uniquePrefix()
    // One replica each: so what moves has to change its leader.
    const { send } = stack.use(await openSender(kafka.brokers, prefix, 1))
    const freshet = stack.use(await startAlone(kafka.brokers, prefix, stack.use(temporaryDirectory('delivery')).path))
    const admin = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    stack.defer(() => admin.disconnect())
    const checker = stack.use(new Checker({ send, urlOf: () => freshet.url }))
    await checker.begin()
    const topics = topicNames(prefix)
    for (let moves = 0; moves < 2; moves++) {
      await checker.sends(100)
      await moveOn(admin, [...domainTopics(topics), topics.changes])
      await checker.sends(100)
      await checker.arrived()
    }
    await checker.end()
    checker.check()
    t.diagnostic(`${checker.ledger.sent.length} events`)
  })
})
