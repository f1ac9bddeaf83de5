import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { Queue } from '../support/queue.ts'
import { openDoor, type OpenDoor } from './door.ts'

interface Message {
  type: string
  id?: string
  payload?: unknown
}

/** A client that says nothing by itself. */
async function open(url: string, { protocol = 'graphql-transport-ws', autoPong = true } = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol, { autoPong })
  let pings = 0
  socket.on('ping', () => pings++)
  const messages = new Queue<Message>()
  const closed = Promise.withResolvers<number>()
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as Message))
  socket.on('close', (code) => {
    closed.resolve(code)
    messages.fail(new Error(`closed with ${code}`))
  })
  socket.on('error', (error) => closed.reject(error))
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), closed.promise])
  const send = (message: Message | string) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  return {
    send, pings: () => pings, closed: closed.promise, messages, next: () => messages.next(),
    async begin() {
      send({ type: 'connection_init' })
      assert.deepEqual(await messages.next(), { type: 'connection_ack' })
    },
    subscribe: (id: string, query: string) => send({ type: 'subscribe', id, payload: { query } }),
    [Symbol.asyncDispose]: async () => {
      socket.close()
      await closed.promise
    },
  }
}

describe('pings', { timeout: 60_000 }, () => {
  test('close a connection that does not answer them, and no other', async () => {
    await using door = await openDoor({ settings: { pingIntervalMs: 1_000 }, resolvers: { Query: { hello: () => 'hello' } } })
    await using answering = await open(door.url)
    await answering.begin()
    await using silent = await open(door.url, { autoPong: false })
    await silent.begin()
    assert.equal(await silent.closed, 1006)
    assert.ok(answering.pings() > 0)
    answering.subscribe('1', '{ hello }')
    assert.equal((await answering.next()).type, 'next')
  })
})

let ticking = Promise.withResolvers<void>()
let left = Promise.withResolvers<void>()
const openTicks = (): Promise<OpenDoor> => {
  ticking = Promise.withResolvers<void>()
  left = Promise.withResolvers<void>()
  return openDoor({ resolvers: {
    Query: { hello: () => 'hello', broken: () => { throw new Error('secret') } },
    Subscription: {
      ticks: { async* subscribe() { yield { ticks: 1 }; await ticking.promise; yield { ticks: 2 } } },
      quiet: { subscribe: () => ({
        [Symbol.asyncIterator]() { return this },
        next: () => new Promise(() => {}),
        return: () => {
          left.resolve()
          return Promise.resolve({ done: true, value: undefined })
        },
      }) },
    },
  } })
}

