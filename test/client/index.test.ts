import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { createClient, type ClientOptions, type Gap } from '../../client/index.js'

interface Message { id?: string; type: string; payload?: { query?: string; extensions?: { own?: number; delivery?: { after?: string } }; authorization?: string } }

/** A server that speaks as little of the protocol as a test needs, and does what the test says. */
async function serverOf(t: TestContext, onSubscribe: (message: Message, socket: WebSocket, nth: number) => void) {
  const http = createHttpServer()
  const sockets = new WebSocketServer({ server: http, handleProtocols: () => 'graphql-transport-ws' })
  const received: Message[] = []
  let subscribed = 0
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as Message
      received.push(message)
      if (message.type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }))
      if (message.type === 'subscribe') onSubscribe(message, socket, subscribed++)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const close = async () => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    await new Promise((resolve) => http.close(resolve))
  }
  t.after(close)
  return { close, url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, received }
}

const client = (t: TestContext, url: string, options: Partial<ClientOptions> = {}) => {
  const made = createClient({ url, webSocketImpl: WebSocket, random: () => 0, ...options })
  t.after(() => made.dispose())
  return made
}

const next = (id: string | undefined, n: number, extensions?: object) => JSON.stringify({ id, type: 'next', payload: { data: { n }, extensions } })
const complete = (id: string | undefined) => JSON.stringify({ id, type: 'complete' })

async function valuesOf(results: AsyncIterable<{ data?: unknown }>): Promise<number[]> {
  const values: number[] = []
  for await (const { data } of results) values.push((data as { n: number }).n)
  return values
}

