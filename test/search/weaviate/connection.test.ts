import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, it } from 'node:test'
import { IndexUnavailableError } from '../../../search/entity-index.ts'
import { Connection, messageIn } from '../../../search/weaviate/connection.ts'

const timeouts = { read: 5000, write: 5000, schema: 5000 }

/** A connection to a server that answers as told. */
async function connected(listener: RequestListener, options: { path?: string; apiKey?: string } = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.path ?? ''}`
  const connection = new Connection({ url, grpcUrl: url, apiKey: options.apiKey, timeouts })
  return {
    get: (path: string) => connection.within('write', undefined, (signal) => connection.rest('GET', path, undefined, signal)),
    connection,
    [Symbol.asyncDispose]: async () => {
      await connection.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('a connection to Weaviate', () => {
  it('asks again where the server closes an idle connection just as it is taken', async () => {
    const used = new Set<Socket>()
    let refused = 0
    await using server = await connected(({ socket }, response) => {
      if (!used.has(socket)) {
        used.add(socket)
        return response.end('{"served":true}')
      }
      refused++
      socket.destroy()
    })
    for (let n = 0; n < 5; n++) assert.deepEqual(await server.get('/meta'), { status: 200, body: { served: true } })
    assert.ok(refused > 0)
  })

  it('says what the server said, without the key', async () => {
    const apiKey = 'the-key-itself'
    const seen: (string | undefined)[] = []
    await using server = await connected(({ url, headers }, response) => {
      seen.push(url, headers.authorization)
      response.statusCode = 500
      response.end(JSON.stringify({ error: [{ message: `the shard is gone; you are ${apiKey}` }] }))
    }, { apiKey, path: '/behind/a/proxy/' })
    await assert.rejects(server.get('/meta'), (error: Error) => {
      assert.ok(error instanceof IndexUnavailableError)
      assert.match(error.message, /^Weaviate at http:\/\/127\.0\.0\.1:\d+ answered GET \/meta with status 500: the shard is gone; you are …\./)
      return true
    })
    assert.deepEqual(seen, ['/behind/a/proxy/v1/meta', `Bearer ${apiKey}`])
  })

  it('that cannot be made says so, like one that is lost, and leaves mistakes in a call to whoever made it', async () => {
    await using away = await connected(({ socket }) => socket.destroy())
    await assert.rejects(away.connection.read('Users', undefined, async () => {}), (error) => error instanceof IndexUnavailableError && /is not there \(socket hang up\)/.test(error.message))
    await using lost = await connected(({ url, socket }, response) => void (url?.endsWith('/ready') ? response.end() : socket.destroy()))
    await assert.rejects(lost.connection.read('Users', undefined, async () => {}), (error) => error instanceof IndexUnavailableError && /failed: fetch failed/.test(error.message))
    await using there = await connected((_, response) => response.end('{"version":"1.38.11"}'))
    await assert.rejects(there.connection.read('Users', undefined, () => Promise.reject(new TypeError('no such property'))), /^TypeError: no such property$/)
  })

  it('leaves a missing object and a refused request to the caller', async () => {
    for (const status of [404, 422]) {
      await using server = await connected((_, response) => {
        response.statusCode = status
        response.end('no JSON')
      })
      assert.deepEqual(await server.get('/objects/x'), { status, body: 'no JSON' })
    }
  })

  it('takes nothing more once it is closed', async () => {
    const server = await connected((_, response) => response.end('{}'))
    await server[Symbol.asyncDispose]()
    await server.connection.close()
    assert.throws(() => server.get('/meta'), /The Weaviate index is closed/)
  })

  it('cuts what the server says to a line', () => {
    assert.equal(messageIn({ error: [{ message: 'one' }, { message: 'two' }] }), 'one; two')
    assert.equal(messageIn({ code: 401, message: 'who are you' }), 'who are you')
    assert.equal(messageIn(undefined), 'nothing')
    assert.equal(messageIn('x'.repeat(1000)).length, 500)
  })
})