/** Of the protocol (github.com/enisdenjo/graphql-ws, PROTOCOL.md), by its sections. */
describe('graphql-transport-ws', { timeout: 30_000 }, () => {
  test('Communication: whoever speaks another subprotocol is not served', async () => {
    await using door = await openTicks()
    const client = await open(door.url, { protocol: 'graphql-ws' }).catch((error: Error) => error)
    if (client instanceof Error) assert.match(client.message, /protocol/i)
    else assert.equal(await client.closed, 4406)
  })

  test('ConnectionInit: one, and in time', async () => {
    await using door = await openTicks()
    const twice = await open(door.url)
    await twice.begin()
    twice.send({ type: 'connection_init' })
    assert.equal(await twice.closed, 4429)
    const silent = await open(door.url)
    assert.equal(await silent.closed, 4408)
  })

  test('ConnectionInit: who may not come in is told by 4403', async () => {
    await using door = await openDoor({ settings: { apiKey: 'a key that is long enough' } })
    const refused = await open(door.url)
    refused.send({ type: 'connection_init', payload: { authorization: 'Bearer wrong' } })
    assert.equal(await refused.closed, 4403)
    const allowed = await open(door.url)
    allowed.send({ type: 'connection_init', payload: { authorization: 'Bearer a key that is long enough' } })
    assert.deepEqual(await allowed.next(), { type: 'connection_ack' })
    await allowed[Symbol.asyncDispose]()
  })

  test('Subscribe: not before the acknowledgement', async () => {
    await using door = await openTicks()
    const early = await open(door.url)
    early.subscribe('1', '{ hello }')
    assert.equal(await early.closed, 4401)
  })

  test('Subscribe: an id is taken as long as its operation goes on, and free afterwards', async () => {
    await using door = await openTicks()
    const client = await open(door.url)
    await client.begin()
    for (let again = 0; again < 2; again++) {
      client.subscribe('same', '{ hello }')
      const { type, id, payload } = await client.next()
      assert.deepEqual([type, id, (payload as { data: unknown }).data], ['next', 'same', { hello: 'hello' }])
      assert.deepEqual(await client.next(), { id: 'same', type: 'complete' })
    }
    client.subscribe('taken', 'subscription { quiet }')
    client.subscribe('taken', '{ hello }')
    assert.equal(await client.closed, 4409)
  })

  test('Next, then Complete where the source ends; nothing comes after it', async () => {
    await using door = await openTicks()
    await using client = await open(door.url)
    await client.begin()
    client.subscribe('1', 'subscription { ticks }')
    assert.deepEqual(((await client.next()).payload as { data: unknown }).data, { ticks: 1 })
    ticking.resolve()
    assert.deepEqual(((await client.next()).payload as { data: unknown }).data, { ticks: 2 })
    assert.deepEqual(await client.next(), { id: '1', type: 'complete' })
    client.subscribe('2', '{ hello }')
    assert.equal((await client.next()).id, '2')
  })

  test('Error: what cannot be executed is answered by it, and nothing follows', async () => {
    await using door = await openTicks()
    await using client = await open(door.url)
    await client.begin()
    for (const query of ['{ nonsense }', '{', 'subscription { nonsense }', 'subscription ($no: Boolean = false) { ticks @skip(if: $no) }']) {
      client.subscribe('1', query)
      const { id, type, payload } = await client.next()
      assert.deepEqual([id, type], ['1', 'error'])
      assert.ok((payload as { message: string }[]).every(({ message }) => message.length > 0))
    }
    client.subscribe('2', '{ hello broken }')
    const { type, payload } = await client.next()
    assert.equal(type, 'next')
    assert.deepEqual((payload as { data: unknown }).data, { hello: 'hello', broken: null })
    assert.deepEqual(await client.next(), { id: '2', type: 'complete' })
  })

  test('Complete of the client ends the operation at its source; one that is over is no mistake', async () => {
    await using door = await openTicks()
    await using client = await open(door.url)
    await client.begin()
    client.subscribe('1', 'subscription { quiet }')
    client.subscribe('2', '{ hello }')
    await client.next()
    await client.next()
    client.send({ type: 'complete', id: '1' })
    client.send({ type: 'complete', id: 'unknown' })
    await left.promise
    client.send({ type: 'ping', payload: { still: 'here' } })
    assert.deepEqual(await client.next(), { type: 'pong', payload: { still: 'here' } })
  })

  test('a connection that is closed ends its operations at their sources', async () => {
    await using door = await openTicks()
    const client = await open(door.url)
    await client.begin()
    client.subscribe('1', 'subscription { quiet }')
    client.subscribe('2', '{ hello }')
    await client.next()
    await client[Symbol.asyncDispose]()
    await left.promise
  })

  test('Ping and Pong at any time, also before the acknowledgement', async () => {
    await using door = await openTicks()
    await using client = await open(door.url)
    client.send({ type: 'ping' })
    assert.deepEqual(await client.next(), { type: 'pong' })
    client.send({ type: 'pong' })
    await client.begin()
  })

  test('Invalid message: what is none closes the connection with 4400', async () => {
    await using door = await openTicks()
    for (const message of ['', 'no JSON', '{}', '[]', '{"type":"subscribe"}', '{"type":"subscribe","id":"","payload":{"query":"{ hello }"}}',
      '{"type":"subscribe","id":"1","payload":{}}', '{"type":"unknown"}', '{"type":"complete"}']) {
      const client = await open(door.url)
      await client.begin()
      client.send(message)
      assert.equal(await client.closed, 4400, message)
    }
  })

  test('an operation that is completed, or whose connection is gone, before it has begun, leaves nothing behind', async () => {
    const asked = new Queue<string>()
    const left = new Queue<string>()
    const gates = new Map<string, PromiseWithResolvers<void>>()
    const subscribe = (name: string) => async () => {
      const gate = Promise.withResolvers<void>()
      gates.set(name, gate)
      asked.push(name)
      await gate.promise
      return {
        [Symbol.asyncIterator]() { return this },
        next: () => new Promise(() => {}),
        return: () => {
          left.push(name)
          return Promise.resolve({ done: true, value: undefined })
        },
      }
    }
    await using door = await openDoor({ resolvers: { Query: { hello: () => 'hello' }, Subscription: { quiet: { subscribe: subscribe('quiet') }, ticks: { subscribe: subscribe('ticks') } } } })
    const counted = async (): Promise<number> => (await door.telemetry.subscriptions.get()).values[0]!.value
    await using client = await open(door.url)
    await client.begin()
    client.subscribe('same', 'subscription { quiet }')
    assert.equal(await asked.next(), 'quiet')
    client.send({ type: 'complete', id: 'same' })
    gates.get('quiet')!.resolve()
    assert.equal(await left.next(), 'quiet')
    assert.equal(await counted(), 0)

    client.subscribe('same', 'subscription { ticks }')
    assert.equal(await asked.next(), 'ticks')
    gates.get('ticks')!.resolve()
    client.subscribe('other', 'subscription { quiet }')
    assert.equal(await asked.next(), 'quiet')
    assert.equal(await counted(), 1)
    await client[Symbol.asyncDispose]()
    assert.equal(await left.next(), 'ticks')
    gates.get('quiet')!.resolve()
    assert.equal(await left.next(), 'quiet')
    assert.equal(await counted(), 0)
  })

  test('Subscribe: the id of what the client has completed is free at once, whether that had begun or not', async () => {
    const asked = new Queue<string>()
    const left = new Queue<string>()
    const gates = new Map<string, PromiseWithResolvers<void>>()
    const passed = async (name: string): Promise<string> => {
      const gate = Promise.withResolvers<void>()
      gates.set(name, gate)
      asked.push(name)
      await gate.promise
      return name
    }
    const subscribe = (name: string) => ({
      async* subscribe() {
        try {
          await passed(name)
          yield { [name]: 1 }
          await passed(`more of ${name}`)
        } finally {
          left.push(name)
        }
      },
    })
    await using door = await openDoor({ resolvers: {
      Query: { hello: () => passed('hello'), slow: () => passed('slow') }, Subscription: { quiet: subscribe('quiet'), ticks: subscribe('ticks'), breaks: subscribe('breaks') },
    } })
    await using client = await open(door.url)
    await client.begin()
    const begin = async (query: string): Promise<void> => {
      client.subscribe('same', query)
      assert.equal(await asked.next(), /\w+(?= \})/.exec(query)![0])
    }
    const complete = () => client.send({ type: 'complete', id: 'same' })
    const gives = async (name: string, value: unknown) => {
      gates.get(name)!.resolve()
      const { type, id, payload } = await client.next()
      assert.deepEqual([type, id, (payload as { data?: unknown } | undefined)?.data], ['next', 'same', { [name]: value }])
    }

    for (const former of ['subscription { quiet }', '{ slow }']) {
      for (const next of ['subscription { ticks }', '{ hello }']) {
        // What has not begun comes to nobody, and its end ends nothing else.
        await begin(former)
        complete()
        await begin(next)
        for (const name of ['quiet', 'slow']) if (former.includes(name)) gates.get(name)!.resolve()
        if (former.includes('quiet')) assert.equal(await left.next(), 'quiet')
        if (next.includes('hello')) {
          await gives('hello', 'hello')
          assert.deepEqual(await client.next(), { id: 'same', type: 'complete' })
          continue
        }
        await gives('ticks', 1)
        assert.equal(await asked.next(), 'more of ticks')
        // Neither does the end of what is under way.
        complete()
        await begin('subscription { breaks }')
        gates.get('more of ticks')!.resolve()
        assert.equal(await left.next(), 'ticks')
        await gives('breaks', 1)
        assert.equal(await asked.next(), 'more of breaks')
        complete()
        client.send({ type: 'ping' })
        assert.deepEqual(await client.next(), { type: 'pong' })
        gates.get('more of breaks')!.resolve()
        assert.equal(await left.next(), 'breaks')
      }
    }
    assert.equal((await door.telemetry.subscriptions.get()).values[0]!.value, 0)
  })
})
