import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { Http, isClosedConnection } from '../../../search/weaviate/http.ts'

const signal = new AbortController().signal

/** A server on a port of its own and a client with two connections to it. */
async function withServer(serve: (request: IncomingMessage, response: ServerResponse) => void, work: (http: Http, sockets: Set<Socket>) => Promise<void>): Promise<void> {
  const server = createServer(serve)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const http = new Http(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 2)
  try {
    await work(http, sockets)
  } finally {
    http.close()
    server.closeAllConnections()
    server.close()
  }
}

describe('HTTP to Weaviate', () => {
  test('sends method, path, headers and body, and gives status and text, ten at once over two connections', () => withServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => { body += part }).on('end', () => {
      const { method, url, headers } = request
      response.writeHead(404).end(JSON.stringify([method, url, headers.authorization, headers['content-type'], headers['content-length'], body]))
    })
  }, async (http, sockets) => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => http.send('PATCH', '/v1/x', { authorization: 'Bearer k' }, 'ä', signal)))
    for (const { status, text } of answers) {
      assert.equal(status, 404)
      assert.deepEqual(JSON.parse(text), ['PATCH', '/v1/x', 'Bearer k', 'application/json', '2', 'ä'])
    }
    assert.deepEqual(JSON.parse((await http.send('GET', '/', {}, undefined, signal)).text), ['GET', '/', null, null, null, ''])
    assert.equal(sockets.size, 2)
  }))

  test('a connection that is closed before or amid an answer is told as such', () => withServer((request, response) => {
    if (request.url === '/amid') response.writeHead(200, { 'content-length': 100 }).write('part', () => response.destroy())
    else request.socket.destroy()
  }, async (http) => {
    for (const path of ['/before', '/amid']) await assert.rejects(http.send('GET', path, {}, undefined, signal), isClosedConnection)
  }))

  test('an aborted request ends at once, also when its answer has begun', () => withServer((_, response) => {
    response.writeHead(200).write('part', () => stops.shift()?.abort())
  }, async (http) => {
    const stop = new AbortController()
    stops.push(stop)
    await assert.rejects(http.send('GET', '/', {}, undefined, stop.signal), { name: 'AbortError' })
    await assert.rejects(http.send('GET', '/', {}, undefined, stop.signal), { name: 'AbortError' })
  }))
  const stops: AbortController[] = []

  test('nobody there is no closed connection', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await new Promise((resolve) => server.close(resolve))
    await assert.rejects(new Http(url, 1).send('GET', '/', {}, undefined, signal), (error) => !isClosedConnection(error) && (error as { code?: string }).code === 'ECONNREFUSED')
  })
})