describe('the client', () => {
  for (const [how, end] of [['closes', (socket: WebSocket) => socket.close(1012)], ['dies', (socket: WebSocket) => socket.terminate()]] as const)
    test(`goes on behind the latest cursor when the server ${how}`, async (t) => {
      const { url, received } = await serverOf(t, ({ id }, socket, nth) => {
        socket.send(next(id, 2 * nth, { cursor: `c${2 * nth}` }))
        socket.send(next(id, 2 * nth + 1, { cursor: `c${2 * nth + 1}` }), () => (nth < 2 ? end(socket) : socket.send(complete(id))))
      })
      assert.deepEqual(await valuesOf(client(t, url).iterate({ query: 'subscription { n }', extensions: { own: 1 } })), [0, 1, 2, 3, 4, 5])
      assert.deepEqual(received.flatMap(({ type, payload }) => (type === 'subscribe' ? [payload?.extensions] : [])), [
        { own: 1 }, { own: 1, delivery: { after: 'c1' } }, { own: 1, delivery: { after: 'c3' } },
      ])
    })

  test('takes the cursors of a server that is about to close, also for subscriptions that had no payload', async (t) => {
    const { url, received } = await serverOf(t, ({ id }, socket, nth) => {
      if (nth === 0) {
        socket.send(JSON.stringify({ type: 'ping', payload: { freshet: { closing: true, retryAfterMs: 5, cursors: { [String(id)]: 'here', foreign: 'not mine' } } } }), () => socket.close(1012))
      } else {
        socket.send(next(id, 7))
        socket.send(complete(id))
      }
    })
    assert.deepEqual(await valuesOf(client(t, url).iterate({ query: 'subscription { n }' })), [7])
    assert.deepEqual(received.filter(({ type }) => type === 'subscribe').map(({ payload }) => payload?.extensions?.delivery?.after), [undefined, 'here'])
  })

  test('goes on over another connection where nothing comes any more and nobody says so, or where an attempt is not answered', async (t) => {
    const { url, received } = await serverOf(t, ({ id }, socket, nth) => {
      socket.send(next(id, nth, { cursor: `c${nth}` }))
      // It answers no ping either.
      if (nth > 0) socket.send(complete(id))
    })
    let attempts = 0
    const given = Promise.withResolvers<void>()
    const silent = createServer((socket) => { socket.on('error', () => {}).on('close', () => given.resolve()).resume() })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => silent.close())
    const made = client(t, '', {
      url: () => ++attempts === 2 ? `ws://127.0.0.1:${(silent.address() as AddressInfo).port}` : url,
      keepAlive: 20,
    })
    assert.deepEqual(await valuesOf(made.iterate({ query: 'subscription { n }' })), [0, 1])
    assert.equal(attempts, 3)
    assert.deepEqual(received.filter(({ type }) => type === 'subscribe').map(({ payload }) => payload?.extensions?.delivery?.after), [undefined, 'c0'])
    // Nothing is left of the attempt.
    await given.promise
  })

  test('tells of gaps', async (t) => {
    const gap: Gap = { reason: 'RETENTION', missed: { from: 'c1', count: 12 } }
    const { url } = await serverOf(t, ({ id }, socket) => {
      socket.send(next(id, 1, { cursor: 'c9', gap }))
      socket.send(complete(id))
    })
    const told: [Gap, string][] = []
    assert.deepEqual(await valuesOf(client(t, url, { onGap: (each, { query }) => told.push([each, query ?? '']) }).iterate({ query: 'subscription { n }' })), [1])
    assert.deepEqual(told, [[gap, 'subscription { n }']])
  })

  test('two subscriptions over one connection keep their own cursors', async (t) => {
    const { url, received } = await serverOf(t, ({ id, payload }, socket, nth) => {
      const name = payload?.query?.includes('a') ? 'a' : 'b'
      socket.send(next(id, nth, { cursor: name + nth }), () => {
        if (nth === 1) socket.terminate()
        if (nth > 1) socket.send(complete(id))
      })
    })
    const both = client(t, url)
    await Promise.all([valuesOf(both.iterate({ query: '{ a }' })), valuesOf(both.iterate({ query: '{ b }' }))])
    const again = received.filter(({ type }) => type === 'subscribe').slice(2)
    assert.equal(again.length, 2)
    for (const { payload } of again) assert.match(String(payload?.extensions?.delivery?.after), payload?.query === '{ a }' ? /^a/ : /^b/)
  })

  test('errors end a subscription for good', async (t) => {
    const { url, received } = await serverOf(t, ({ id }, socket) => socket.send(JSON.stringify({ id, type: 'error', payload: [{ message: 'no' }] })))
    await assert.rejects(valuesOf(client(t, url).iterate({ query: 'subscription { n }' })), (error) => {
      assert.deepEqual(error, [{ message: 'no' }])
      return true
    })
    assert.equal(received.filter(({ type }) => type === 'subscribe').length, 1)
  })

  test('who leaves is not subscribed again', async (t) => {
    const { url, received } = await serverOf(t, ({ id }, socket) => socket.send(next(id, 1, { cursor: 'c' })))
    const made = client(t, url, { lazyCloseTimeout: 0 })
    const closed = new Promise((resolve) => made.on('closed', resolve))
    for await (const _ of made.iterate({ query: 'subscription { n }' })) break
    await closed
    assert.deepEqual(received.map(({ type }) => type), ['connection_init', 'subscribe', 'complete'])
  })

  test('a fresh token is sent on the open connection', async (t) => {
    const pinged = Promise.withResolvers<void>()
    const { url, received } = await serverOf(t, ({ id }, socket) => {
      socket.on('message', () => pinged.resolve())
      socket.send(next(id, 1))
    })
    const made = client(t, url)
    for await (const _ of made.iterate({ query: 'subscription { n }' })) {
      made.authorize('Bearer fresh')
      await pinged.promise
      break
    }
    assert.deepEqual(received.find(({ type }) => type === 'ping')?.payload, { authorization: 'Bearer fresh' })
  })

  test('is disposed of at once while nobody answers: its subscriptions are over, and nothing is tried again', async (t) => {
    const { url, close } = await serverOf(t, () => assert.fail())
    // Nobody listens there any more.
    await close()
    for (const moment of ['connecting', 'waiting'] as const) {
      let attempts = 0
      const reached = Promise.withResolvers<void>()
      const made = client(t, url, {
        random: () => 1,
        on: {
          connecting: () => { if (++attempts === 1 && moment === 'connecting') reached.resolve() },
          closed: () => { if (moment === 'waiting') setImmediate(reached.resolve) },
        },
      })
      const ended = Promise.withResolvers<void>()
      made.subscribe({ query: 'subscription { n }' }, { next: () => assert.fail(), error: ended.reject, complete: ended.resolve })
      await reached.promise
      await made.dispose()
      await ended.promise
      assert.ok(attempts <= 2, `${attempts} attempts`)
    }
  })
})
