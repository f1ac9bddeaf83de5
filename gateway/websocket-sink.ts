import type { Duplex } from 'node:stream'
import type { GraphQLError } from 'graphql'
import { WebSocket } from 'ws'
import { Connection } from '../subscriptions/delivery/connection.ts'
import { bytesOf, textOf, type Payload } from '../subscriptions/delivery/payload.ts'
import type { Framing, Sink } from '../subscriptions/delivery/sink.ts'
import type { Subscriber } from '../subscriptions/delivery/subscriber.ts'

/**
 * Writes frames straight to the socket of a WebSocket, past the library that keeps its protocol: without extensions that library, too,
 * writes a frame whole and at once, so frames of both follow each other and never mix.
 */
export function connectionOver(client: WebSocket, socket: Duplex): Connection {
  const connection = new Connection((bytes) => {
    // Behind a close frame nothing may follow.
    if (client.readyState !== WebSocket.OPEN) return true
    socket.write(bytes, 'latin1')
    return socket.writableLength < socket.writableHighWaterMark
  })
  socket.on('drain', () => connection.drained())
  return connection
}

/** One subscription of the graphql-transport-ws protocol. What it yields to the library is nothing but its end. */
export class WebSocketSink implements Sink {
  readonly connection: Connection
  readonly framing: Framing
  readonly id: string
  readonly #over = Promise.withResolvers<IteratorReturnResult<undefined>>()

  constructor(connection: Connection, id: string) {
    this.connection = connection
    this.id = bytesOf(JSON.stringify(id).slice(1, -1))
    this.framing = framingFor(this.id.length)
  }

  /** Pings have a payload in this protocol, which other clients ignore. */
  began(cursor: string): void {
    const text = `{"type":"ping","payload":{"freshet":{"cursors":{"${this.id}":"${cursor}"}}}}`
    this.connection.say(headOf(text.length) + text)
  }

  ended(error?: GraphQLError): void {
    if (error) this.#over.reject(error)
    else this.#over.resolve(done)
  }

  /** Lets the library wait for its end. @param onEnd called once, however it ends */
  follow(subscriber: Subscriber, onEnd: () => void): AsyncIterableIterator<never> {
    const over = this.#over.promise
    let isOver = false
    const end = (): void => {
      if (!isOver) onEnd()
      isOver = true
    }
    over.finally(end).catch(() => {})
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next: () => over,
      // Whoever was left hears of no end: by then the library would take it for that of the next operation of this id.
      return: () => {
        subscriber.leave()
        end()
        return Promise.resolve(done)
      },
    }
  }
}

const done = { done: true, value: undefined } as const

/** The length of a frame is in its head, and the id's is in it: so there is one for each length. Clients' ids have few. */
const framings = new Map<number, Framing>()
const maxFramings = 200

function framingFor(idLength: number): Framing {
  let framing = framings.get(idLength)
  if (framing) return framing
  framing = { frame: (payload) => frame(idLength, payload) }
  if (framings.size < maxFramings) framings.set(idLength, framing)
  return framing
}

const beforeId = '{"id":"'
const afterId = '","type":"next","payload":'

function frame(idLength: number, payload: Payload): [string, string] {
  const text = textOf(payload)
  return [
    headOf(beforeId.length + idLength + afterId.length + text.length + 1) + beforeId,
    `${afterId}${text}}`,
  ]
}

/** Of an unmasked text frame, whole (RFC 6455, section 5.2). */
export function headOf(length: number): string {
  if (length < 126) return String.fromCharCode(0x81, length)
  if (length < 65_536) return String.fromCharCode(0x81, 126, length >> 8, length & 255)
  const bytes = [0x81, 127]
  for (let place = 7; place >= 0; place--) bytes.push(Math.floor(length / 2 ** (8 * place)) % 256)
  return String.fromCharCode(...bytes)
}
