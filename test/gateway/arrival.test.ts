import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import WebSocket from 'ws'
import { Pace } from '../../subscriptions/delivery/pace.ts'
import { openDoor } from './door.ts'

test('WebSockets are made at the pace of those who come, also where one of them has left meanwhile', { timeout: 20_000 }, async () => {
  const turns: (() => void)[] = []
  let asked = 0
  class Counted extends Pace {
    override get turn(): Promise<void> | undefined {
      asked++
      return super.turn
    }
  }
  await using door = await openDoor({ arrival: new Counted({ budgetMs: 0, defer: (run) => void turns.push(run) }) })
  const clients = [0, 1, 2].map(() => new WebSocket(`${door.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws'))
  while (asked < clients.length) await nextTurn()
  const [impatient, ...others] = clients as [WebSocket, ...WebSocket[]]
  assert.deepEqual(clients.map(({ readyState }) => readyState), clients.map(() => WebSocket.CONNECTING))
  impatient.on('error', () => {})
  impatient.terminate()
  while (others.some(({ readyState }) => readyState !== WebSocket.OPEN)) {
    for (const run of turns.splice(0)) run()
    await nextTurn()
  }
  for (const client of others) {
    const closed = once(client, 'close')
    client.close()
    await closed
  }
  assert.deepEqual(door.told, [])
})
