import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, type ExecutionResult } from 'graphql'
import { whenAborted } from '../../events/abort.ts'
import type { Sink } from '../../subscriptions/delivery/sink.ts'
import { Subscriber } from '../../subscriptions/delivery/subscriber.ts'
import { callerOf, contextFor, waitWith, type Door } from '../door.ts'
import { isObject } from '../json.ts'
import { asksForFreshness, checkStaleness } from '../max-stale.ts'
import type { OpenConnections } from '../open-connections.ts'
import { prepareOperation, type Operation } from '../operation.ts'
import { sendJson } from '../respond.ts'
import { formatResult, outcomeOf, toGraphQLError } from '../results.ts'
import { endWith, sessionOf } from '../session.ts'
import { RequestTime } from '../time-limit.ts'
import { tokenOf } from '../token.ts'
import { retryAfterMs, type Closing } from './closing.ts'
import { parametersOf, type Parameters } from './parameters.ts'
import { beat, frameOf, payloadOf, type StreamProtocol } from './protocol.ts'
import { connectionOver } from './response-connection.ts'

/** What streams have in common. */
export interface Streaming {
  closing: Closing
  /** Subscriptions have their places in it. */
  connections: OpenConnections
  protocol: StreamProtocol
}

/** Answers one operation by a stream of results in one response. Subscriptions are told when the server closes. */
export async function serveStream(
  door: Door, request: IncomingMessage, response: ServerResponse, { closing, connections, protocol }: Streaming,
): Promise<void> {
  const parameters = await parametersOf(request, response, door)
  if (!parameters) return
  const prepared = prepareOperation(door.host.current, parameters, door.settings.limits)
  const isSubscription = 'operation' in prepared && prepared.operation.operation === 'subscription'
  // A page of any origin can make a browser send a GET, and no Origin comes with it.
  if (request.method === 'GET' && 'operation' in prepared && prepared.operation.operation === 'mutation')
    return sendJson(response, 405, { errors: [{ message: 'A mutation is sent by POST.' }] }, { allow: 'POST' })
  const left = new AbortController()
  response.once('close', () => left.abort())

  if (!isSubscription && protocol.others === 'json') {
    const result = 'errors' in prepared ? prepared : await once(door, request, parameters, prepared, left.signal)
    if (!left.signal.aborted) sendJson(response, 'errors' in prepared ? 400 : 200, formatResult(result, door.onError))
    return
  }

  if (isSubscription) {
    if (response.destroyed) return
    const free = connections.take()
    if (!free) return sendJson(response, 503, { errors: [connections.refusal] })
    const open = door.telemetry.connections.labels(protocol.transport)
    open.inc()
    response.once('close', () => {
      free()
      open.dec()
    })
  }
  const stream = openStream(response, protocol)
  if ('errors' in prepared) return stream.last(formatResult(prepared, door.onError))
  if (!isSubscription) return stream.last(formatResult(await once(door, request, parameters, prepared, left.signal), door.onError))
  try {
    await follow(door, request, { ...parameters, ...prepared, response, left: left.signal, closing, protocol, stream })
  } catch (error) {
    if (!left.signal.aborted) stream.last(formatResult({ errors: [toGraphQLError(error)] }, door.onError))
  }
}

interface Followed extends Parameters, Operation {
  response: ServerResponse
  left: AbortSignal
  closing: Closing
  protocol: StreamProtocol
  stream: ReturnType<typeof openStream>
}

async function follow(door: Door, request: IncomingMessage, { response, left, closing, protocol, stream, ...asked }: Followed): Promise<void> {
  const token = tokenOf(request.headers['freshet-token'], asked.extensions)
  if (token !== undefined) await waitWith(door, left)(token)
  const connection = connectionOver(response)
  const sink: Sink = {
    connection,
    framing: protocol.framing,
    id: '',
    began: (cursor) => connection.say(protocol.began(cursor)),
    ended: (error) => (error ? stream.last(formatResult({ errors: [error] }, door.onError)) : stream.complete()),
  }
  const begun = await door.deliveries.subscribe(door, { ...asked, extensions: resuming(request, asked.extensions), headers: callerOf(door, request.headers, token).headers }, sink)
  if (!(begun instanceof Subscriber)) return stream.last(formatResult(begun, door.onError))
  door.telemetry.subscriptions.inc()
  const stop = closing.on(() => {
    stream.end(protocol.farewell(begun.cursor, retryAfterMs))
    begun.leave()
  })
  const session = sessionOf(door)
  const stopSession = endWith(session, begun)
  const onLeft = (): void => {
    stop()
    stopSession()
    session?.close()
    begun.leave()
    door.telemetry.subscriptions.dec()
  }
  if (left.aborted) onLeft()
  else left.addEventListener('abort', onLeft, { once: true })
}

/** An `EventSource` that connects again sends the id of the last event, which is its cursor. */
function resuming({ headers }: IncomingMessage, extensions: unknown): unknown {
  const last = headers['last-event-id']
  if (typeof last !== 'string' || last === '') return extensions
  const asked = isObject(extensions) ? extensions : {}
  return { ...asked, delivery: { ...isObject(asked.delivery) && asked.delivery, after: last } }
}

/** A query or mutation. */
export async function once(
  door: Door, request: IncomingMessage, { operationName, variables, extensions }: Parameters, { engine, document, operation }: Operation, left: AbortSignal,
): Promise<ExecutionResult> {
  const time = new RequestTime(door.settings.requestTimeoutMs)
  const forget = whenAborted(left, () => time.left())
  const { signal } = time
  const stopTimer = door.telemetry.queryLatency.startTimer({ transport: 'sse' })
  const answered = async (): Promise<ExecutionResult> => {
    const token = tokenOf(request.headers['freshet-token'], extensions)
    try {
      if (token !== undefined) await waitWith(door, signal)(token)
      if (asksForFreshness(operation)) await checkStaleness(door, operation, variables, signal)
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] }
      throw error
    }
    return engine.execute({ document, operationName, variables, signal, context: contextFor(door, { signal }), ...callerOf(door, request.headers, token) })
  }
  const result = await time.within(answered()).finally(() => {
    time.end()
    forget()
  })
  stopTimer({ outcome: outcomeOf(result) })
  return { ...result, extensions: { ...result.extensions, freshness: door.mark.now } }
}

/** A response that stays open. */
function openStream(response: ServerResponse, protocol: StreamProtocol) {
  response.writeHead(200, protocol.headers)
  response.write(protocol.opening, 'latin1')
  const timer = setInterval(() => beat(response, protocol), protocol.heartbeatMs)
  response.once('close', () => clearInterval(timer))
  const end = (bytes: string): void => {
    clearInterval(timer)
    if (!response.writableEnded) response.end(bytes, 'latin1')
  }
  return {
    end,
    complete: () => end(protocol.complete),
    last: (result: object) => end(frameOf(protocol, payloadOf(result)) + protocol.complete),
  }
}
