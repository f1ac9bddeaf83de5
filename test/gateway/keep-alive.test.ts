import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import type { WebSocket } from 'ws'
import { keepAlive } from '../../gateway/keep-alive.ts'

describe('a WebSocket that is pinged every 12 s', () => {
  function pinged(t: TestContext) {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const client = Object.assign(new EventEmitter(), {
      OPEN: 1, readyState: 1, bufferedAmount: 0, pings: 0, ended: false,
      ping: () => void client.pings++,
      terminate: () => void (client.ended = true),
    })
    const socket = Object.assign(new EventEmitter(), { timeout: 0, setTimeout: (ms: number) => void (socket.timeout = ms) })
    keepAlive(client as unknown as WebSocket, socket as unknown as Socket, 12_000, 30_000)
    return { client, socket, interval: () => t.mock.timers.tick(12_000) }
  }

  test('stays as long as it answers, and ends with the first ping that is not answered before the next', (t) => {
    const { client, interval } = pinged(t)
    for (let i = 1; i < 5; i++) {
      interval()
      assert.equal(client.pings, i)
      client.emit('pong')
    }
    interval()
    assert.ok(!client.ended)
    interval()
    assert.ok(client.ended)
    assert.equal(client.pings, 5)
  })

  test('is not pinged behind what it has not read, and has 30 s to take some of it', (t) => {
    const { client, socket, interval } = pinged(t)
    interval()
    client.bufferedAmount = 1
    for (let i = 0; i < 5; i++) interval()
    assert.deepEqual([client.pings, client.ended, socket.timeout], [1, false, 30_000])
  })

  test('is not ended for a ping whose answer comes behind what it has read meanwhile', (t) => {
    const { client, socket, interval } = pinged(t)
    interval()
    client.bufferedAmount = 1
    interval()
    client.bufferedAmount = 0
    socket.emit('drain')
    interval()
    assert.ok(!client.ended)
    interval()
    assert.ok(client.ended)
  })

  test('is forgotten once it is closed', (t) => {
    const { client, interval } = pinged(t)
    client.emit('close')
    interval()
    assert.equal(client.pings, 0)
  })
})
