import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, type FormattedExecutionResult } from 'graphql'
import type { Connection } from '../../subscriptions/delivery/connection.ts'
import { bytesOf, textOf } from '../../subscriptions/delivery/payload.ts'
import type { Framing, Sink } from '../../subscriptions/delivery/sink.ts'
import { Subscriber } from '../../subscriptions/delivery/subscriber.ts'
import { callerOf, sharingOf, waitWith, type Door } from '../door.ts'
import { isObject } from '../json.ts'
import type { OpenConnections } from '../open-connections.ts'
import { prepareOperation, type Operation } from '../operation.ts'
import { send, sendJson } from '../respond.ts'
import { formatResult, toGraphQLError } from '../results.ts'
import { endWith, sessionOf } from '../session.ts'
import { tokenOf } from '../token.ts'
import { Turns } from '../turns.ts'
import { mostUnsent, tooSlow } from '../unsent.ts'
import { closingError, retryAfterMs, type Closing } from './closing.ts'
import { parametersOf, type Parameters } from './parameters.ts'
import { beat, frameOf, payloadOf } from './protocol.ts'
import { connectionOver } from './response-connection.ts'
import { once } from './serve.ts'
import { eventStreamHeaders, serverSentEvents } from './sse.ts'

/** Under which path streams are reserved, opened and used. */
export const singleConnectionPath = '/graphql/stream'

/** A stream that was reserved has to be opened within this time, ms. */
const reservedMs = 30_000

const framing: Framing = { frame: (payload) => ['event: next\ndata: {"id":"', `","payload":${textOf(payload)}}\n\n`] }

interface Running {
  /** Of a subscription, once it has begun. */
  subscriber?: Subscriber
  left: AbortController
}

/** What a client has reserved, and everything that it runs over it. */
interface Stream {
  /** Whose it is: no other scope's. */
  owner: string
  response?: ServerResponse
  connection?: Connection
  operations: Map<string, Running>
  /** Of its queries and mutations. */
  turns?: Turns
  expires: NodeJS.Timeout
  /** Gives its place back. */
  free: () => void
  /** Says where each operation stands and when to come again, and ends it: without `complete`, so that clients do. @param why where that is the client's */
  takeLeave?: (why?: GraphQLError) => void
}

/**
 * GraphQL over server-sent events, single connection mode: a client reserves a stream (PUT), opens it (GET), runs any number of
 * operations over it (POST, answered 202, or 400 where it is not valid) and stops them (DELETE). For browsers, which open few connections by HTTP/1.1.
 */
export class SingleConnections {
  readonly #streams = new Map<string, Stream>()
  readonly #closing: Closing
  readonly #connections: OpenConnections
  readonly #newToken: () => string

  /**
   * @param connections in which a stream has its place, from when it is reserved
   * @param newToken makes what nobody can guess
   */
  constructor(closing: Closing, connections: OpenConnections, newToken: () => string = randomUUID) {
    this.#closing = closing
    this.#connections = connections
    this.#newToken = newToken
  }

  get size(): number {
    return this.#streams.size
  }

  /** @param takesLeave whoever relays the stream closes: it is to be ended as if this process did */
  async serve(door: Door, request: IncomingMessage, response: ServerResponse, { takesLeave = false }: { takesLeave?: boolean | undefined } = {}): Promise<void> {
    const owner = sharingOf(door.scope).key
    if (request.method === 'PUT') return this.#reserve(owner, response)
    const search = searchOf(request)
    const token = streamTokenOf(request)
    const stream = this.#streams.get(token)
    if (!stream || stream.owner !== owner) return refuse(response, 404, 'There is no such stream: reserve one with PUT, and bring its token in "x-graphql-event-stream-token".')
    if (request.method === 'GET') return this.#open(door, token, stream, response)
    if (takesLeave) {
      stream.takeLeave?.()
      response.writeHead(204)
      return void response.end()
    }
    if (request.method === 'DELETE') return this.#stop(stream, search.get('operationId'), response)
    if (request.method === 'POST') return this.#run(door, stream, request, response)
    refuse(response, 405, 'A stream is reserved by PUT, opened by GET, used by POST, and its operations are stopped by DELETE.', { allow: 'PUT, GET, POST, DELETE' })
  }

