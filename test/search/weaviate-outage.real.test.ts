import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, it, test } from 'node:test'
import { IndexUnavailableError, type EntityIndex } from '../../search/entity-index.ts'
import { openWeaviateIndex } from '../../search/weaviate.ts'
import { requireReal } from '../servers/available.ts'
import { startWeaviate, type WeaviateServer } from '../servers/weaviate.ts'
import { sharedWeaviate, uniquePrefix } from '../servers/shared.ts'
import { idsOf, randomFrom, randomVector, write } from './contract/fixture.ts'
import { losingProxy, tcpProxy } from './weaviate/proxies.ts'
import { removeCollections } from './weaviate/server.ts'

const key = 'a-very-secret-key'
const isUnavailable = (error: unknown): true => {
  assert.ok(error instanceof IndexUnavailableError, String(error))
  assert.equal(error.code, 'INDEX_UNAVAILABLE')
  assert.doesNotMatch(JSON.stringify([error.message, error.stack, String(error.cause)]), new RegExp(key))
  return true
}

const addressOf = ({ url, grpcHost, grpcPort }: Pick<WeaviateServer, 'url' | 'grpcHost' | 'grpcPort'>) => ({ url, grpcUrl: `http://${grpcHost}:${grpcPort}` })

/** A server that knows one key and lets nobody in without it. */
const keyed = {
  AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'false', AUTHENTICATION_APIKEY_ENABLED: 'true',
  AUTHENTICATION_APIKEY_ALLOWED_KEYS: key, AUTHENTICATION_APIKEY_USERS: 'freshet',
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  return port
}

/** Everything that an index is asked to do. */
const calls: [string, (index: EntityIndex, signal?: AbortSignal) => Promise<unknown>][] = [
  ['upsert', (index, signal) => index.upsert([write('user', 'u-1', { name: 'Never' })], signal)],
  ['delete', (index, signal) => index.delete([{ kind: 'user', id: 'u-1' }], signal)],
  ['getMany', (index, signal) => index.getMany('user', ['u-1'], { signal })],
  ['a listing', (index, signal) => index.query({ kind: 'user', limit: 1, signal })],
  ['a hybrid query', (index, signal) => index.query({
    kind: 'user', limit: 1, signal, hybrid: { text: 'ada', vector: { space: 'space-a', values: new Float32Array(8).fill(1) }, alpha: 0.5, fusion: 'ranked' },
  })],
  ['newGeneration', (index) => index.newGeneration()],
  ['stats', (index) => index.stats()],
]

/** A call that waited for its time-out would wait beyond the time of its test. */
const anHour = 3_600_000

