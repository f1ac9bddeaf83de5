import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, openSocket } from '../support/live-client.ts'
import { openDoor } from './door.ts'

test('a client that sends what only a server may is sent away, and nobody else is told', async (t) => {
  const printed = t.mock.method(console, 'error', () => {})
  await using door = await openDoor({ resolvers: { Query: { hello: () => 'hello' } } })
  for (const message of ['{"type":"connection_ack"}', '{"type":"next","id":"1","payload":{}}', '{"id":"1","payload":[],"type":"\\u0065rror"}']) {
    const client = await connect(door.url)
    // An operation may speak of them.
    assert.deepEqual(await client.subscribe('{ next: hello error: hello } # "type":"next"').data(), { next: 'hello', error: 'hello' })
    client.send(message)
    assert.deepEqual(await client.closed, { code: 4400, reason: 'Only a server sends messages of this type' })
  }
  assert.deepEqual(door.told, [])
  assert.equal(printed.mock.callCount(), 0)
})

test('so is one whose ping nests too deep to be sent back; any other payload is', async (t) => {
  const printed = t.mock.method(console, 'error', () => {})
  await using door = await openDoor()
  const socket = await openSocket(door.url)
  const ping = JSON.stringify({ type: 'ping', payload: { of: ['a', 'client'] } })
  socket.send(ping)
  assert.equal(String((await once(socket, 'message') as [Buffer])[0]), ping.replace('ping', 'pong'))
  const deep = 100_000
  socket.send(`{"type":"ping","payload":{"of":${'['.repeat(deep)}${']'.repeat(deep)}}}`)
  const [code, reason] = await once(socket, 'close') as [number, Buffer]
  assert.deepEqual([code, String(reason)], [4400, 'The payload of the ping nests too deep'])
  assert.deepEqual(door.told, [])
  assert.equal(printed.mock.callCount(), 0)
})
