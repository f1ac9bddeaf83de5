import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { defaultLimits } from '../../gateway/settings.ts'
import { mostUnsent } from '../../gateway/unsent.ts'
import { openDoor } from './door.ts'
import { openNeighbours } from './processes/neighbours.ts'
import { json, openRaw } from './streams/raw-stream.ts'

const answer = 512 * 1024
/** More than a machine keeps for both ends of a connection. */
const times = 60

/** The server's ends of connections. */
const sockets = new Set<Socket>()
const onSocket = (message: unknown): void => void sockets.add((message as { socket: Socket }).socket)
before(() => diagnostics.subscribe('net.server.socket', onSocket))
after(() => diagnostics.unsubscribe('net.server.socket', onSocket))

/** Answers of half a MiB, where so many are held each when they are let go. */
function large({ held = 0 } = {}) {
  const begun = { count: 0 }
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  if (held === 0) gate.resolve()
  const resolvers = { Query: { hello: async () => {
    if (++begun.count === held) isHeld.resolve()
    await gate.promise
    return 'x'.repeat(answer)
  } } }
  return { resolvers, begun, letGo: gate.resolve, begunAll: isHeld.promise }
}

/** Resolves once everything that is due without a timer or the network has happened. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves once so many answers were given to the socket; what it still keeps is among them. */
const hasWritten = async (socket: Socket, answers: number): Promise<void> => {
  while (socket.bytesWritten < answers * answer) await turns(1)
}

/** The most that a socket keeps until it is seen that nothing of it is taken. */
async function mostKept(socket: Socket): Promise<number> {
  let most = 0
  let unread = false
  socket.once('timeout', () => { unread = true })
  for (; !unread; await turns(1)) most = Math.max(most, socket.writableLength)
  return most
}

/** A client that is connected, and reads nothing from then on. */
async function mute(url: string) {
  sockets.clear()
  const client = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  await once(client, 'open')
  client.send('{"type":"connection_init"}')
  await once(client, 'message')
  client.pause()
  const [socket] = sockets
  return { client, socket: socket!, ask: (id: number) => client.send(JSON.stringify({ type: 'subscribe', id: String(id), payload: { query: '{ hello }' } })) }
}

/** Resolves, to their ids in order, once so many answers have come. */
function answersOf(client: WebSocket, count: number): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  return new Promise((resolve, reject) => {
    client.on('message', (data) => {
      const { id, type } = JSON.parse(String(data)) as { id: string; type: string }
      if (type === 'next' && ids.add(id).size === count) resolve(ids)
    })
    client.on('close', (code) => reject(new Error(`closed with ${code}`)))
  })
}

/** A stream that is opened, and of which nothing is read. @param reserved told once it has its token */
async function openStream(url: string, reserved = (): void => {}) {
  const token = await (await openRaw(`${url}/graphql/stream`, { method: 'PUT' })).ended
  reserved()
  sockets.clear()
  const asked = request(`${url}/graphql/stream?token=${token}`, { agent: false, headers: { accept: 'text/event-stream' } }).end()
  const [stream] = await once(asked, 'response') as [IncomingMessage]
  stream.pause()
  const [socket] = sockets
  const ask = async (id: number) => {
    const response = await openRaw(`${url}/graphql/stream`, {
      headers: { ...json, 'x-graphql-event-stream-token': token }, body: JSON.stringify({ query: '{ hello }', extensions: { operationId: String(id) } }),
    })
    return { status: response.status, body: await response.ended }
  }
  const stop = async (id: number): Promise<number> =>
    (await fetch(`${url}/graphql/stream?operationId=${id}`, { method: 'DELETE', headers: { 'x-graphql-event-stream-token': token } })).status
  return { stream, socket: socket!, ask, stop }
}

