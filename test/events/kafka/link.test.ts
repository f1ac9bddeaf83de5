import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { describeFailure, isPermanent, isRefusal } from '../../../events/kafka/failures.ts'
import { Availability, Link } from '../../../events/kafka/link.ts'
import { openKafkaLog, type Logger } from '../../../events/kafka.ts'
import { LogUnavailableError } from '../../../events/log.ts'

const collect = (): Logger & { lines: string[] } => {
  const lines: string[] = []
  const add = (message: string, details?: Readonly<Record<string, unknown>>): void => { lines.push(`${message} ${JSON.stringify(details)}`) }
  return { lines, info: add, warn: add, error: add }
}
const failure = (properties: object): Error => Object.assign(new Error('it failed'), properties)

describe('whether Kafka answers', () => {
  test('is told once when the first link fails and once when the last one works again', () => {
    const logger = collect()
    let time = 1_000
    const availability = new Availability(['a:1', 'b:2'], logger, () => time)
    const [one, two] = [{}, {}]
    availability.working(one)
    availability.failing(one, failure({ code: 'ECONNREFUSED' }))
    availability.failing(two, failure({ code: 'ECONNREFUSED' }))
    availability.failing(one, failure({ code: 'ECONNREFUSED' }))
    time += 2_500
    availability.working(one)
    availability.working(two)
    availability.working(two)
    assert.deepEqual(logger.lines, [
      'Kafka (a:1, b:2) is not available; trying again until it is {"reason":"ECONNREFUSED: it failed"}',
      'Kafka (a:1, b:2) is available again {"awayMs":2500}',
    ])
  })

  test('a link that was closed while it failed is not waited for', () => {
    const logger = collect()
    const availability = new Availability(['a:1'], logger, () => 0)
    const [one, two] = [{}, {}]
    availability.failing(one, failure({}))
    availability.failing(two, failure({}))
    availability.forget(one)
    availability.working(two)
    assert.equal(logger.lines.length, 2)
  })
})

describe('a link', () => {
  test('tries again until it is given up, and leaves nothing running', async () => {
    const taken = createServer((socket) => { socket.destroy() })
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening))
    const brokers = [`127.0.0.1:${(taken.address() as AddressInfo).port}`]
    let attempts = 0
    const stop = new AbortController()
    taken.on('connection', () => { if (++attempts === 3) stop.abort() })
    const logger = collect()
    const link = new Link({ brokers, clientId: 'test' }, new Availability(brokers, logger, Date.now))
    await assert.rejects(link.run(stop.signal, async () => assert.fail('never connected')), LogUnavailableError)
    assert.ok(attempts >= 3)
    link.close()
    await assert.rejects(link.run(new AbortController().signal, async () => 1), LogUnavailableError)
    await new Promise((closed) => taken.close(closed))
  })
})

/** The first that is told of what answers each first bytes of a client so. */
async function toldOf(answer: Buffer): Promise<string> {
  const other = createServer((socket) => { socket.on('error', () => {}).once('data', () => socket.write(answer)) })
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
  const brokers = [`127.0.0.1:${(other.address() as AddressInfo).port}`]
  const stop = new AbortController()
  const { promise, resolve } = Promise.withResolvers<string>()
  const logger = { ...collect(), warn: (_message: string, details?: Readonly<Record<string, unknown>>) => resolve(String(details?.['reason'])) }
  const link = new Link({ brokers, clientId: 'test' }, new Availability(brokers, logger, Date.now))
  const running = assert.rejects(link.run(stop.signal, async () => assert.fail('never connected')), LogUnavailableError)
  const reason = await promise
  stop.abort()
  link.close()
  await running
  await new Promise((closed) => other.close(closed))
  return reason
}

describe('what is no broker', { timeout: 8_000 }, () => {
  test('is told by what it speaks', async () => {
    assert.equal(await toldOf(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), 'Connection error: it speaks HTTP there, and is no Kafka broker')
    assert.equal(await toldOf(Buffer.from([0x15, 3, 3, 0, 2, 2, 0x46])), 'Connection error: it speaks TLS there (the setting is kafka.ssl)')
  })

  test('and says nothing, is not waited for by a link that is closed', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const silent = createServer((socket) => { socket.on('error', () => {}).once('data', () => resolve()) })
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`]
    const link = new Link({ brokers, clientId: 'test' }, new Availability(brokers, collect(), Date.now))
    const running = assert.rejects(link.run(new AbortController().signal, async () => assert.fail('never connected')), LogUnavailableError)
    await asked
    link.close()
    await running
    await new Promise((closed) => silent.close(closed))
  })
})

describe('failures', () => {
  test('what asking again cannot mend is told apart from a broker that is away', () => {
    for (const type of ['MESSAGE_TOO_LARGE', 'TOPIC_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION']) assert.equal(isPermanent(failure({ type })), true, type)
    for (const type of ['NOT_LEADER_FOR_PARTITION', 'REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS', 'UNKNOWN_TOPIC_OR_PARTITION']) {
      assert.equal(isPermanent(failure({ type })), false, type)
    }
    // kafkajs wraps what its own retries gave up on.
    assert.equal(isPermanent(new Error('retries', { cause: failure({ type: 'INVALID_RECORD' }) })), true)
    assert.equal(isRefusal(failure({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })), true)
    assert.equal(isRefusal(failure({ type: 'ILLEGAL_SASL_STATE' })), true)
    assert.equal(isRefusal(failure({ code: 'ECONNREFUSED' })), false)
    assert.match(describeFailure(failure({ name: 'KafkaJSConnectionClosedError' })), /expects TLS or a login: kafka\.ssl, kafka\.sasl/)
    assert.equal(describeFailure(new Error('outer', { cause: failure({ type: 'A_TYPE' }) })), 'A_TYPE: it failed')
    const tls = Object.assign(new Error('Connection error: 40BD:error:0A00010B:SSL routines:tls_validate:wrong version number:../ssl/tlsany.c:77:\n'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' })
    assert.equal(describeFailure(tls), 'TLS with the broker failed: wrong version number (it speaks no TLS there)')
  })

  test('wrong settings are named, with an example', async () => {
    await assert.rejects(openKafkaLog({ brokers: [], clientId: 'x', partitions: 1 }), /expected Kafka brokers as host:port, such as localhost:9092, got none/)
    await assert.rejects(openKafkaLog({ brokers: ['kafka'], clientId: 'x', partitions: 1 }), /host:port.*got "kafka"/)
    await assert.rejects(openKafkaLog({ brokers: ['a:1'], clientId: 'x', partitions: 0 }), /partition count of 1 or more, got 0/)
  })
})