  #reserve(owner: string, response: ServerResponse): void {
    if (this.#closing.begun) return refuse(response, 503, 'The server is closing.')
    const free = this.#connections.take()
    if (!free) return sendJson(response, 503, { errors: [this.#connections.refusal] })
    const token = this.#newToken()
    const expires = setTimeout(() => {
      this.#streams.delete(token)
      free()
    }, reservedMs)
    expires.unref()
    this.#streams.set(token, { owner, operations: new Map(), expires, free })
    send(response, 201, 'text/plain', token)
  }

  #open(door: Door, token: string, stream: Stream, response: ServerResponse): void {
    if (stream.response) return refuse(response, 409, 'The stream is open already.')
    clearTimeout(stream.expires)
    stream.response = response
    stream.connection = connectionOver(response)
    const turns = stream.turns = new Turns(door.settings.limits.queriesPerConnection, () => response.writableLength <= mostUnsent)
    response.writeHead(200, eventStreamHeaders)
    response.write(serverSentEvents.opening)
    door.telemetry.connections.inc({ transport: 'sse' })
    const timer = setInterval(() => beat(response, serverSentEvents), serverSentEvents.heartbeatMs)
    stream.takeLeave = (why) => {
      if (response.writableEnded) return
      // The protocol has no other events than these: clients take another one for an error that ends them for good.
      const lastWords = [...stream.operations].map(([id, { subscriber }]) => {
        const cursor = subscriber?.cursor
        const error = why ? { message: why.message, extensions: { ...why.extensions, cursor, retryAfterMs } } : closingError(cursor)
        return frameOf({ framing }, payloadOf({ errors: [error] }), escapedOf(id))
      })
      response.end(`${lastWords.join('')}retry: ${retryAfterMs}\n\n`, 'latin1')
    }
    const stop = this.#closing.on(() => stream.takeLeave?.())
    response.on('drain', () => {
      response.setTimeout(0)
      turns.next()
    })
    response.once('timeout', () => endUnread(stream, response, door.settings.patienceMs))
    response.once('close', () => {
      clearInterval(timer)
      stop()
      this.#streams.delete(token)
      stream.free()
      turns.close()
      leaveAll(stream)
      door.telemetry.connections.dec({ transport: 'sse' })
    })
  }

  #stop({ operations }: Stream, id: string | null, response: ServerResponse): void {
    if (id === null) return refuse(response, 400, 'The operation to stop is named by "operationId".')
    const running = operations.get(id)
    operations.delete(id)
    if (running) leave(running)
    response.writeHead(200)
    response.end()
  }

  async #run(door: Door, stream: Stream, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { operations, response: events, connection, turns } = stream
    if (!events || !connection || !turns) return refuse(response, 409, 'The stream is not open yet: open it with GET.')
    if (events.writableEnded) return refuse(response, 409, 'The stream has ended: reserve another one with PUT.')
    if (events.writableLength > mostUnsent) return sendJson(response, 429, { errors: [tooSlow()] })
    const parameters = await parametersOf(request, response, door)
    if (!parameters) return
    const { operationsPerConnection } = door.settings.limits
    const id = isObject(parameters.extensions) ? parameters.extensions.operationId : undefined
    if (typeof id !== 'string' || id === '' || id.length > maxIdLength)
      return refuse(response, 400, `The operation must name itself by "operationId" in its extensions, in up to ${maxIdLength} characters.`)
    if (operations.has(id)) return refuse(response, 409, 'An operation of this id is under way.')
    if (operations.size >= operationsPerConnection)
      return sendJson(response, 429, { errors: [{
        message: `This stream has ${operationsPerConnection} operations under way ("operationsPerConnection"); stop one, or open another stream.`,
        extensions: { code: 'LIMIT_EXCEEDED', limit: 'operationsPerConnection' },
      }] })
    const prepared = prepareOperation(door.host.current, parameters, door.settings.limits)
    // As over HTTP: accepted is what there will be results of.
    if ('errors' in prepared) return sendJson(response, 400, formatResult(prepared, door.onError))
    const running: Running = { left: new AbortController() }
    operations.set(id, running)
    response.writeHead(202)
    response.end()
    await this.#answer(door, request, parameters, prepared, { id, running, events, connection, stream, turns })
  }