describe('a client that does not read', { timeout: 60_000 }, () => {
  test('of a WebSocket is read no more until it does, and gets every answer then', async () => {
    const { resolvers, begun } = large()
    await using door = await openDoor({ resolvers })
    const { client, socket, ask } = await mute(door.url)
    let asked = 0
    while (asked < times && !socket.isPaused()) {
      ask(++asked)
      while (socket.bytesWritten < asked * answer && !socket.isPaused()) await turns(1)
    }
    assert.ok(asked < times, 'it was read on')
    // What was read last is not begun.
    await hasWritten(socket, asked - 1)
    assert.ok(socket.writableLength <= mostUnsent + 2 * answer, `${socket.writableLength} bytes are kept`)
    const had = begun.count
    const all = asked + 5
    while (asked < all) ask(++asked)
    await turns(100)
    assert.equal(begun.count, had)
    const answers = answersOf(client, all)
    client.resume()
    await answers
    client.removeAllListeners('close').close()
  })

  test('of a WebSocket is closed after a while, and what is kept for it is bounded', async () => {
    const { resolvers, letGo, begunAll } = large({ held: 4 })
    await using door = await openDoor({ resolvers, limits: { queriesPerConnection: 4 }, settings: { patienceMs: 200 } })
    const { client, socket, ask } = await mute(door.url)
    for (let id = 1; id <= times; id++) ask(id)
    await begunAll
    letGo()
    const kept = await mostKept(socket)
    assert.ok(kept > mostUnsent && kept <= mostUnsent + 5 * answer, `${kept} bytes are kept`)
    const closed = once(client, 'close')
    client.resume()
    const [code, reason] = await closed as [number, Buffer]
    assert.equal(code, 1013)
    assert.match(String(reason), /^SUBSCRIBER_TOO_SLOW/)
  })

  test('of a single-connection stream is refused what it asks for until it does', async () => {
    const { resolvers } = large()
    await using door = await openDoor({ resolvers })
    const { stream, socket, ask } = await openStream(door.url)
    let asked = 0
    let last = { status: 202, body: '' }
    while (asked < times && last.status === 202) {
      last = await ask(++asked)
      if (last.status === 202) await hasWritten(socket, asked)
    }
    assert.equal(last.status, 429)
    assert.match(last.body, /"code":"SUBSCRIBER_TOO_SLOW"/)
    assert.ok(socket.writableLength <= mostUnsent + 2 * answer, `${socket.writableLength} bytes are kept`)
    let last200 = ''
    const until = Promise.withResolvers<void>()
    stream.setEncoding('utf8').on('data', (text: string) => {
      last200 = (last200 + text).slice(-200)
      if (last200.includes(`event: complete\ndata: {"id":"${asked - 1}"}`)) until.resolve()
    })
    stream.resume()
    await until.promise
    assert.equal((await ask(++asked)).status, 202)
    stream.destroy()
  })

  test('of a single-connection stream is left after a while, and told why; what is kept for it is bounded', async () => {
    const { resolvers, letGo, begunAll } = large({ held: 4 })
    await using door = await openDoor({ resolvers, limits: { queriesPerConnection: 4 }, settings: { patienceMs: 2_000 } })
    const { stream, socket, ask } = await openStream(door.url)
    for (let id = 1; id <= times; id++) assert.equal((await ask(id)).status, 202)
    await begunAll
    letGo()
    const kept = await mostKept(socket)
    assert.ok(kept > mostUnsent && kept <= mostUnsent + 5 * answer, `${kept} bytes are kept`)
    let last200 = ''
    stream.setEncoding('utf8').on('data', (text: string) => { last200 = (last200 + text).slice(-200) })
    await once(stream.resume(), 'close')
    assert.match(last200, /"extensions":\{"code":"SUBSCRIBER_TOO_SLOW","retryAfterMs":\d+\}\}\]\}\}\n\nretry: \d+\n\n$/)
  })

  test('of a single-connection stream through another process is left by the one that has it; what both keep is bounded', async () => {
    const { resolvers } = large()
    await using neighbours = await openNeighbours(2, () => ({ resolvers, limits: { queriesPerConnection: 4 }, settings: { patienceMs: 500 } }))
    const { stream, ask } = await openStream(neighbours.url, () => neighbours.to(1))
    // It is cut off.
    stream.on('error', () => {})
    const closed = new Promise((resolve) => stream.once('close', resolve))
    let most = 0
    let status = 202
    for (let id = 1; status === 202; id++) {
      ({ status } = await ask(id))
      for (const { writableLength } of sockets) most = Math.max(most, writableLength)
    }
    // No more is asked for until it reads, and then there is no such stream.
    assert.equal(status, 429)
    while (status !== 404) {
      ({ status } = await ask(0))
      for (const { writableLength } of sockets) most = Math.max(most, writableLength)
    }
    assert.ok(most > mostUnsent && most <= mostUnsent + 5 * answer, `${most} bytes are kept`)
    stream.resume()
    await closed
  })

  test('of a single-connection stream that has ended is cut off after a while', async () => {
    const { resolvers } = large()
    await using door = await openDoor({ resolvers, settings: { patienceMs: 100 } })
    const { socket, ask } = await openStream(door.url)
    let closed = false
    socket.once('close', () => { closed = true })
    // The system may take later what it did not take at first; then more is asked for.
    for (let id = 1; !closed; id++) await ask(id)
  })
})

