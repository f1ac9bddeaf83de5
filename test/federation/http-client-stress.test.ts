import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SubgraphFailure } from '../../federation/index.ts'
import { HttpClient } from '../../federation/http-client.ts'
import { HttpMessages } from '../../federation/http-message.ts'

/** The same numbers in [0, 1) for the same seed (mulberry32). */
const randomOf = (seed: number) => (): number => {
  let t = seed = seed + 0x6D2B79F5 | 0
  t = Math.imul(t ^ t >>> 15, t | 1)
  t ^= t + Math.imul(t ^ t >>> 7, t | 61)
  return ((t ^ t >>> 14) >>> 0) / 4294967296
}

interface BadServer extends AsyncDisposable {
  url: URL
  /** Connections that are open. */
  sockets: Set<Socket>
}

/**
 * A server on bare sockets that answers each request with its own body, and does what servers and the machines between
 * do at the worst moment: closes idle connections, also while a request is on its way; answers late, in pieces, by
 * half, or never; says that it closes and does not, or closes and does not say so; resets.
 * @param faithful each request is answered, or its connection ends
 */
async function serveBadly(random: () => number, faithful: boolean): Promise<BadServer> {
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, action: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      action()
    }, ms)
    timers.add(timer)
  }
  const answer = (socket: Socket, body: string): void => {
    const text = (headers = '') => `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`
    const whole = text()
    const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const way = random()
    if (way < 0.5) socket.write(whole)
    else if (way < 0.6) socket.write(chunked)
    else if (way < 0.68) later(random() * 20, () => socket.write(whole))
    else if (way < 0.75) {
      const cut = Math.floor(random() * chunked.length)
      socket.write(chunked.slice(0, cut))
      later(random() * 5, () => socket.write(chunked.slice(cut)))
    } else if (way < 0.8) socket.end(whole)
    else if (way < 0.84) socket.end(text('connection: close\r\n'))
    else if (way < 0.87) socket.write(text('connection: close\r\n'))
    else if (way < 0.9) socket.end(whole.slice(0, Math.floor(random() * whole.length)))
    else if (way < 0.92 && !faithful) socket.write(whole.slice(0, Math.floor(random() * whole.length)))
    else if (way < 0.94) socket.destroy()
    else if (way < 0.96) socket.resetAndDestroy()
    else if (way < 0.98) socket.write(`${whole}HTTP/1.1 200 OK\r\n`)
    else if (faithful) later(random() * 5, () => socket.end())
    // Otherwise never.
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (;;) {
        const head = text.indexOf('\r\n\r\n')
        const length = Number(/content-length: (\d+)/.exec(text)?.[1])
        if (head < 0 || text.length < head + 4 + length) return
        const body = text.slice(head + 4, head + 4 + length)
        text = text.slice(head + 4 + length)
        answer(socket, body)
        if (random() < 0.2) later(random() * 3, () => socket.end())
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`),
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

for (const [seed, faithful] of [[1, false], [2, false], [3, true], [4, true]] as const)
  test(`every call ends in its own answer or an error, ${faithful ? 'none by its time' : 'whatever the server does to connections'} (seed ${seed})`, { timeout: 120_000 }, async () => {
    const random = randomOf(seed)
    await using server = await serveBadly(random, faithful)
    const client = new HttpClient({ url: server.url, timeoutMs: faithful ? 30_000 : 250, maxResponseBytes: 10_000, connections: 12 })
    const messages = new HttpMessages(server.url)
    const counts = { answered: 0, failed: 0, left: 0 }
    const calls = 3_000
    let begun = 0
    const caller = async (): Promise<void> => {
      while (begun < calls) {
        const body = JSON.stringify({ number: ++begun, padding: 'x'.repeat(Math.floor(random() * 200)) })
        const leave = random() < 0.1 ? new AbortController() : undefined
        if (leave) setTimeout(() => leave.abort(), random() * 10)
        try {
          const { status, text } = await client.post(messages.of({}, body), random() < 0.8, leave?.signal)
          assert.deepEqual([status, text], [200, body], 'the answer to another request')
          counts.answered++
        } catch (error) {
          assert.ok(error instanceof SubgraphFailure, String(error))
          assert.ok(!faithful || !/did not answer/.test(error.message), `${error.message}: ${body}`)
          counts[leave?.signal.aborted ? 'left' : 'failed']++
        }
      }
    }
    await Promise.all(Array.from({ length: 50 }, caller))
    assert.equal(counts.answered + counts.failed + counts.left, calls)
    assert.ok(counts.answered > calls / 2 && counts.failed > 0 && counts.left > 0, JSON.stringify(counts))
    assert.ok(server.sockets.size <= 12, `${server.sockets.size} connections`)
    await client.close()
    while (server.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
    await assert.rejects(client.post(messages.of({}, '{}'), true, undefined), /could not be reached/)
  })

test('a pause of this process takes nothing of an answer that came meanwhile', { timeout: 30_000 }, async () => {
  const worker = new Worker(`
    const { createServer } = require('node:http')
    const { parentPort } = require('node:worker_threads')
    const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')))
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
  `, { eval: true })
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => void await worker.terminate())
  const [port] = await once(worker, 'message') as [number]
  const url = new URL(`http://127.0.0.1:${port}/graphql`)
  const client = new HttpClient({ url, timeoutMs: 200, maxResponseBytes: 100, connections: 1 })
  stack.defer(() => client.close())
  const message = new HttpMessages(url).of({}, '{}')
  await client.post(message, true, undefined)
  const answer = client.post(message, true, undefined)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
  assert.deepEqual(await answer, { status: 200, text: '{}' })
})
