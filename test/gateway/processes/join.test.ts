import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { createCallbacks, type Callbacks } from '../../../federation/index.ts'
import { addressOf } from '../../../gateway/processes/join.ts'
import { json, openRaw } from '../streams/raw-stream.ts'
import { ticking } from '../streams/ticking.ts'
import { openNeighbours, type Neighbours } from './neighbours.ts'

const reserve = async ({ url }: Neighbours): Promise<string> => {
  const reserved = await openRaw(`${url}/graphql/stream`, { method: 'PUT' })
  assert.equal(reserved.status, 201)
  return await reserved.ended
}
const open = ({ url }: Neighbours, token: string) => openRaw(`${url}/graphql/stream?token=${token}`, { method: 'GET', headers: { accept: 'text/event-stream' } })
const post = ({ url }: Neighbours, token: string, body: object, headers = {}) =>
  openRaw(`${url}/graphql/stream`, { headers: { ...json, 'x-graphql-event-stream-token': token, ...headers }, body: JSON.stringify(body) })

/** In place of another process: does with its connections what a test says. */
async function standIn({ directory }: Neighbours, number: number, serve: (socket: Socket) => void): Promise<Server & AsyncDisposable> {
  const server = createServer(serve).listen(addressOf(directory, number))
  await once(server, 'listening')
  return server as Server & AsyncDisposable
}

