import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { openKafkaLog } from '../../events/kafka.ts'
import { partitionKey } from '../../events/log.ts'
import { EventTail } from '../../subscriptions/event-tail.ts'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'

describe('a Kafka topic that is deleted', { skip: requireReal('kafka'), timeout: 60_000 }, () => {
  test('is told to whoever asks for its positions, and keeps nobody from those of others, nor from the partitions that they have got', async () => {
    await using stack = new AsyncDisposableStack()
    const { brokers } = await sharedKafka()
    const log = await openKafkaLog({ brokers, clientId: 'deleted-topic', partitions: 1 })
    stack.defer(() => log.close())
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    stack.defer(() => admin.disconnect())
    const prefix = uniquePrefix()
    const [kept, deleted] = [`${prefix}.kept`, `${prefix}.deleted`]
    await log.ensureTopics([{ name: kept }, { name: deleted }])
    const tail = new EventTail({ log, decode: ({ value }) => Buffer.from(value!).toString(), onError: () => {} })
    const followers = [kept, deleted].map((topic) => tail.follow({ topics: [topic], wants: () => true, begin: () => 'begun', show: ({ event }) => event }))
    stack.defer(async () => { await Promise.all(followers.map((follower) => follower.return())) })
    for (const follower of followers) assert.equal((await follower.next()).value, 'begun')

    await admin.deleteTopics({ topics: [deleted] })
    // Brokers hear of it one after the other.
    let told: unknown
    while (told === undefined) await log.ends([deleted]).catch((error: unknown) => { told = error })
    assert.equal((told as Error).name, 'NoSuchTopicError')
    assert.deepEqual(await log.ends([kept]), { [partitionKey(kept, 0)]: 0 })
    await admin.createPartitions({ topicPartitions: [{ topic: kept, count: 2 }] })
    while (Object.keys(await log.ends([kept])).length < 2) continue
    await tail.look()
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: kept, messages: [{ partition: 1, value: 'new' }] })
    await producer.disconnect()
    assert.equal((await followers[0]!.next()).value, 'new')
  })
})