describe('a Weaviate that goes away', { skip: requireReal('weaviate'), timeout: 240_000 }, () => {
  test('and comes back empty is said to be, with what to do', async () => {
    const server = await sharedWeaviate()
    const prefix = uniquePrefix()
    const index = await openWeaviateIndex({ ...addressOf(server), prefix })
    await index.open()
    await removeCollections(server.url, prefix)
    await assert.rejects(index.stats(), (error: Error) => isUnavailable(error) && /any more: restart Freshet, whose ingest creates it and fills it anew\.$/.test(error.message))
    await index.close()
  })

  test('is unavailable until it is back, and has lost nothing that was acknowledged', async () => {
    await using server = await startWeaviate({ env: keyed })
    const stranger = await openWeaviateIndex({ ...addressOf(server), apiKey: 'another-key' })
    await assert.rejects(stranger.open(), (error: Error) => isUnavailable(error) && /status 401/.test(error.message) && !error.message.includes('another-key'))
    await stranger.close()
    // Longer than the test waits: a server that is gone is noticed, not waited for.
    const index = await openWeaviateIndex({ ...addressOf(server), apiKey: key, timeouts: { read: anHour, write: anHour } })
    await index.open()
    const random = randomFrom(3)
    const vectors = Array.from({ length: 50 }, () => randomVector(8, random))
    await index.upsert(vectors.map((vector, n) => write('user', `u-${n}`, { name: `Ada ${n}` }, { 'space-a': vector })))
    for (let n = 0; n < 50; n++) await index.upsert([write('user', `u-${n}`, { country: n % 2 ? 'DE' : 'FR' })])

    const late = vectors.slice(0, 30).map((vector, n) => write('seller', `s-${n}`, { name: `Shop ${n}` }, { 'space-a': vector }))
    await index.upsert(late)
    const busy = Promise.allSettled(Array.from({ length: 20 }, (_, n) => index.getMany('user', [`u-${n}`])))
    await server.kill()
    for (const result of await busy) if (result.status === 'rejected') isUnavailable(result.reason)
    for (const [name, call] of calls) await assert.rejects(call(index), isUnavailable, name)

    await server.restart()
    const found = await index.getMany('user', vectors.map((_, n) => `u-${n}`), { withVectors: ['space-a'] })
    found.forEach((entity, n) => {
      assert.deepEqual(entity?.fields, { name: `Ada ${n}`, country: n % 2 ? 'DE' : 'FR' })
      assert.equal(entity.vectors!['space-a']!.length, 8)
    })
    const { hits } = await index.query({
      kind: 'user', limit: 3, filter: { field: 'country', op: 'eq', value: 'DE' },
      hybrid: { vector: { space: 'space-a', values: vectors[7]! }, alpha: 1, fusion: 'relativeScore' },
    })
    assert.equal(hits[0]!.entity.id, 'u-7')
    for (const [kind, count] of [['user', 50], ['seller', 30]] as const) {
      const near = await index.query({ kind, limit: 100, hybrid: { vector: { space: 'space-a', values: vectors[7]! }, alpha: 1, fusion: 'ranked' } })
      assert.equal(near.hits.length, count, `vectors of the kind ${kind}`)
    }
    await index.upsert([write('user', 'u-1', { name: 'Grace' }), write('user', 'u-new', { name: 'New' })])
    assert.deepEqual(idsOf((await index.query({ kind: 'user', limit: 5, hybrid: { text: 'grace new', alpha: 0, fusion: 'ranked' } })).hits).sort(), ['u-1', 'u-new'])
    assert.equal((await index.stats()).entities.user, 51)
    await index.close()
    await assert.rejects(index.getMany('user', ['u-1']), isUnavailable)
  })

  test('that is away for a moment only fails the calls of that moment', async () => {
    await using server = await startWeaviate()
    const index = await openWeaviateIndex({ ...addressOf(server), timeouts: { read: 3000, write: 3000 } })
    await index.open()
    await index.upsert([write('user', 'u-1', { name: 'Ada' })])
    await server.kill()
    // Nothing is asked while it is away: the connections are found dead by the first calls after it is back.
    await server.restart()
    await index.upsert([write('user', 'u-1', { country: 'DE' })])
    assert.deepEqual((await index.getMany('user', ['u-1']))[0]?.fields, { name: 'Ada', country: 'DE' })
    await index.close()
  })
})

