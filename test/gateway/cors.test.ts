import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openDoor, type OpenDoor } from './door.ts'
import { rawRequest } from './raw-request.ts'

const origin = 'https://app.example.com'
const json = { 'content-type': 'application/json' }
const body = JSON.stringify({ query: '{ hello }' })
const resolvers = { Query: { hello: () => 'hello' } }
const settings = { allowedOrigins: [origin] }

const preflight = (door: OpenDoor, path: string, headers: object = {}) => rawRequest(`${door.url}${path}`, {
  method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type,freshet-token', ...headers },
})

describe('pages of allowed origins', { timeout: 60_000 }, () => {
  test('read every answer, refusals and streams included', async () => {
    await using door = await openDoor({ resolvers, settings, limits: { bodyBytes: 1_000 } })
    const stream = '/graphql/stream'
    for (const [status, path, asked] of [
      [200, '/graphql', { method: 'POST', headers: json, body }],
      [200, '/graphql?query={hello}', {}],
      [200, '/graphql', { method: 'POST', headers: { ...json, accept: 'text/event-stream' }, body }],
      [200, '/graphql', { method: 'POST', headers: { ...json, accept: 'multipart/mixed;subscriptionSpec=1.0' }, body }],
      [200, '/graphql', { headers: { accept: 'text/html' } }],
      [201, stream, { method: 'PUT' }],
      [400, '/graphql', { method: 'POST', headers: json, body: '{' }],
      [404, stream, { method: 'POST', headers: json, body }],
      [405, '/graphql', { method: 'PATCH' }],
      [413, '/graphql', { method: 'POST', headers: json, body: ' '.repeat(1_001) }],
      [421, '/graphql', { method: 'POST', headers: { ...json, host: 'evil.example.com' }, body }],
    ] as [number, string, { method?: string; headers?: object; body?: string }][]) {
      const { status: got, headers } = await rawRequest(`${door.url}${path}`, { ...asked, headers: { ...asked.headers, origin } })
      const what = `${asked.method ?? 'GET'} ${path} ${status}`
      assert.equal(got, status, what)
      assert.equal(headers['access-control-allow-origin'], origin, what)
      assert.match(headers.vary ?? '', /\borigin\b/, what)
      assert.equal(headers['access-control-allow-credentials'], undefined)
    }
  })

  test('read that a key is missing; their preflights need none', async () => {
    await using door = await openDoor({ resolvers, settings: { ...settings, apiKey: 'open sesame' } })
    const { status, headers } = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: { ...json, origin }, body })
    assert.deepEqual([status, headers['access-control-allow-origin']], [401, origin])
    assert.equal((await preflight(door, '/graphql')).status, 204)
    assert.equal((await rawRequest(`${door.url}/graphql`, { method: 'OPTIONS', headers: { origin } })).status, 401)
  })

  test('are told before what they may send', async () => {
    await using door = await openDoor({ resolvers, settings })
    for (const [path, methods] of [['/graphql', 'GET, POST'], ['/graphql/stream', 'PUT, GET, POST, DELETE']] as const) {
      const { status, headers, text } = await preflight(door, path)
      assert.deepEqual([status, text], [204, ''])
      assert.equal(headers['access-control-allow-origin'], origin)
      assert.equal(headers['access-control-allow-methods'], methods)
      assert.equal(headers['access-control-allow-headers'], 'authorization,content-type,freshet-token')
      assert.equal(headers['access-control-max-age'], '7200')
    }
    assert.equal((await preflight(door, '/graphql', { host: 'evil.example.com' })).status, 421)
  })

  test('are the only ones: others are refused, and where none is allowed nothing is said', async () => {
    await using door = await openDoor({ resolvers, settings })
    for (const other of ['https://evil.example.com', 'null', `${origin}.evil.com`, 'http://app.example.com']) {
      const { status, headers } = await preflight(door, '/graphql', { origin: other })
      assert.equal(status, 403, other)
      assert.equal(headers['access-control-allow-origin'], undefined, other)
    }
    const { headers: plain } = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: json, body })
    assert.deepEqual([plain['access-control-allow-origin'], plain.vary], [undefined, 'origin'])
    assert.equal((await rawRequest(`${door.url}/metrics`, { headers: { origin } })).headers['access-control-allow-origin'], undefined)
    await using closed = await openDoor({ resolvers })
    const { status, headers } = await preflight(closed, '/graphql')
    assert.deepEqual([status, headers['access-control-allow-origin'], headers.vary], [403, undefined, undefined])
  })
})
