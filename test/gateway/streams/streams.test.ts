import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { maxCursorLength } from '../../../subscriptions/cursor.ts'
import { openDoor, withoutFreshness } from '../door.ts'
import { json, openRaw } from './raw-stream.ts'
import { ticking } from './ticking.ts'

const subscribe = JSON.stringify({ query: 'subscription { ticks }' })

describe('server-sent events, distinct connections', { timeout: 60_000 }, () => {
  const accept = { ...json, accept: 'text/event-stream' }

  test('results are events, and the end is one', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: accept, body: subscribe })
    assert.equal(stream.status, 200)
    assert.match(stream.headers['content-type'] ?? '', /^text\/event-stream/)
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    source.give({ ticks: 2 })
    source.end()
    const text = await stream.ended
    assert.match(text, /^:\n\nevent: next\ndata: \{"data":\{"ticks":1\},"extensions":\{"freshness":[^\n]+\}\}\n\nevent: next\ndata: \{"data":\{"ticks":2\}[^\n]+\n\nevent: complete\ndata:\n\n$/)
  })

  test('queries are one event and the end, also by GET; mutations by GET are refused', async () => {
    const { resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    for (const asked of [
      openRaw(`${door.url}/graphql`, { headers: accept, body: JSON.stringify({ query: '{ hello }' }) }),
      openRaw(`${door.url}/graphql?query=%7Bhello%7D`, { method: 'GET', headers: { accept: 'text/event-stream' } }),
    ]) assert.match(await (await asked).ended, /^:\n\nevent: next\ndata: \{"data":\{"hello":"wörld"\},"extensions":\{"freshness":\{[^}]+\}\}\}\n\nevent: complete\ndata:\n\n$/)
    assert.equal((await openRaw(`${door.url}/graphql?query=mutation%7Bcount%7D`, { method: 'GET', headers: { accept: 'text/event-stream' } })).status, 405)
  })

  test('the largest cursor comes through as Last-Event-ID, and what is beyond it is refused', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: { ...accept, 'last-event-id': 'A'.repeat(maxCursorLength) }, body: subscribe })
    assert.equal(stream.status, 200)
    source.give({ ticks: 1 })
    await stream.until('"reason":"CURSOR"')
    stream.leave()
    assert.equal((await openRaw(`${door.url}/graphql`, { headers: { ...accept, 'last-event-id': 'A'.repeat(2 * maxCursorLength) }, body: subscribe })).status, 431)
  })

  test('what is wrong with an operation is an event', async () => {
    await using door = await openDoor()
    const stream = await openRaw(`${door.url}/graphql`, { headers: accept, body: JSON.stringify({ query: 'subscription { nothing }' }) })
    assert.match(await stream.ended, /^:\n\nevent: next\ndata: \{"errors":\[\{"message":"Cannot query field[^\n]+\n\nevent: complete\ndata:\n\n$/)
  })

  test('who leaves ends the source', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: accept, body: subscribe })
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    stream.leave()
    await source.left
  })

  test('a server that closes asks clients to come again', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: accept, body: subscribe })
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    await door.close()
    const text = await stream.ended
    assert.match(text, /\n\nretry: \d+\n\n$/)
    assert.doesNotMatch(text, /event: complete/)
  })
})

describe('multipart subscriptions', { timeout: 60_000 }, () => {
  const accept = { ...json, accept: 'multipart/mixed;subscriptionSpec=1.0, application/json' }

  /** The JSON of all parts, by the protocol's own rules. */
  const partsOf = (text: string): unknown[] =>
    text.split(/(?:\r\n)?--graphql(?:--)?(?:\r\n)?/).filter((part) => part.trim() !== '').map((part) => {
      const [head, body] = part.split('\r\n\r\n')
      assert.equal(head?.trim().toLowerCase(), 'content-type: application/json')
      return JSON.parse(body ?? '') as unknown
    })

  test('results are the payloads of parts', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: accept, body: subscribe })
    assert.equal(stream.headers['content-type'], 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0')
    source.give({ ticks: 1 })
    // The boundary behind it has come with it.
    await stream.until(/"ticks":1\}.*\r\n--graphql$/s)
    source.end()
    const text = await stream.ended
    assert.ok(text.endsWith('\r\n--graphql--\r\n'))
    const [first, second, ...rest] = partsOf(text) as [object, { payload: { data: unknown; extensions: object } }]
    assert.deepEqual(first, {})
    assert.deepEqual(second.payload.data, { ticks: 1 })
    assert.deepEqual(Object.keys(second.payload.extensions), ['freshness'])
    assert.deepEqual(rest, [])
  })

  test('a refused subscription is a payload; a query is answered in JSON', async () => {
    const { resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const query = await openRaw(`${door.url}/graphql`, { headers: accept, body: JSON.stringify({ query: '{ hello }' }) })
    assert.deepEqual([query.status, withoutFreshness(JSON.parse(await query.ended) as object)], [200, { data: { hello: 'wörld' } }])
    const wrong = await openRaw(`${door.url}/graphql`, { headers: accept, body: JSON.stringify({ query: '{ nothing }' }) })
    assert.equal(wrong.status, 400)
    assert.match(await wrong.ended, /Cannot query field/)
  })

  test('a server that closes says so, and when to come again', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: accept, body: subscribe })
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    await door.close()
    const last = partsOf(await stream.ended).at(-1) as { payload: null; errors: { extensions: { code: string; retryAfterMs: number } }[] }
    assert.equal(last.payload, null)
    assert.deepEqual(last.errors.map(({ extensions: { code, retryAfterMs } }) => [code, typeof retryAfterMs]), [['SERVER_CLOSING', 'number']])
  })

  test('who does not ask for it does not get it', async () => {
    const { resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const stream = await openRaw(`${door.url}/graphql`, { headers: { ...json, accept: 'multipart/mixed, application/json' }, body: JSON.stringify({ query: '{ hello }' }) })
    assert.match(stream.headers['content-type'] ?? '', /json/)
    await stream.ended
  })
})

