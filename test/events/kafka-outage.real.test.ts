import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openKafkaLog, type Logger } from '../../events/kafka.ts'
import { partitionKey, type EventLog, type LogRecord } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { startKafka, type KafkaServer } from '../servers/kafka.ts'
import { uniquePrefix } from '../servers/shared.ts'
import { take } from './contract.ts'

const PARTITIONS = 3
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (record: LogRecord) => new TextDecoder().decode(record.value!)
const where = ({ topic, partition, offset }: { topic: string; partition: number; offset: number }) => `${partitionKey(topic, partition)}@${offset}`

/** Keeps what people are told. */
class Told implements Logger {
  readonly lines: string[] = []
  info = (message: string): void => { this.lines.push(message) }
  warn = this.info
  error = this.info
}

describe('Kafka brokers that die', { skip: requireReal('kafka'), timeout: 120_000 }, () => {
  let server: KafkaServer
  before(async () => { server = await startKafka() })
  after(async () => { await server[Symbol.asyncDispose]() })

  test('a broker killed again and again while records are appended and read loses, repeats and reorders nothing', async () => {
    const told = new Told()
    const log = await openKafkaLog({ brokers: server.brokers, clientId: 'outage', partitions: PARTITIONS, logger: told })
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])

    const seen: LogRecord[] = []
    const stop = new AbortController()
    const following = (async () => {
      for await (const batch of log.read({ from: await log.starts([topic]), signal: stop.signal })) seen.push(...batch)
    })()

    let appending = true
    const sent: Promise<{ offset: number; partition: number; topic: string; number: number }[]>[] = []
    const load = (async () => {
      for (let number = 0; appending; number += 5) {
        const records = Array.from({ length: 5 }, (_, i) => ({ topic, key: `k${(number + i) % 7}`, value: bytes(String(number + i)) }))
        sent.push(log.append(records).then((appended) => appended.map((one, i) => ({ ...one, number: number + i }))))
        // The load has a rate; nothing waits for this.
        await delay(1)
      }
    })()
    const outages = 3
    for (let outage = 0; outage < outages; outage++) {
      await sent.at(-1)
      await delay(50 + outage * 37)
      await server.kill()
      await delay(500)
      await server.restart()
    }
    appending = false
    await load
    const acknowledged = (await Promise.all(sent)).flat()

    const content = await take(log, await log.starts([topic]), acknowledged.length)
    const ends = Object.values(await log.ends([topic])).reduce((sum, end) => sum + end, 0)
    assert.equal(ends, acknowledged.length, 'the log holds each record once')
    assert.deepEqual(content.map(text).map(Number).sort((a, b) => a - b), acknowledged.map(({ number }) => number), 'nothing is lost or repeated')
    const numbers = new Map(acknowledged.map((one) => [where(one), one.number]))
    for (const record of content) assert.equal(numbers.get(where(record)), Number(text(record)), 'acknowledged where it is')
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const order = content.filter((record) => record.partition === partition).map((record) => Number(text(record)))
      assert.deepEqual(order, [...order].sort((a, b) => a - b), 'in the order of the calls')
    }

    while (seen.length < content.length) await delay(10)
    stop.abort()
    await following
    assert.deepEqual(seen.map(where).sort(), content.map(where).sort(), 'the reader saw each record once')
    await log.close()
    const away = told.lines.filter((line) => /does not answer/.test(line)).length
    const back = told.lines.filter((line) => /answers again/.test(line)).length
    assert.deepEqual({ away, back, other: told.lines.length - away - back }, { away: outages, back: outages, other: 0 }, told.lines.join('\n'))
  })

  test('opening waits for a broker that is away; giving up says so', async () => {
    await server.kill()
    const giveUp = new AbortController()
    const given = openKafkaLog({ brokers: server.brokers, clientId: 'outage', partitions: PARTITIONS, signal: giveUp.signal })
    const kept = openKafkaLog({ brokers: server.brokers, clientId: 'outage', partitions: PARTITIONS })
    giveUp.abort()
    await assert.rejects(given, { name: 'LogUnavailableError' })
    await server.restart()
    const log = await kept
    assert.match(log.id, /./)
    await log.close()
  })

  test('an append that is given up while the broker is away says that it may or may not be there; a later one is not held up', async () => {
    const log = await openKafkaLog({ brokers: server.brokers, clientId: 'outage', partitions: PARTITIONS })
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])
    await log.append([{ topic, key: 'k', value: bytes('before') }])
    const from = await log.ends([topic])
    await server.kill()
    const giveUp = new AbortController()
    const given = log.append([{ topic, key: 'k', value: bytes('given up') }], { signal: giveUp.signal })
    const neverSent = log.append([{ topic, key: 'k', value: bytes('never sent') }], { signal: giveUp.signal })
    const kept = log.append([{ topic, key: 'k', value: bytes('kept') }])
    giveUp.abort()
    await assert.rejects(given, { name: 'LogUnavailableError' })
    await assert.rejects(neverSent, { name: 'LogUnavailableError' })
    await server.restart()
    const [appended] = await kept
    const content = await take(log, from, appended!.offset + 1 - from[partitionKey(topic, appended!.partition)]!)
    assert.equal(content.map(text).at(-1), 'kept')
    assert.ok(content.length <= 2 && content.every((record) => text(record) !== 'never sent' || content.length === 2), content.map(text).join())
    await log.close()
  })
})

describe('a cluster of three Kafka brokers', { skip: requireReal('kafka'), timeout: 180_000 }, () => {
  test('goes on while one broker after the other is killed and comes back', async () => {
    await using server = await startKafka({ brokers: 3 })
    const log: EventLog = await openKafkaLog({ brokers: server.brokers, clientId: 'cluster', partitions: 6, replicationFactor: 3 })
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])
    const seen: LogRecord[] = []
    const stop = new AbortController()
    const following = (async () => {
      for await (const batch of log.read({ from: await log.starts([topic]), signal: stop.signal })) seen.push(...batch)
    })()
    let count = 0
    const append = async (until: () => boolean): Promise<void> => {
      while (!until()) {
        const first = count
        count += 20
        await log.append(Array.from({ length: 20 }, (_, i) => ({ topic, key: `k${(first + i) % 13}`, value: bytes(String(first + i)) })))
      }
    }
    await append(() => count >= 200)
    for (let broker = 0; broker < 3; broker++) {
      let back = false
      const load = append(() => back)
      await server.kill(broker)
      await delay(300)
      await server.restart(broker)
      back = true
      await load
    }
    const content = await take(log, await log.starts([topic]), count)
    assert.deepEqual(content.map(text).map(Number).sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i))
    for (let partition = 0; partition < 6; partition++) {
      const order = content.filter((record) => record.partition === partition).map((record) => Number(text(record)))
      assert.deepEqual(order, [...order].sort((a, b) => a - b))
    }
    while (seen.length < content.length) await delay(10)
    stop.abort()
    await following
    assert.deepEqual(seen.map(where).sort(), content.map(where).sort())
    await log.close()
  })
})
