import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'
import { isEvents } from '../../federation/index.ts'
import { webSocketClient } from '../../federation/websocket.ts'
import { listening } from './streaming-servers.ts'

const options = { headers: undefined, tls: undefined, connectTimeoutMs: 10_000, maxMessageBytes: 1_000, maxPendingEvents: 10 }

// A rejection that nobody handles would end the process, and fails this test.
test('who leaves while a connection is being made that then fails leaves nothing behind', async () => {
  await using server = await listening((_request, response) => response.end())
  const client = webSocketClient({ ...options, url: server.url.replace('http', 'ws') })
  const upgraded = once(server.server, 'upgrade') as Promise<[unknown, Duplex]>
  const left = new AbortController()
  const events = await client.subscribe({ query: 'subscription { a }', kind: 'subscription', context: undefined, signal: left.signal })
  assert.ok(isEvents(events))
  const [, socket] = await upgraded
  left.abort()
  socket.destroy()
  assert.equal((await events[Symbol.asyncIterator]().next()).done, true)
  await client.close()
  for (let turn = 0; turn < 5; turn++) await nextTurn()
})
