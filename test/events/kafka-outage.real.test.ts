import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openKafkaLog, type KafkaLogOptions, type Logger } from '../../events/kafka.ts'
import { partitionKey, type EventLog, type LogRecord } from '../../events/log.ts'
import { partitionOf } from '../../events/topics.ts'
import { requireReal } from '../servers/available.ts'
import { startKafka, type KafkaServer } from '../servers/kafka.ts'
import { uniquePrefix } from '../servers/shared.ts'
import { Collected } from '../support/collected.ts'
import { take } from './contract.ts'

const PARTITIONS = 3
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (record: LogRecord) => new TextDecoder().decode(record.value!)
const where = ({ topic, partition, offset }: { topic: string; partition: number; offset: number }) => `${partitionKey(topic, partition)}@${offset}`

/** A killed broker may register again when its former session has run out: that is most of what a restart takes. */
const soonMissed = { 'broker.session.timeout.ms': 3_000, 'broker.heartbeat.interval.ms': 500 }

const isAway = /is not available/
const isBack = /is available again/

/** Keeps what people are told. */
class Told implements Logger {
  readonly #lines = new Collected<string>()
  info = (message: string): void => this.#lines.push(message)
  warn = this.info
  error = this.info

  get lines(): readonly string[] {
    return this.#lines.items
  }

  /** Resolves when this is what was told last. */
  told(what: RegExp): Promise<void> {
    return this.#lines.until((lines) => what.test(lines.at(-1) ?? ''))
  }
}

describe('Kafka brokers that die', { skip: requireReal('kafka'), timeout: 120_000 }, () => {
  let server: KafkaServer
  const closed = new AsyncDisposableStack()
  /** Closed at the latest with the suite, so that a failed test ends. */
  const open = async (options: Partial<KafkaLogOptions> = {}): Promise<EventLog> => {
    const log = await openKafkaLog({ brokers: server.brokers, clientId: 'outage', partitions: PARTITIONS, ...options })
    closed.defer(() => log.close())
    return log
  }
  before(async () => { server = await startKafka({ settings: soonMissed }) })
  after(async () => {
    await closed.disposeAsync()
    await server[Symbol.asyncDispose]()
  })

  test('a broker killed again and again while records are appended and read loses, repeats and reorders nothing', async () => {
    const told = new Told()
    const log = await open({ logger: told })
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])

    const seen = new Collected<LogRecord>()
    const stop = new AbortController()
    const following = (async () => {
      for await (const batch of log.read({ from: await log.starts([topic]), signal: stop.signal })) seen.push(...batch)
    })()

    let appending = true
    const sent: Promise<{ offset: number; partition: number; topic: string; number: number }[]>[] = []
    const answered = new Collected<number>()
    const load = (async () => {
      for (let number = 0; appending; number += 5) {
        const records = Array.from({ length: 5 }, (_, i) => ({ topic, key: `k${(number + i) % 7}`, value: bytes(String(number + i)) }))
        sent.push(log.append(records).then((appended) => {
          answered.push(number)
          return appended.map((one, i) => ({ ...one, number: number + i }))
        }))
        // The load has a rate; nothing waits for this.
        await delay(1)
      }
    })()
    for (let outage = 0; outage < 2; outage++) {
      const enough = answered.items.length + 30 + outage * 17
      await answered.until(({ length }) => length >= enough)
      await server.kill()
      // One of its connections may have been away ever since the last time: then nobody is told anew.
      await told.told(isAway)
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

    await seen.until(({ length }) => length >= content.length)
    stop.abort()
    await following
    assert.deepEqual(seen.items.map(where).sort(), content.map(where).sort(), 'the reader saw each record once')
    await log.close()
    // Each change is told once. How often it changes is the broker's affair: one that starts may answer, refuse and answer again.
    const states = told.lines.map((line) => (isAway.test(line) ? 'away' : isBack.test(line) ? 'back' : line))
    assert.deepEqual(states, states.map((_, place) => (place % 2 === 0 ? 'away' : 'back')), told.lines.join('\n'))
    assert.ok(states.length >= 2 && states.at(-1) === 'back', told.lines.join('\n'))
  })

  test('while the broker is away opening waits, and what is given up says how far it got', async () => {
    const told = new Told()
    const log = await open({ logger: told })
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])
    await log.append([{ topic, key: 'k', value: bytes('before') }])
    const from = await log.ends([topic])
    const idle = new AbortController()
    const quiet = partitionKey(topic, (partitionOf('k', PARTITIONS) + 1) % PARTITIONS)
    const nothing = log.read({ from: { [quiet]: 0 }, signal: idle.signal })[Symbol.asyncIterator]().next()
    await server.kill()
    const giveUp = new AbortController()
    const opening = open({ signal: giveUp.signal })
    const waiting = open()
    const inFlight = log.append([{ topic, key: 'k', value: bytes('in flight') }], { signal: giveUp.signal })
    await new Promise((resolve) => setImmediate(resolve))
    const queued = log.append([{ topic, key: 'k', value: bytes('queued') }], { signal: giveUp.signal })
    const kept = log.append([{ topic, key: 'k', value: bytes('kept') }])
    const refusals = Promise.all([
      assert.rejects(opening, { name: 'LogUnavailableError' }),
      assert.rejects(inFlight, { name: 'LogUnavailableError', message: /it may or may not be in the log/ }),
      assert.rejects(queued, { name: 'LogUnavailableError', message: /before it was sent/ }),
    ])
    giveUp.abort()
    await refusals
    await server.restart()
    const late = await waiting
    assert.equal(late.id, log.id)
    const [appended] = await kept
    const content = await take(late, from, appended!.offset + 1 - from[partitionKey(topic, appended!.partition)]!)
    assert.ok(['kept', 'in flight,kept'].includes(content.map(text).join()), content.map(text).join())
    // A reader to which nothing comes finds out as well, or the log would be said to be away for ever.
    await told.told(isBack)
    idle.abort()
    assert.equal((await nothing).done, true)
  })
})

describe('a cluster of three Kafka brokers', { skip: requireReal('kafka'), timeout: 180_000 }, () => {
  test('goes on while one broker and then another is killed and comes back', async () => {
    await using closed = new AsyncDisposableStack()
    const server = closed.use(await startKafka({ brokers: 3, settings: soonMissed }))
    const log = await openKafkaLog({ brokers: server.brokers, clientId: 'cluster', partitions: 6, replicationFactor: 3 })
    closed.defer(() => log.close())
    const topic = `${uniquePrefix()}.things`
    await log.ensureTopics([{ name: topic }])
    const seen = new Collected<LogRecord>()
    const stop = new AbortController()
    const following = (async () => {
      for await (const batch of log.read({ from: await log.starts([topic]), signal: stop.signal })) seen.push(...batch)
    })()
    let count = 0
    const answered = new Collected<number>()
    const append = async (until: () => boolean): Promise<void> => {
      while (!until()) {
        const first = count
        count += 20
        await log.append(Array.from({ length: 20 }, (_, i) => ({ topic, key: `k${(first + i) % 13}`, value: bytes(String(first + i)) })))
        answered.push(first)
      }
    }
    await append(() => count >= 200)
    for (const broker of [0, 1]) {
      let back = false
      const load = append(() => back)
      await server.kill(broker)
      // Whichever partitions it led: all keys are in each call.
      const enough = answered.items.length + 5
      await answered.until(({ length }) => length >= enough)
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
    await seen.until(({ length }) => length >= content.length)
    stop.abort()
    await following
    assert.deepEqual(seen.items.map(where).sort(), content.map(where).sort())
    await log.close()
  })
})
