import { once } from 'node:events'
import type { FormattedExecutionResult } from 'graphql'
import { WebSocket } from 'ws'
import { Queue } from './queue.ts'

/** What a subscription has sent, in order, by whichever transport. */
export interface Stream {
  /** The next payload; rejects once the stream has ended. */
  next(): Promise<FormattedExecutionResult>
  /** The data of the next payload, which must have no errors. */
  data<T = Record<string, unknown>>(): Promise<T>
  /** Payloads that have come already and nobody has taken. */
  drain(): FormattedExecutionResult[]
  /** Resolves when the server has completed it, with the errors that it was refused with, if any. */
  ended: Promise<readonly { message: string; extensions?: Record<string, unknown> }[]>
  /** Ends it from this side. */
  leave(): void
}

/** A stream, and the writing side of it. */
export function openStream(leave: () => void) {
  const results = new Queue<FormattedExecutionResult>()
  const ended = Promise.withResolvers<Awaited<Stream['ended']>>()
  const stream: Stream = {
    next: () => results.next(),
    async data<T>() {
      const { data, errors } = await results.next()
      if (errors) throw new Error(`expected data, got ${JSON.stringify(errors)}`)
      return data as T
    },
    drain: () => results.drain(),
    ended: ended.promise,
    leave,
  }
  return {
    stream,
    push: (result: FormattedExecutionResult) => results.push(result),
    end(errors: Awaited<Stream['ended']> = []) {
      ended.resolve(errors)
      results.fail(new Error(`the stream has ended${errors.length > 0 ? `: ${JSON.stringify(errors)}` : ''}`))
    },
  }
}

interface Message {
  type: string
  id?: string
  payload?: unknown
}

/** A client of the graphql-transport-ws protocol, over a real socket. */
export interface LiveClient extends AsyncDisposable {
  /** `others` are further members of the payload. */
  subscribe(query: string, variables?: Record<string, unknown>, extensions?: Record<string, unknown>, others?: object): Stream
  /** Sends any message, also one that the protocol does not allow. */
  send(message: object | string): void
  /** How the server closed the connection. */
  closed: Promise<{ code: number; reason: string }>
  close(): Promise<void>
  /** Stops reading from the socket, so that the server's writes pile up, and goes on. */
  pause(): void
  resume(): void
}

export interface ConnectOptions {
  headers?: Record<string, string>
  connectionParams?: Record<string, unknown>
  protocol?: string
}

/** Opens a socket and says nothing. @throws where the upgrade is refused: `Unexpected server response: 403` */
export async function openSocket(url: string, { headers, protocol = 'graphql-transport-ws' }: ConnectOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocol, { headers })
  await once(socket, 'open')
  return socket
}

/** Opens a socket and waits until the server has acknowledged the connection. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<LiveClient> {
  const socket = await openSocket(url, options)
  const streams = new Map<string, ReturnType<typeof openStream>>()
  const acknowledged = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  let lastId = 0

  const receive = ({ type, id = '', payload }: Message): void => {
    const open = streams.get(id)
    if (type === 'connection_ack') acknowledged.resolve()
    else if (type === 'ping') socket.send(JSON.stringify({ type: 'pong' }))
    else if (type === 'next') open?.push(payload as FormattedExecutionResult)
    else if (type === 'error') open?.end(payload as Awaited<Stream['ended']>)
    else if (type === 'complete') open?.end()
  }
  socket.on('message', (data) => receive(JSON.parse(String(data)) as Message))
  socket.on('close', (code, reason) => {
    closed.resolve({ code, reason: String(reason) })
    const why = new Error(`the connection was closed with ${code} ${String(reason)}`)
    acknowledged.reject(why)
    for (const { end } of streams.values()) end()
  })
  // Whoever waits for `closed` or a stream hears of it.
  socket.on('error', () => {})

  const close = async (): Promise<void> => {
    socket.close()
    await closed.promise
  }
  socket.send(JSON.stringify({ type: 'connection_init', payload: options.connectionParams }))
  await acknowledged.promise
  return {
    closed: closed.promise,
    close,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    subscribe(query, variables, extensions, others) {
      const id = String(++lastId)
      const open = openStream(() => {
        socket.send(JSON.stringify({ type: 'complete', id }))
        open.end()
      })
      streams.set(id, open)
      socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query, variables, extensions, ...others } }))
      return open.stream
    },
    [Symbol.asyncDispose]: close,
  }
}