describe('several processes behind one port', { timeout: 60_000 }, () => {
  test('a stream that one has reserved is opened, used and stopped through another', async () => {
    const { source, resolvers } = ticking()
    await using neighbours = await openNeighbours(3, () => ({ resolvers }))
    const token = await reserve(neighbours)
    assert.match(token, /^1\./)
    neighbours.to(1)
    const stream = await open(neighbours, token)
    assert.match(stream.headers['content-type'] ?? '', /^text\/event-stream/)
    assert.equal((await post(neighbours, token, { query: 'subscription { ticks }', extensions: { operationId: 'a' } })).status, 202)
    source.give({ ticks: 1 })
    await stream.until(/event: next\ndata: \{"id":"a","payload":\{"data":\{"ticks":1\}/)
    neighbours.to(2)
    assert.equal((await post(neighbours, token, { query: '{ hello }', extensions: { operationId: 'b' } })).status, 202)
    await stream.until(/"id":"b","payload":\{"data":\{"hello":"wörld"\}/)
    assert.equal((await post(neighbours, token, { query: '{ hello }', extensions: { operationId: 'a' } })).status, 409, 'it is told what the owner says')
    assert.equal((await openRaw(`${neighbours.url}/graphql/stream?token=${token}&operationId=a`, { method: 'DELETE' })).status, 200)
    await source.left
    stream.leave()
  })

  test('a client that leaves is gone where its stream is', async () => {
    const { source, resolvers } = ticking()
    await using neighbours = await openNeighbours(2, () => ({ resolvers }))
    const token = await reserve(neighbours)
    neighbours.to(1)
    const stream = await open(neighbours, token)
    await post(neighbours, token, { query: 'subscription { ticks }', extensions: { operationId: 'a' } })
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    stream.leave()
    await source.left
    assert.equal((await post(neighbours, token, { query: '{ hello }', extensions: { operationId: 'b' } })).status, 404)
  })

  test('where the owner has ended, or never was, it is said that there is no such stream', async () => {
    await using neighbours = await openNeighbours(1, () => ({}))
    for (const token of ['7.f3c8', '999999999.x', '0.x', '1.x', '1', '../1.x', 'x']) {
      const answer = await open(neighbours, encodeURIComponent(token))
      assert.equal(answer.status, 404, token)
      assert.match(await answer.ended, /There is no such stream: reserve one with PUT/)
    }
  })

  test('an owner that ends before its answer is told from one that ends within it', async () => {
    await using neighbours = await openNeighbours(1, () => ({}))
    await using _ends = await standIn(neighbours, 7, (socket) => socket.once('data', () => socket.destroy()))
    const before = await open(neighbours, '7.x')
    assert.equal(before.status, 502)
    assert.match(await before.ended, /ended before it answered; begin anew.*PROCESS_GONE/)

    await using _breaks = await standIn(neighbours, 9, (socket) => socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n2\r\n:\n\r\n')
      socket.write('', () => socket.destroy())
    }))
    const broken = await fetch(`${neighbours.url}/graphql/stream?token=9.x`)
    assert.equal(broken.status, 200)
    await assert.rejects(broken.text(), 'it does not look complete')
  })

  test('an owner that does not answer is waited for as long as is set', async () => {
    await using neighbours = await openNeighbours(1, () => ({}), { answerMs: 50 })
    const silent = new Set<Socket>()
    await using _silent = await standIn(neighbours, 8, (socket) => void silent.add(socket.on('error', () => {})))
    const never = await open(neighbours, '8.x')
    assert.equal(never.status, 504)
    assert.match(await never.ended, /did not answer within 0.05 s/)
    for (const socket of silent) socket.destroy()
  })

  test('the rules of the door hold on both sides: key, limits, and no way around through another', async () => {
    await using neighbours = await openNeighbours(2, () => ({ settings: { apiKey: 'key' }, limits: { bodyBytes: 200 } }))
    const authorization = 'Bearer key'
    const reserved = await openRaw(`${neighbours.url}/graphql/stream`, { method: 'PUT', headers: { authorization } })
    const token = await reserved.ended
    neighbours.to(1)
    assert.equal((await post(neighbours, token, { query: '{ hello }' })).status, 401)
    assert.equal((await post(neighbours, token, { query: '{ hello }' }, { authorization })).status, 409)
    const large = await post(neighbours, token, { query: `{ hello } # ${'x'.repeat(200)}` }, { authorization })
    assert.equal(large.status, 413)
    assert.match(await large.ended, /more than 200 bytes/)
  })

  test('callbacks of subgraphs find the process that began the subscription', async () => {
    const all: Callbacks[] = []
    await using neighbours = await openNeighbours(2, (_index, { newId }) => {
      const callbacks = createCallbacks({ publicUrl: 'http://127.0.0.1/callbacks', heartbeatIntervalMs: 0, newId })
      all.push(callbacks)
      return { callbacks, settings: { apiKey: 'key' } }
    })
    const { extension: { subscriptionId: id, verifier, callbackUrl }, events } = all[0]!.open()
    neighbours.to(1)
    const call = (body: object, of = id) => fetch(`${neighbours.url}${new URL(callbackUrl).pathname.replace(id, of)}`, { method: 'POST', body: JSON.stringify(body) })
    const next = { kind: 'subscription', action: 'next', id, verifier, payload: { data: { a: 'ä' } } }
    assert.equal((await call(next)).status, 204)
    assert.deepEqual((await events.next()).value, { data: { a: 'ä' } })
    assert.equal((await call({ ...next, verifier: 'guessed' })).status, 400)
    assert.equal((await call(next, '7.x')).status, 404, 'its process has ended')
    await events.return()
    assert.equal((await call(next)).status, 404)
    assert.equal((await call(next, '%')).status, 404)
  })

  test('connections are taken until it closes, and what comes then is for another', async () => {
    await using neighbours = await openNeighbours(1, () => ({}))
    const [door] = neighbours.doors
    assert.deepEqual(door!.heard, [{ kind: 'open' }])
    assert.equal((await fetch(`${neighbours.url}/health/live`, { headers: { connection: 'close' } })).status, 200)
    assert.deepEqual(door!.heard.slice(1), [{ kind: 'took', ticket: 1, open: 1 }])
    door!.tell({ kind: 'connection', ticket: 2 }, undefined)
    assert.deepEqual(door!.heard.at(-1), { kind: 'took', ticket: 2, open: 0 })
    await door!.close()
    const kinds = door!.heard.map(({ kind }) => kind)
    assert.deepEqual(kinds, ['open', 'took', 'took', 'closing', 'measured'], 'at last it says what it has counted')
    door!.tell({ kind: 'connection', ticket: 3 }, undefined)
    assert.deepEqual(door!.heard.at(-1), { kind: 'refused', ticket: 3 })
  })

  test('closing waits for those who are served', async () => {
    const gate = Promise.withResolvers<string>()
    const asked = Promise.withResolvers<void>()
    const slow = () => {
      asked.resolve()
      return gate.promise
    }
    await using neighbours = await openNeighbours(1, () => ({ resolvers: { Query: { slow } } }))
    const [door] = neighbours.doors
    const answer = openRaw(`${neighbours.url}/graphql`, { headers: json, body: JSON.stringify({ query: '{ slow }' }) })
    await asked.promise
    let closed = false
    const closing = door!.close().then(() => { closed = true })
    for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate)
    assert.equal(closed, false)
    gate.resolve('at last')
    assert.match(await (await answer).ended, /"slow":"at last"/)
    await closing
  })

  test('whoever follows is told when it closes', async () => {
    const { source, resolvers } = ticking()
    await using neighbours = await openNeighbours(1, () => ({ resolvers }))
    const stream = await openRaw(`${neighbours.url}/graphql`, { headers: { ...json, accept: 'text/event-stream' }, body: JSON.stringify({ query: 'subscription { ticks }' }) })
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    await neighbours.doors[0]!.close()
    assert.match(await stream.ended, /retry: \d+/)
  })

  test('a stream whose client is connected to one that closes gets its last word from the one that has it', async () => {
    const { source, resolvers } = ticking()
    await using neighbours = await openNeighbours(2, () => ({ resolvers }))
    const token = await reserve(neighbours)
    neighbours.to(1)
    const stream = await open(neighbours, token)
    assert.equal((await post(neighbours, token, { query: 'subscription { ticks }', extensions: { operationId: 'a' } })).status, 202)
    source.give({ ticks: 1 })
    await stream.until('"ticks":1')
    // A client cannot say what one of them says to another, to either.
    for (const index of [1, 0]) {
      neighbours.to(index)
      const guessed = await openRaw(`${neighbours.url}/graphql/stream?token=${token}`, { method: 'DELETE', headers: { 'freshet-leaving': 'yes' } })
      assert.deepEqual([guessed.status, await guessed.ended], [400, '{"errors":[{"message":"The operation to stop is named by \\"operationId\\"."}]}'])
    }
    await neighbours.doors[1]!.close()
    assert.match(await stream.ended, /event: next\ndata: \{"id":"a","payload":\{"errors":\[\{"message":"[^"]+","extensions":\{"code":"SERVER_CLOSING","retryAfterMs":1000\}\}\]\}\}\n\nretry: 1000\n\n$/)
    await source.left
    assert.equal((await post(neighbours, token, { query: '{ hello }', extensions: { operationId: 'b' } })).status, 404)
  })

  test('what one has written the others note before it is answered', async () => {
    await using neighbours = await openNeighbours(2, () => ({}))
    const [one, other] = neighbours.doors
    const noted: (string | undefined)[] = []
    other!.peers.onWrote((key) => noted.push(key))
    let known = false
    const wrote = one!.peers.wrote('ada').then(() => { known = true })
    const message = one!.heard.at(-1)
    assert.ok(message?.kind === 'wrote' && message.key === 'ada')
    other!.tell({ kind: 'wrote', ask: 8, key: message.key })
    assert.deepEqual(noted, ['ada'])
    assert.deepEqual(other!.heard.at(-1), { kind: 'noted', ask: 8 })
    await new Promise(setImmediate)
    assert.equal(known, false)
    one!.tell({ kind: 'known', ask: message.ask })
    await wrote
  })

  test('/metrics is what the totals of all are, by whomever it is asked', async () => {
    await using neighbours = await openNeighbours(1, () => ({}))
    const [door] = neighbours.doors
    door!.telemetry.errors.inc(3)
    const asked = fetch(`${neighbours.url}/metrics`)
    while (!door!.heard.some(({ kind }) => kind === 'totals')) await new Promise(setImmediate)
    const { ask } = door!.heard.find((message) => message.kind === 'totals')!
    door!.tell({ kind: 'measure', ask: 5 })
    while (!door!.heard.some(({ kind }) => kind === 'measured')) await new Promise(setImmediate)
    const report = door!.heard.find((message) => message.kind === 'measured')!
    assert.equal(report.ask, 5)
    assert.equal(report.measured.find(({ name }) => name === 'freshet_errors_total')?.values[0]?.value, 3)
    door!.tell({ kind: 'totals', ask: ask + 1, text: 'of another' })
    door!.tell({ kind: 'totals', ask, text: 'errors 7\n' })
    assert.equal(await (await asked).text(), 'errors 7\n')
  })
})