describe('a client that reads', { timeout: 60_000 }, () => {
  /** More than one connection may have begun at once, by default. */
  const many = 50

  test('gets all that it asks for at once over a WebSocket, however much; so many are begun at a time', async () => {
    const { resolvers, begun, letGo, begunAll } = large({ held: defaultLimits.queriesPerConnection })
    await using door = await openDoor({ resolvers })
    const { client, ask } = await mute(door.url)
    for (let id = 1; id <= many; id++) ask(id)
    await begunAll
    ask(many + 1)
    await turns(100)
    assert.equal(begun.count, defaultLimits.queriesPerConnection)
    const all = answersOf(client, many + 1)
    letGo()
    client.resume()
    await all
    client.removeAllListeners('close').close()
  })

  test('is not asked for what it has completed before it was begun', async () => {
    const { resolvers, begun, letGo, begunAll } = large({ held: 1 })
    await using door = await openDoor({ resolvers, limits: { queriesPerConnection: 1 } })
    const { client, ask } = await mute(door.url)
    for (let id = 1; id <= 4; id++) ask(id)
    for (const id of ['2', '3']) client.send(JSON.stringify({ type: 'complete', id }))
    await begunAll
    await turns(100)
    const both = answersOf(client, 2)
    client.resume()
    letGo()
    assert.deepEqual([...await both], ['1', '4'])
    assert.equal(begun.count, 2)
    client.removeAllListeners('close').close()
  })

  test('gets all that it asks for at once over a single-connection stream; what it stops before is not begun', async () => {
    const { resolvers, begun, letGo, begunAll } = large({ held: 2 })
    await using door = await openDoor({ resolvers, limits: { queriesPerConnection: 2 } })
    const { stream, ask, stop } = await openStream(door.url)
    for (let id = 1; id <= many; id++) assert.equal((await ask(id)).status, 202)
    await begunAll
    assert.equal(await stop(3), 200)
    assert.equal(begun.count, 2)
    letGo()
    let text = ''
    const complete = new Set<string>()
    stream.setEncoding('utf8').resume()
    for await (const chunk of stream as AsyncIterable<string>) {
      text = (text + chunk).slice(-answer - chunk.length)
      for (const [, id] of text.matchAll(/event: complete\ndata: \{"id":"(\d+)"\}\n\n/g)) complete.add(id!)
      if (complete.size === many - 1) break
    }
    assert.equal(begun.count, many - 1)
    assert.ok(!complete.has('3'))
  })
})
