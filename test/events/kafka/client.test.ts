import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { Client } from '../../../events/kafka/client.ts'

describe('a client of Kafka', { timeout: 20_000 }, () => {
  test('that was closed opens no connection any more: kafkajs would go on with what it was about to do, and nobody would end that', async () => {
    const sockets = new Set<Socket>()
    const broker = createServer((socket) => void sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    using _closing = { [Symbol.dispose]: () => { broker.close(); for (const socket of sockets) socket.destroy() } }
    await once(broker, 'listening')
    const { port } = broker.address() as AddressInfo
    const client = new Client({ brokers: [`127.0.0.1:${port}`], clientId: 'test' }, { retries: 0 })
    const begun = client.kafka.admin().connect()
    await once(broker, 'connection')
    client.destroy()
    await assert.rejects(begun, /the client was closed/)
    await assert.rejects(client.kafka.admin().connect(), /the client was closed/)
  })
})
