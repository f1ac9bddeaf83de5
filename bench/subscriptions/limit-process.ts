import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Kafka, logLevel } from 'kafkajs'
import { headOf } from '../../gateway/websocket-sink.ts'
import { messagesIn } from './frames.ts'
import { argumentsOf, serve } from './told.ts'
import { payloadOf } from './topic.ts'

interface Subscriber {
  socket: Duplex
  id: string
}

/**
 * What a Node process can do at most: a kafkajs consumer, and for each batch of it one write to each socket, of frames that differ
 * in nothing but the operation's id. It knows the protocol only as far as the load generator speaks it.
 */
const [brokers, topic] = argumentsOf<[string[], string]>()
const all = new Set<Subscriber>()
const byId = new Map<string, Set<Subscriber>>()
const server = createServer()
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`)
  socket.on('error', () => {})
  messagesIn(socket, (text) => {
    const { type, id, payload } = JSON.parse(text) as { type: string; id: string; payload: { variables?: { id: string } } }
    if (type === 'connection_init') return void socket.write(headOf(25) + '{"type":"connection_ack"}', 'latin1')
    const subscriber = { socket, id }
    const own = payload.variables?.id
    const set = own === undefined ? all : byId.get(own) ?? new Set()
    if (own !== undefined) byId.set(own, set)
    set.add(subscriber)
    socket.once('close', () => {
      set.delete(subscriber)
      if (own !== undefined && set.size === 0) byId.delete(own)
    })
  })
})

/** Joined by an operation's id (a UUID), frames of all of them. */
function framesOf(payloads: readonly string[]): string[] {
  const segments: string[] = []
  let open = ''
  for (const payload of payloads) {
    segments.push(`${open}${headOf(7 + 36 + 26 + payload.length + 1)}{"id":"`)
    open = `","type":"next","payload":${payload}}`
  }
  return [...segments, open]
}

const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: false })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch: { messages } }) => {
    if (all.size > 0) {
      const segments = framesOf(messages.map(({ value }) => payloadOf(String(value), 'tick')))
      for (const { socket, id } of all) socket.write(segments.join(id), 'latin1')
    }
    if (byId.size === 0) return
    for (const { value } of messages) {
      const text = String(value)
      const own = byId.get((JSON.parse(text) as { id: string }).id)
      if (!own) continue
      const segments = framesOf([payloadOf(text, 'tickOf')])
      for (const { socket, id } of own) socket.write(segments.join(id), 'latin1')
    }
  },
})
server.listen(0, '127.0.0.1', () => serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