  async #answer(door: Door, request: IncomingMessage, parameters: Parameters, operation: Operation, { id, running, events, connection, stream, turns }: {
    id: string; running: Running; events: ServerResponse; connection: Connection; stream: Stream; turns: Turns
  }): Promise<void> {
    const { operations } = stream
    const escaped = escapedOf(id)
    let stopSession = () => {}
    running.left.signal.addEventListener('abort', () => stopSession(), { once: true })
    const isOver = () => operations.get(id) !== running
    const end = (result?: FormattedExecutionResult): void => {
      if (isOver()) return
      operations.delete(id)
      stopSession()
      if (running.subscriber) door.telemetry.subscriptions.dec()
      const last = result ? frameOf({ framing }, payloadOf(result), escaped) : ''
      if (!events.writableEnded) events.write(`${last}event: complete\ndata: {"id":"${escaped}"}\n\n`, 'latin1', () => turns.give(running))
      if (events.writableLength > mostUnsent) events.setTimeout(door.settings.patienceMs)
    }
    try {
      let prepared: Operation = operation
      if (prepared.operation.operation !== 'subscription') {
        const turn = turns.take(running)
        if (turn !== true) {
          if (!await turn || isOver()) return turns.give(running)
          // Meanwhile another engine may serve.
          const again = prepareOperation(door.host.current, parameters, door.settings.limits)
          if ('errors' in again) return end(formatResult(again, door.onError))
          prepared = again
        }
        const result = await once(door, request, parameters, prepared, running.left.signal)
        return isOver() ? turns.give(running) : end(formatResult(result, door.onError))
      }
      const token = tokenOf(request.headers['freshet-token'], parameters.extensions)
      if (token !== undefined) await waitWith(door, running.left.signal)(token)
      const sink: Sink = { connection, framing, id: escaped, began: () => {}, ended: (error) => end(error && formatResult({ errors: [error] }, door.onError)) }
      const begun = await door.deliveries.subscribe(door, { ...prepared, ...parameters, headers: callerOf(door, request.headers, token).headers }, sink)
      if (!(begun instanceof Subscriber)) return end(formatResult(begun, door.onError))
      // It was stopped while it was begun.
      if (isOver()) return begun.leave()
      running.subscriber = begun
      // Each operation came with a token of its own, as its request did.
      const session = sessionOf(door)
      stopSession = () => session?.close()
      endWith(session, begun)
      door.telemetry.subscriptions.inc()
      running.left.signal.addEventListener('abort', () => door.telemetry.subscriptions.dec(), { once: true })
    } catch (error) {
      if (isOver()) return turns.give(running)
      end(formatResult({ errors: [error instanceof GraphQLError ? error : toGraphQLError(error)] }, door.onError))
    }
  }
}

const searchOf = ({ url = '' }: IncomingMessage): URLSearchParams => new URL(url, 'http://localhost').searchParams

/** Of the stream that a request is about; empty where it names none. */
export function streamTokenOf(request: IncomingMessage): string {
  const header = request.headers['x-graphql-event-stream-token']
  return typeof header === 'string' ? header : searchOf(request).get('token') ?? ''
}

const maxIdLength = 200

const escapedOf = (id: string): string => bytesOf(JSON.stringify(id).slice(1, -1))

function leave({ subscriber, left }: Running): void {
  subscriber?.leave()
  left.abort()
}

function leaveAll({ operations }: Stream): void {
  for (const running of operations.values()) leave(running)
  operations.clear()
}

/** Ends the stream of a client that does not read; what is written already may still be read for a while. */
function endUnread(stream: Stream, events: ServerResponse, patienceMs: number): void {
  stream.takeLeave?.(tooSlow())
  leaveAll(stream)
  const patience = setTimeout(() => events.destroy(), patienceMs)
  events.once('close', () => clearTimeout(patience))
}

const refuse = (response: ServerResponse, status: number, message: string, headers = {}): void =>
  sendJson(response, status, { errors: [{ message }] }, headers)
