import assert from 'node:assert/strict'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { HttpClient } from '../../federation/http-client.ts'
import { HttpMessages } from '../../federation/http-message.ts'
import { SubgraphFailure } from '../../federation/errors.ts'

const ok = (body: string, ...headers: string[]): string =>
  ['HTTP/1.1 200 OK', `content-length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n')

/** A server of bytes: told of each request, by the number of its connection, and a client of it. */
const serving = async (
  handler: (socket: Socket, request: string, connection: number) => void, options: { connections?: number, timeoutMs?: number, drainMs?: number } = {},
) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const connection = sockets.push(socket)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => { /* the client's to see */ })
    socket.on('data', (chunk: string) => {
      text += chunk
      for (;;) {
        const head = text.indexOf('\r\n\r\n')
        const length = Number(/content-length: (\d+)/.exec(text)?.[1])
        if (head < 0 || Buffer.byteLength(text.slice(head + 4)) < length) return
        const body = Buffer.from(text.slice(head + 4)).subarray(0, length).toString()
        const request = text.slice(0, head + 4) + body
        text = text.slice(request.length)
        handler(socket, request, connection)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql?a=b`)
  const client = new HttpClient({ url, timeoutMs: 5000, maxResponseBytes: 100_000, connections: 4, ...options })
  const messages = new HttpMessages(url)
  return {
    sockets,
    client,
    post: async (body: string, { repeatable = true, signal }: { repeatable?: boolean, signal?: AbortSignal } = {}) =>
      (await client.post(messages.of({}, body), repeatable, signal)).text,
    [Symbol.asyncDispose]: async () => {
      await client.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const bodyOf = (request: string): string => request.slice(request.indexOf('\r\n\r\n') + 4)
const failure = (words: RegExp) => (error: unknown) => error instanceof SubgraphFailure && words.test(error.message)

test('keeps connections, opens no more than allowed, and serves those who wait in turn', async () => {
  let underWay = 0
  let most = 0
  const order: string[] = []
  await using server = await serving((socket, request) => {
    most = Math.max(most, ++underWay)
    order.push(bodyOf(request))
    setImmediate(() => {
      underWay--
      socket.write(ok(`"${bodyOf(request)}"`))
    })
  }, { connections: 3 })
  const bodies = Array.from({ length: 50 }, (_, index) => String(index))
  assert.deepEqual(await Promise.all(bodies.map((body) => server.post(body))), bodies.map((body) => `"${body}"`))
  assert.deepEqual(await Promise.all(bodies.map((body) => server.post(body))), bodies.map((body) => `"${body}"`))
  assert.deepEqual([server.sockets.length, most], [3, 3])
  for (const [index, body] of order.slice(0, 50).entries()) assert.ok(Math.abs(Number(body) - index) < 6, `${body} came as number ${index}`)
})

test('what is sent is HTTP with the length in bytes, whatever the characters', async () => {
  const requests: string[] = []
  await using server = await serving((socket, request) => {
    requests.push(request)
    socket.write(ok(bodyOf(request)))
  })
  for (const body of ['{"a":1}', '{"a":"é€😀"}']) assert.equal(await server.post(body), body)
  assert.match(requests[1]!, /^POST \/graphql\?a=b HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n(.+\r\n)*content-length: 17\r\n\r\n/)
})

test('a header that HTTP does not allow is refused, and no header breaks the frame', () => {
  const url = new URL('http://a.example/')
  assert.throws(() => new HttpMessages(url, { 'x-a': 'b\r\nx-b: c' }), TypeError)
  assert.throws(() => new HttpMessages(url).of({ 'x-a': 'b\nc' }, ''), failure(/^was not asked/))
  assert.throws(() => new HttpMessages(url).of({ 'x a': 'b' }, ''), failure(/^was not asked/))
  assert.throws(() => new HttpMessages(url).of({ 'x-a': '€' }, ''), failure(/^was not asked/))
  const text = new HttpMessages(url, { 'Content-Length': '9', Host: 'b.example', 'x-a': 'own' }).of({ 'x-a': 'given', 'x-b': 'ü' }, '{}')
  assert.deepEqual(String(text).match(/^(host|content-length|x-.*):.*$/gm), ['host: b.example', 'x-a: own', 'content-length: 2', 'x-b: ü'])
})

test('a query that meets a connection which the server has just closed goes by a new one; a mutation does not', async () => {
  await using server = await serving((socket, request, connection) => {
    if (bodyOf(request) === 'again' && connection % 2 === 1) socket.destroy()
    else socket.write(ok(`${connection}`))
  })
  assert.equal(await server.post('first'), '1')
  assert.equal(await server.post('again'), '2')
  assert.equal(await server.post('first'), '2')
  const odd = serving((socket, request) => bodyOf(request) === 'again' ? socket.destroy() : socket.write(ok('1')))
  await using closing = await odd
  await closing.post('first')
  await assert.rejects(closing.post('again', { repeatable: false }), failure(/^could not be reached$/))
  assert.equal(closing.sockets.length, 1)
  await closing.post('first')
  await assert.rejects(closing.post('again'), failure(/^could not be reached$/))
  assert.equal(closing.sockets.length, 3, 'once more, on a new connection, and no more than once')
})

test('an answer that breaks off, and a server that is not there, could not be reached', async () => {
  await using server = await serving((socket, request) =>
    socket.end(bodyOf(request) === 'head' ? 'HTTP/1.1 200 OK\r\ncontent-le' : 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'))
  for (const body of ['head', 'body']) {
    await assert.rejects(server.post(body), (error) => failure(/^could not be reached$/)(error) && (error as SubgraphFailure).transient)
  }
  const nobody = new HttpClient({ url: new URL('http://127.0.0.1:1/'), timeoutMs: 5000, maxResponseBytes: 1, connections: 1 })
  await assert.rejects(nobody.post('x', true, undefined), failure(/^could not be reached$/))
  await nobody.close()
})

test('a connection is not used again when its server closes it, or has sent more than was asked for', async () => {
  await using server = await serving((socket, _, connection) => {
    if (connection === 1) socket.write(ok('1', 'connection: close'))
    else if (connection === 2) socket.write(`${ok('2')}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother`)
    else if (connection === 3) socket.end('HTTP/1.1 200 OK\r\n\r\n3')
    else socket.write(ok(String(connection)))
  })
  for (const expected of ['1', '2', '3', '4', '4']) assert.equal(await server.post('x'), expected)
})

test('bytes that nobody asked for end an idle connection', { timeout: 10_000 }, async () => {
  await using server = await serving((socket, _, connection) => socket.write(ok(String(connection), 'keep-alive: timeout=60')))
  assert.equal(await server.post('x'), '1')
  const ended = new Promise((resolve) => server.sockets[0]!.once('close', resolve))
  server.sockets[0]!.write(ok('"somebody else\'s"'))
  await ended
  assert.equal(await server.post('x'), '2')
})

test('a connection that the server keeps for a short time only is not used after it', async () => {
  await using server = await serving((socket, _, connection) => socket.write(ok(String(connection), 'keep-alive: timeout=1')))
  assert.equal(await server.post('x'), '1')
  assert.equal(await server.post('x'), '2')
})

test('garbage fails its call and ends its connection', async () => {
  await using server = await serving((socket, _, connection) => socket.write(connection === 1 ? 'SSH-2.0-x\r\n' : ok('fine')))
  await assert.rejects(server.post('x'), failure(/no HTTP\/1\.1$/))
  assert.equal(await server.post('x'), 'fine')
})

test('requests that are abandoned keep their connections when their answers come soon', async () => {
  await using server = await serving((socket, request) => setImmediate(() => socket.write(ok(bodyOf(request)))), { drainMs: 60_000 })
  for (let round = 0; round < 300; round++) {
    const leave = new AbortController()
    const left = Array.from({ length: 6 }, (_, index) => assert.rejects(server.post(`left ${index}`, { signal: leave.signal }), failure(/cancelled$/)))
    const stays = server.post(`stays ${round}`)
    if (round % 2 === 1) await new Promise((resolve) => setImmediate(resolve))
    leave.abort()
    await Promise.all(left)
    assert.equal(await stays, `stays ${round}`, 'never the answer of another')
  }
  assert.equal(server.sockets.length, 4)
})

test('an abandoned request whose answer does not come gives up its connection', async () => {
  const leave = new AbortController()
  await using server = await serving((socket, request) => {
    if (bodyOf(request) === 'never') leave.abort()
    else socket.write(ok('1'))
  }, { connections: 1 })
  const left = assert.rejects(server.post('never', { signal: leave.signal }), failure(/cancelled$/))
  const waits = server.post('waits')
  await left
  assert.equal(await waits, '1')
  assert.equal(server.sockets.length, 2)
})

test('who waits for a connection may leave, runs out of time like others, and is told when the client ends', { timeout: 10_000 }, async () => {
  await using server = await serving(() => { /* never */ }, { connections: 1, timeoutMs: 60 })
  const leave = new AbortController()
  const first = assert.rejects(server.post('first'), failure(/^did not answer within 60 ms$/))
  const waits = assert.rejects(server.post('waits'), failure(/^did not answer within 60 ms$/))
  const left = assert.rejects(server.post('left', { signal: leave.signal }), failure(/cancelled$/))
  leave.abort()
  await Promise.all([first, waits, left])
  const [connection] = server.sockets
  if (!connection!.destroyed) await new Promise((resolve) => connection!.once('close', resolve))
  const last = assert.rejects(server.post('last'), failure(/^could not be reached$/))
  await server.client.close()
  await last
  await assert.rejects(server.post('after'), failure(/^could not be reached$/))
})