describe('the way to a Weaviate', { skip: requireReal('weaviate'), timeout: 120_000 }, () => {
  it('may lose answers: what they would have said is done, and once', async () => {
    const { url, grpcHost, grpcPort } = await sharedWeaviate()
    const prefix = uniquePrefix()
    const lost: string[] = []
    await using proxy = await losingProxy(url, ({ method, url: path }) => {
      const name = `${method} ${path!.split('/')[2]}`
      if (!['POST objects', 'PATCH objects', 'POST batch', 'DELETE objects'].includes(name) || lost.includes(name)) return false
      lost.push(name)
      return true
    })
    const index = await openWeaviateIndex({ url: proxy.url, grpcUrl: `http://${grpcHost}:${grpcPort}`, prefix })
    await index.open()
    const vector = randomVector(8, randomFrom(1))
    await index.upsert([write('user', 'a', { name: 'Ada' }, { 'space-a': vector }), write('user', 'b', { name: 'Bea' })])
    await index.upsert([write('user', 'a', { country: 'GB' })])
    await index.delete([{ kind: 'user', id: 'b' }])
    assert.deepEqual(lost.sort(), ['DELETE objects', 'PATCH objects', 'POST batch', 'POST objects'])
    const [a, b] = await index.getMany('user', ['a', 'b'], { withVectors: ['space-a'] })
    assert.deepEqual(a?.fields, { name: 'Ada', country: 'GB' })
    assert.equal(a.vectors!['space-a']!.length, 8)
    assert.equal(b, null)
    await index.close()
    await removeCollections(url, prefix)
  })

  it('may be cut for gRPC alone, and is taken again as soon as it is mended', async () => {
    const { url, grpcPort } = await sharedWeaviate()
    const prefix = uniquePrefix()
    await using proxy = await tcpProxy(grpcPort)
    const index = await openWeaviateIndex({ url, grpcUrl: `http://127.0.0.1:${proxy.port}`, prefix, timeouts: { read: 2500 } })
    await index.open()
    await index.upsert([write('user', 'a', { name: 'Ada' })])
    proxy.cut()
    // Long enough for a client that goes on by itself to wait for seconds between its attempts.
    for (const began = performance.now(); performance.now() - began < 4000;) await assert.rejects(index.getMany('user', ['a', 'b']), isUnavailable)
    await proxy.mend()
    assert.equal((await index.getMany('user', ['a', 'b']))[0]?.fields.name, 'Ada')
    await index.close()
    await removeCollections(url, prefix)
  })
})

describe('a Weaviate whose gRPC is elsewhere', { skip: requireReal('weaviate') }, () => {
  it('is told by the address that was tried, before the client of gRPC goes on trying', async (t) => {
    const printed = t.mock.method(console, 'warn', () => {})
    const { url } = await sharedWeaviate()
    const prefix = uniquePrefix()
    const index = await openWeaviateIndex({ url, grpcUrl: `http://127.0.0.1:${await closedPort()}`, prefix })
    await assert.rejects(index.open(), (error: Error) => isUnavailable(error)
      && /serves over HTTP, but not over gRPC at http:\/\/127\.0\.0\.1:\d+ \(connect ECONNREFUSED/.test(error.message))
    await assert.rejects(index.getMany('user', ['a']), /not over gRPC/)
    assert.equal(printed.mock.callCount(), 0, 'what the client prints of its attempts')
    await index.close()
    await removeCollections(url, prefix)
  })
})

describe('a Weaviate that was never there', () => {
  it('but another server, is told so: no upgrade would mend that', async () => {
    const other = createHttpServer((_request, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const index = await openWeaviateIndex({ url })
    await assert.rejects(index.open(), (error: Error) => isUnavailable(error) && error.message.startsWith(`Weaviate at ${url} is something else: GET /v1/meta has status 404 and no version`))
    await index.close()
    other.close()
  })

  it('says where it was expected, without the key', async () => {
    const port = await closedPort()
    const index = await openWeaviateIndex({ url: `http://127.0.0.1:${port}`, apiKey: key })
    await assert.rejects(index.open(), (error: Error) => isUnavailable(error) && error.message.includes(`http://127.0.0.1:${port}`))
    await index.close()
  })

  it('is waited for no longer than the time-outs, or until the signal', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    try {
      const index = await openWeaviateIndex({ url, grpcUrl: url, apiKey: key, timeouts: { read: 400, write: 400, schema: 400 } })
      await assert.rejects(index.open(), isUnavailable)
      for (const [name, call] of calls) await assert.rejects(call(index), isUnavailable, name)
      await index.close()

      const patient = await openWeaviateIndex({ url, grpcUrl: url })
      for (const [name, call] of calls.slice(0, 5)) {
        const controller = new AbortController()
        const calling = call(patient, controller.signal)
        controller.abort()
        await assert.rejects(calling, { name: 'AbortError' }, name)
      }
      await patient.close()
    } finally {
      for (const socket of sockets) socket.destroy()
      silent.close()
    }
  })
})