describe('server-sent events, single connection', { timeout: 60_000 }, () => {
  const reserve = async (url: string) => {
    const reserved = await openRaw(`${url}/graphql/stream`, { method: 'PUT' })
    assert.equal(reserved.status, 201)
    return await reserved.ended
  }
  const open = (url: string, token: string) => openRaw(`${url}/graphql/stream?token=${token}`, { method: 'GET', headers: { accept: 'text/event-stream' } })
  const post = (url: string, token: string, body: object) =>
    openRaw(`${url}/graphql/stream`, { headers: { ...json, 'x-graphql-event-stream-token': token }, body: JSON.stringify(body) })

  test('operations run over one stream, each by its id, until they are stopped', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const token = await reserve(door.url)
    const stream = await open(door.url, token)
    assert.match(stream.headers['content-type'] ?? '', /^text\/event-stream/)
    assert.equal((await post(door.url, token, { query: 'subscription { ticks }', extensions: { operationId: 'a"ö' } })).status, 202)
    source.give({ ticks: 1 })
    await stream.until(/event: next\ndata: \{"id":"a\\"ö","payload":\{"data":\{"ticks":1\}[^\n]+\n\n/)
    assert.equal((await post(door.url, token, { query: '{ hello }', extensions: { operationId: 'b' } })).status, 202)
    await stream.until(/event: next\ndata: \{"id":"b","payload":\{"data":\{"hello":"wörld"\},"extensions":[^\n]+\n\nevent: complete\ndata: \{"id":"b"\}\n\n/)
    assert.equal((await post(door.url, token, { query: '{ hello }', extensions: { operationId: 'a"ö' } })).status, 409)
    const stopped = await openRaw(`${door.url}/graphql/stream?token=${token}&operationId=${encodeURIComponent('a"ö')}`, { method: 'DELETE' })
    assert.equal(stopped.status, 200)
    await source.left
    stream.leave()
  })

  test('the end of a source is told; an operation that is not valid is refused', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const token = await reserve(door.url)
    const stream = await open(door.url, token)
    await post(door.url, token, { query: 'subscription { ticks }', extensions: { operationId: 'a' } })
    source.end()
    await stream.until('event: complete\ndata: {"id":"a"}\n\n')
    for (const [query, why] of [['{ nothing }', /Cannot query field/], ['{', /Syntax Error/]] as const) {
      const refused = await post(door.url, token, { query, extensions: { operationId: 'b' } })
      assert.equal(refused.status, 400)
      assert.match(await refused.ended, why)
    }
    // Its id is free.
    assert.equal((await post(door.url, token, { query: '{ hello }', extensions: { operationId: 'b' } })).status, 202)
    assert.doesNotMatch(await stream.until(/event: complete\ndata: \{"id":"b"\}\n\n/), /errors/)
    stream.leave()
  })

  test('a stream is opened once, by its token, and gone when its client is', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const token = await reserve(door.url)
    assert.equal((await post(door.url, token, { query: '{ hello }', extensions: { operationId: 'a' } })).status, 409)
    const stream = await open(door.url, token)
    assert.equal((await open(door.url, token)).status, 409)
    assert.equal((await open(door.url, 'guessed')).status, 404)
    assert.equal((await post(door.url, token, { query: '{ hello }' })).status, 400)
    await post(door.url, token, { query: 'subscription { ticks }', extensions: { operationId: 'a' } })
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    stream.leave()
    await source.left
    assert.equal((await post(door.url, token, { query: '{ hello }', extensions: { operationId: 'b' } })).status, 404)
  })

  test('there are limits to streams and to their operations', async () => {
    const { resolvers } = ticking()
    await using door = await openDoor({ resolvers, limits: { connections: 1, operationsPerConnection: 1 } })
    const token = await reserve(door.url)
    assert.equal((await openRaw(`${door.url}/graphql/stream`, { method: 'PUT' })).status, 503)
    const stream = await open(door.url, token)
    assert.equal((await post(door.url, token, { query: 'subscription { ticks }', extensions: { operationId: 'a' } })).status, 202)
    assert.equal((await post(door.url, token, { query: 'subscription { ticks }', extensions: { operationId: 'b' } })).status, 429)
    stream.leave()
  })

  test('a server that closes says where subscriptions stand', async () => {
    const { resolvers } = ticking()
    await using door = await openDoor({ resolvers })
    const token = await reserve(door.url)
    const stream = await open(door.url, token)
    for (const operationId of ['a', 'ö']) assert.equal((await post(door.url, token, { query: 'subscription { ticks }', extensions: { operationId } })).status, 202)
    await door.close()
    const text = await stream.ended
    const word = (id: string) => `event: next\ndata: {"id":"${id}","payload":{"errors":[{"message":"The server is closing; subscribe again behind the cursor.",`
      + '"extensions":{"code":"SERVER_CLOSING","retryAfterMs":1000}}]}}\n\n'
    assert.ok(text.endsWith(`:\n\n${word('a')}${word('ö')}retry: 1000\n\n`), text)
  })
})
