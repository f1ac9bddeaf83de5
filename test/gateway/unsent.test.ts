import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { endsBeyond, mostUnsent } from '../../gateway/unsent.ts'
import { openDoor } from './door.ts'
import { json, openRaw } from './streams/raw-stream.ts'

const answer = 512 * 1024
/** More than a machine keeps for both ends of a connection. */
const times = 60

/** The server's ends of connections. */
const sockets = new Set<Socket>()
const onSocket = (message: unknown): void => void sockets.add((message as { socket: Socket }).socket)
before(() => diagnostics.subscribe('net.server.socket', onSocket))
after(() => diagnostics.unsubscribe('net.server.socket', onSocket))

/** Answers of half a MiB, each when it is let go. */
function large({ held = false } = {}) {
  const begun = { count: 0 }
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  if (!held) gate.resolve()
  const resolvers = { Query: { hello: async () => {
    if (++begun.count === times) isHeld.resolve()
    await gate.promise
    return 'x'.repeat(answer)
  } } }
  return { resolvers, begun, letGo: gate.resolve, allBegun: isHeld.promise }
}

/** Resolves once everything that is due without a timer or the network has happened. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Resolves once so many answers were given to the socket; what it still keeps is among them. */
const hasWritten = async (socket: Socket, answers: number): Promise<void> => {
  while (socket.bytesWritten < answers * answer) await turns(1)
}

/** The most that a socket keeps from when answers are written to it until nothing more is. */
async function mostKept(socket: Socket): Promise<number> {
  let most = 0
  for (let written = -1, quiet = 0; most < mostUnsent || quiet < 200; await turns(1)) {
    quiet = written === socket.bytesWritten ? quiet + 1 : 0
    written = socket.bytesWritten
    most = Math.max(most, socket.writableLength)
  }
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
    await hasWritten(socket, asked)
    assert.ok(socket.writableLength <= mostUnsent + 3 * answer, `${socket.writableLength} bytes are kept`)
    const had = begun.count
    const all = asked + 5
    while (asked < all) ask(++asked)
    await turns(100)
    assert.equal(begun.count, had)
    const answered = new Set<string>()
    const answers = Promise.withResolvers<void>()
    client.on('message', (data) => {
      const { id, type } = JSON.parse(String(data)) as { id: string; type: string }
      if (type === 'next' && answered.add(id).size === all) answers.resolve()
    })
    client.on('close', (code) => answers.reject(new Error(`closed with ${code}`)))
    client.resume()
    await answers.promise
    client.removeAllListeners('close').close()
  })

  test('of a WebSocket with all that may be under way is closed, and what is more is not kept', async () => {
    const { resolvers, letGo, allBegun } = large({ held: true })
    await using door = await openDoor({ resolvers })
    const { client, socket, ask } = await mute(door.url)
    for (let id = 1; id <= times; id++) ask(id)
    await allBegun
    letGo()
    const kept = await mostKept(socket)
    assert.ok(kept > mostUnsent && kept <= endsBeyond + 2 * answer, `${kept} bytes are kept`)
    const closed = once(client, 'close')
    client.resume()
    const [code, reason] = await closed as [number, Buffer]
    assert.equal(code, 1013)
    assert.match(String(reason), /^SUBSCRIBER_TOO_SLOW/)
  })

  /** A stream that is opened, and of which nothing is read. */
  async function openStream(url: string) {
    const token = await (await openRaw(`${url}/graphql/stream`, { method: 'PUT' })).ended
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
    return { stream, socket: socket!, ask }
  }

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

  test('of a single-connection stream with all that may be under way is left, and told why', async () => {
    const { resolvers, letGo, allBegun } = large({ held: true })
    await using door = await openDoor({ resolvers })
    const { stream, socket, ask } = await openStream(door.url)
    for (let id = 1; id <= times; id++) assert.equal((await ask(id)).status, 202)
    await allBegun
    letGo()
    const kept = await mostKept(socket)
    assert.ok(kept > mostUnsent && kept <= endsBeyond + 2 * answer, `${kept} bytes are kept`)
    let last200 = ''
    stream.setEncoding('utf8').on('data', (text: string) => { last200 = (last200 + text).slice(-200) })
    await once(stream.resume(), 'close')
    assert.match(last200, /event: closing\ndata: \{"code":"SUBSCRIBER_TOO_SLOW","retryAfterMs":\d+,"cursors":\{\}\}\nretry: \d+\n\n$/)
  })
})
