import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { openKafkaLog, type Logger } from '../../../events/kafka.ts'
import { partitionKey, type EventLog, type LogRecord } from '../../../events/log.ts'
import { readUpTo } from '../../../events/read-up-to.ts'
import { requireReal } from '../../servers/available.ts'
import { startKafka, type KafkaServer } from '../../servers/kafka.ts'
import { uniquePrefix } from '../../servers/shared.ts'
import { take } from '../contract.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = ({ value }: LogRecord) => new TextDecoder().decode(value!)

describe('reading from Kafka', { skip: requireReal('kafka'), timeout: 60_000 }, () => {
  let server: KafkaServer
  let log: EventLog
  let topic: string
  const told: string[] = []
  const logger: Logger = { info: (message) => { told.push(message) }, warn: (message) => { told.push(message) }, error: (message) => { told.push(message) } }
  const client = () => new kafkajs.Kafka({ brokers: server.brokers, logLevel: kafkajs.logLevel.NOTHING })
  const at = (partition = 0) => partitionKey(topic, partition)
  const append = (...values: string[]) => log.append(values.map((value) => ({ topic, key: 'k', partition: 0, value: bytes(value) })))

  before(async () => {
    server = await startKafka({ settings: { 'log.cleaner.backoff.ms': 100, 'message.max.bytes': 8 << 20 } })
    log = await openKafkaLog({ brokers: server.brokers, clientId: 'reader', partitions: 2, logger })
  })
  after(async () => {
    await log.close()
    await server[Symbol.asyncDispose]()
  })
  const makeTopic = async (): Promise<void> => {
    topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])
  }

  /** Another program's producer; what it sends is neither committed nor aborted yet. */
  const transactionsOnTopic = async () => {
    const producer = client().producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1, retry: { initialRetryTime: 5 } })
    await producer.connect()
    const send = async (value: string) => {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ key: 'k', partition: 0, value }] })
      return transaction
    }
    return { send, [Symbol.asyncDispose]: () => producer.disconnect() }
  }

  test('a position before the retained start begins at the start, and says so', async () => {
    await makeTopic()
    await append('0', '1', '2', '3', '4')
    const admin = client().admin()
    await admin.connect()
    await admin.fetchTopicMetadata({ topics: [topic] })
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
    await admin.disconnect()
    const records = await take(log, { [at()]: 1 }, 2)
    assert.deepEqual(records.map(({ offset }) => offset), [3, 4])
    assert.ok(told.some((line) => line.includes(`${at()} no longer keeps the records before 3`)), told.join('\n'))
    assert.deepEqual(await log.starts([topic]), { [at(0)]: 3, [at(1)]: 0 })
  })

  test('a position behind the end waits until the log gets there, while other partitions go on', async () => {
    await makeTopic()
    await append('0', '1')
    const stop = new AbortController()
    const seen: LogRecord[] = []
    const other = Promise.withResolvers<void>()
    const reading = (async () => {
      for await (const batch of log.read({ from: { [at(0)]: 4, [at(1)]: 0 }, signal: stop.signal })) {
        seen.push(...batch)
        if (seen.some(({ partition }) => partition === 1)) other.resolve()
        if (seen.some(({ partition }) => partition === 0)) stop.abort()
      }
    })()
    await log.append([{ topic, key: null, partition: 1, value: bytes('beside') }])
    await other.promise
    assert.ok(told.some((line) => line.includes(`${at()} ends at 2, before the position to read from`)), told.join('\n'))
    await append('2', '3', '4')
    await reading
    assert.deepEqual(seen.filter(({ partition }) => partition === 0).map(text), ['4'])
  })

  test('records of aborted transactions are not given out, those of open ones only after their commit', async () => {
    await makeTopic()
    await using transactions = await transactionsOnTopic()
    const { send } = transactions
    await append('before')
    await (await send('aborted')).abort()
    await (await send('committed')).commit()
    const open = await send('late')
    await append('after')
    const stop = new AbortController()
    const seen: string[] = []
    const reached = Promise.withResolvers<void>()
    const reading = (async () => {
      for await (const batch of log.read({ from: { [at()]: 0 }, signal: stop.signal })) {
        seen.push(...batch.map(text))
        if (seen.includes('committed')) reached.resolve()
        if (seen.includes('after')) stop.abort()
      }
    })()
    await reached.promise
    assert.deepEqual(seen, ['before', 'committed'])
    assert.equal((await log.ends([topic]))[at()], 5, 'a reader comes no further than the open transaction')
    assert.equal((await log.ends([topic], { uncommitted: true }))[at()], 7, 'which is in the log, as is what came after it')
    await open.commit()
    await reading
    assert.deepEqual(seen, ['before', 'committed', 'late', 'after'])
  })

  test('who reads up to the end gets there when others write in transactions: the last offset holds no record', async () => {
    await makeTopic()
    await using transactions = await transactionsOnTopic()
    const { send } = transactions
    // The coordinator ends a transaction in its partitions some time after it has answered: the reader waits for that.
    const upToEnd = async (end: number) => {
      const records: LogRecord[] = []
      for await (const batch of readUpTo(log, { [at()]: 0 }, { [at()]: end }, { signal: limit })) records.push(...batch)
      assert.equal((await log.ends([topic]))[at()], end)
      return records.map(text)
    }
    const limit = AbortSignal.timeout(20_000)
    await (await send('aborted')).abort()
    assert.deepEqual(await upToEnd(2), [], 'nothing at all to give out')
    await (await send('committed')).commit()
    assert.deepEqual(await upToEnd(4), ['committed'])
    await (await send('aborted at the end')).abort()
    assert.deepEqual(await upToEnd(6), ['committed'])
    await append('after')
    assert.deepEqual(await upToEnd(7), ['committed', 'after'])
    assert.ok(!limit.aborted, 'no reading ended by giving up')
  })

  test('what compaction leaves is read whole: gaps, and batches without records before one that is larger than a fetch', async () => {
    topic = `${uniquePrefix()}.state`
    const admin = client().admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 2, configEntries: [
      { name: 'cleanup.policy', value: 'compact' }, { name: 'segment.ms', value: '50' }, { name: 'min.cleanable.dirty.ratio', value: '0' },
      { name: 'max.message.bytes', value: String(16 << 20) }, { name: 'delete.retention.ms', value: '600000' },
    ] }] })
    const put = (on: EventLog, key: string, value: Uint8Array) => on.append([{ topic, key, partition: 0, value }])
    // The last batch of a producer stays when its records are superseded: without records, so that its number is not forgotten.
    for (let i = 0; i < 5; i++) {
      const other = await openKafkaLog({ brokers: server.brokers, clientId: 'other', partitions: 2 })
      await put(other, 'superseded', bytes(`old ${i}`))
      await other.close()
    }
    const big = new Uint8Array(5 << 20).fill(7)
    await put(log, 'big', big)
    await put(log, 'small', bytes('old'))
    await put(log, 'small', bytes('new'))
    await put(log, 'superseded', bytes('new'))
    const expected = { big: 5 << 20, small: 3, superseded: 3 }
    const readable = async (from: number): Promise<LogRecord[]> => {
      const end = (await log.ends([topic]))[at()]!
      const records: LogRecord[] = []
      const stop = new AbortController()
      for await (const batch of log.read({ from: { [at()]: from }, signal: stop.signal })) {
        records.push(...batch)
        if (records.at(-1)!.offset === end - 1) stop.abort()
      }
      return records
    }
    // The cleaner passes over the segment that is written to: each record here may begin another one, until it has been round.
    let records = await readable(0)
    for (let i = 0; records.filter(({ key }) => key === 'superseded').length > 1; i++) {
      // The broker tells nobody when its cleaner has been round: the topic's content does, and each look costs it a record.
      await delay(100)
      await put(log, 'tick', bytes(String(i)))
      records = await readable(0)
    }
    assert.equal(records[0]!.key, 'big', 'before it there are only batches without records')
    const held = Object.fromEntries(records.filter(({ key }) => key !== 'tick').map(({ key, value }) => [key, value!.length]))
    assert.deepEqual(held, expected)
    // From every position inside the emptied part, too.
    for (let from = 1; from <= records[0]!.offset; from++) assert.equal((await readable(from))[0]!.key, 'big')
    await admin.disconnect()
  })

  test('a topic that others made is used as it is, and said to differ', async () => {
    topic = `${uniquePrefix()}.things`
    const admin = client().admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 2 }] })
    await log.ensureTopics([{ name: topic, compacted: true }])
    const lines = told.filter((line) => line.includes(topic))
    for (const setting of ['cleanup.policy=delete; Freshet expects compact', 'max.message.bytes=8388608; Freshet expects 16777216', 'message.timestamp.type=CreateTime']) {
      assert.ok(lines.some((line) => line.includes(setting)), `${setting} in\n${lines.join('\n')}`)
    }
    const [appended] = await append('1')
    const [record] = await take(log, { [at()]: 0 }, 1)
    assert.equal(appended!.appendedAt, record!.appendedAt)
    const own = `${topic}.own`
    await log.ensureTopics([{ name: own, retentionMs: 60_000 }, { name: `${own}.state`, compacted: true }])
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [own, `${own}.state`].map((name) => ({ type: 2, name })) })
    const settings = resources.map(({ configEntries }) => Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])))
    assert.deepEqual(settings.map((one) => [one['cleanup.policy'], one['retention.ms'], one['message.timestamp.type'], one['max.message.bytes']]),
      [['delete', '60000', 'LogAppendTime', '16777216'], ['compact', '-1', 'LogAppendTime', '16777216']])
    await admin.disconnect()
  })

  test('a reader that is left in the middle leaves no group behind', async () => {
    await makeTopic()
    await append('0', '1', '2')
    for await (const batch of log.read({ from: { [at()]: 0 }, signal: new AbortController().signal, maxRecords: 1 })) {
      assert.equal(batch.length, 1)
      break
    }
    const admin = client().admin()
    await admin.connect()
    assert.deepEqual((await admin.listGroups()).groups, [])
    await admin.disconnect()
  })
})
