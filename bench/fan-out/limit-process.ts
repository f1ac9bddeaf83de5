import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Kafka, logLevel } from 'kafkajs'
import { headOf } from '../../gateway/websocket-sink.ts'
import { messagesIn } from './frames.ts'
import { payloadOf } from './topic.ts'

/**
 * What a Node process can do at most: a kafkajs consumer, and for each batch of it one write to each socket, of frames that differ
 * in nothing but the operation's id. It knows the protocol only as far as the load generator speaks it.
 */
const [brokers, topic] = process.argv.slice(2) as [string, string]
const subscribers: { socket: Duplex; id: string }[] = []
const server = createServer()
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`)
  socket.on('error', () => {})
  messagesIn(socket, (text) => {
    const { type, id } = JSON.parse(text) as { type: string; id: string }
    if (type === 'connection_init') socket.write(headOf(25) + '{"type":"connection_ack"}', 'latin1')
    else if (type === 'subscribe') subscribers.push({ socket, id })
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))

const consumer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: false })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch: { messages } }) => {
    const segments: string[] = []
    let open = ''
    for (const { value } of messages) {
      const payload = payloadOf(String(value))
      segments.push(`${open}${headOf(7 + 36 + 26 + payload.length + 1)}{"id":"`)
      open = `","type":"next","payload":${payload}}`
    }
    segments.push(open)
    for (const { socket, id } of subscribers) socket.write(segments.join(id), 'latin1')
  },
})
