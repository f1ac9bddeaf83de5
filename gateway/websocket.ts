import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { GraphQLError, type ExecutionArgs, type OperationDefinitionNode } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Engine, EngineRequest } from '../federation/index.ts'
import type { Connection } from '../subscriptions/delivery/connection.ts'
import { Subscriber } from '../subscriptions/delivery/subscriber.ts'
import { refuseServerMessages } from './client-messages.ts'
import { withParameters } from './connection-headers.ts'
import { callerOf, contextFor, waitWith, type Caller, type Door } from './door.ts'
import { checkKey } from './guard.ts'
import { keepAlive, watch } from './keep-alive.ts'
import { asksForFreshness, checkStaleness } from './max-stale.ts'
import { prepareOperation } from './operation.ts'
import type { OpenConnections } from './open-connections.ts'
import { refuseUpgrade } from './respond.ts'
import { doorFor, endWith, sessionOf, type Session } from './session.ts'
import { retryAfterMs } from './streams/closing.ts'
import { formatResult, outcomeOf, toGraphQLError } from './results.ts'
import { RequestTime } from './time-limit.ts'
import { tokenOf } from './token.ts'
import { Turns } from './turns.ts'
import { boundUnsent, mostUnsent } from './unsent.ts'
import { connectionOver, WebSocketSink } from './websocket-sink.ts'

/** graphql-ws: queries, mutations and subscriptions, under one set of limits. */
export interface WebSocketDoor {
  /** @param door by whose engine and documents the connection is served */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, door: Door): void
  /** Tells every client where its subscriptions stand and when to come again, and closes. @param drainMs after which it is not polite any more */
  close(drainMs: number): Promise<void>
}

/** What `onSubscribe` prepares for `execute` and `subscribe`. */
interface Arguments extends ExecutionArgs {
  engine: Engine
  caller: Caller
  door: Door
  operation: OperationDefinitionNode
  extensions: unknown
  begun: Begun
  client: Client
}

/** An operation of a client, from when it is asked for until it has begun. */
interface Begun {
  id: string
  asked: SubscribePayload
  /** Completed, and its id taken for another one: the library, which tells operations apart by their ids alone, may not hear of it any more. */
  forgotten: boolean
}

/** What the library waits for whose operation is forgotten. */
const never = (): Promise<never> => new Promise(() => {})

/** A connection, as the hooks of the library see it: the request that opened it is not kept. */
interface Client {
  /** Of its operations. */
  headers: IncomingHttpHeaders
  /** By whose engine and documents it is served. */
  door: Door
  connection: Connection
  /** With the ids of their operations. */
  subscribers: Map<Subscriber, string> | undefined
  /** Operations that are being begun, or wait for their turn, by id. */
  beginning: Map<string, Begun> | undefined
  session: Session | undefined
  closed: boolean
  /** Of its queries and mutations, once it has any. */
  turns: Turns | undefined
  readonly socket: Socket
}

/** The library hands on what it is given for a request. */
const clientOf = ({ request }: { request: IncomingMessage }): Client => request as unknown as Client

/** Whether it has not been forgotten meanwhile. */
function hasBegun({ beginning, turns }: Client, begun: Begun): boolean {
  if (!begun.forgotten) beginning?.delete(begun.id)
  else turns?.give(begun.asked)
  return !begun.forgotten
}

const toRequest = ({ document, operationName, variableValues, caller, door }: Arguments, signal: AbortSignal): EngineRequest => ({
  document, operationName, variables: variableValues, context: contextFor(door, { signal }), signal, ...caller,
})

/**
 * @param settings and whatever else is the same for all connections
 * @param connections in which each has its place
 */
export function createWebSocketDoor({ settings, telemetry, onError }: Pick<Door, 'settings' | 'telemetry' | 'onError'>, connections: OpenConnections): WebSocketDoor {
  const { limits, requestTimeoutMs, pingIntervalMs, patienceMs } = settings
  const clients = new Map<WebSocket, Client>()
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.bodyBytes,
    handleProtocols: (protocols) => (protocols.has('graphql-transport-ws') ? 'graphql-transport-ws' : false),
  })

  function turnsOver(socket: Socket): Turns {
    const turns = new Turns(limits.queriesPerConnection, () => socket.writableLength <= mostUnsent)
    socket.on('drain', () => turns.next())
    return turns
  }

  /**
   * @param isWanted whether the client still waits for it
   * @throws GraphQLError of a token or of freshness
   */
  async function argumentsOf(client: Client, begun: Begun, isWanted: () => boolean): Promise<Arguments | readonly GraphQLError[]> {
    const { session } = client
    const { asked } = begun
    if (session) {
      // A fresh token that was sent before counts.
      await session.settled
      if (session.over) return [session.over]
    }
    const { door } = client
    let payload: typeof asked
    try {
      payload = door.documents.resolve(asked)
    } catch (error) {
      return [withoutStatus(toGraphQLError(error))]
    }
    let prepared = prepareOperation(door.host.current, payload, limits)
    if ('errors' in prepared) return prepared.errors
    if (prepared.operation.operation !== 'subscription') {
      const turn = (client.turns ??= turnsOver(client.socket)).take(asked)
      if (turn !== true) {
        if (!await turn || !isWanted()) return [notWanted]
        if (session?.over) return [session.over]
        // Meanwhile another engine may serve.
        prepared = prepareOperation(door.host.current, payload, limits)
        if ('errors' in prepared) return prepared.errors
      }
    }
    const { engine, document, operation } = prepared
    const token = tokenOf(undefined, payload.extensions)
    if (token !== undefined) await waitWith(door)(token)
    if (asksForFreshness(operation)) await checkStaleness(door, operation, payload.variables)
    return {
      engine,
      schema: engine.schema,
      document,
      operationName: payload.operationName,
      variableValues: payload.variables,
      caller: callerOf(door, client.headers, token),
      door,
      operation,
      extensions: payload.extensions,
      begun,
      client,
    }
  }

  const served = useServer({
    onConnect: async ({ extra, connectionParams }) => {
      const client = clientOf(extra)
      client.headers = withParameters(client.headers, connectionParams)
      const { authorization } = client.headers
      if (!client.door.verifier) return checkKey(authorization, settings) === null
      try {
        client.door = await doorFor(client.door, authorization)
        client.session = sessionOf(client.door)
        return true
      } catch (error) {
        if (error instanceof GraphQLError) return false
        throw error
      }
    },
    // Whoever goes on by a fresh token sends it with a ping.
    onPing: async ({ extra }, payload) => {
      const client = clientOf(extra)
      const { session } = client
      const { socket } = extra
      if (!session || typeof payload?.authorization !== 'string') return
      try {
        await session.renew(payload.authorization)
        client.headers = withParameters(client.headers, { authorization: payload.authorization })
      } catch (error) {
        const { message, extensions } = toGraphQLError(error)
        if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'ping', payload: { freshet: { refused: { message, extensions } } } }))
      }
    },
    onSubscribe: async ({ subscriptions, extra }, id, asked): Promise<Arguments | readonly GraphQLError[]> => {
      if (Object.keys(subscriptions).length > limits.operationsPerConnection) return [tooManyOperations(limits.operationsPerConnection)]
      const client = clientOf(extra)
      const beginning = client.beginning ??= new Map<string, Begun>()
      const begun: Begun = { id, asked, forgotten: false }
      const former = beginning.get(id)
      if (former) former.forgotten = true
      beginning.set(id, begun)
      const args = await argumentsOf(client, begun, () => !begun.forgotten && id in subscriptions).catch((error: unknown) => {
        if (error instanceof GraphQLError) return [error]
        hasBegun(client, begun)
        throw error
      })
      if (begun.forgotten || Array.isArray(args)) {
        client.turns?.give(asked)
        if (!hasBegun(client, begun)) return never()
      }
      return args
    },
    execute: async (args) => {
      const { engine, begun, client } = args as Arguments
      const time = new RequestTime(requestTimeoutMs)
      const stopTimer = telemetry.queryLatency.startTimer({ transport: 'websocket' })
      const result = await time.within(engine.execute(toRequest(args as Arguments, time.signal))).finally(() => time.end())
      stopTimer({ outcome: outcomeOf(result) })
      if (!hasBegun(client, begun)) return never()
      return { ...result, extensions: { ...result.extensions, freshness: (args as Arguments).door.mark.now } }
    },
    subscribe: async (args) => {
      const { door, engine, document, operation, operationName, variableValues, extensions, caller: { headers }, begun, client } = args as Arguments
      const sink = new WebSocketSink(client.connection, begun.id)
      try {
        const asked = { engine, document, operation, operationName, variables: variableValues, extensions, headers }
        const subscriber = await door.deliveries.subscribe(door, asked, sink)
        if (!hasBegun(client, begun)) {
          if (subscriber instanceof Subscriber) subscriber.leave()
          return never()
        }
        if (!(subscriber instanceof Subscriber)) return subscriber
        telemetry.subscriptions.inc()
        const subscribers = client.subscribers ??= new Map<Subscriber, string>()
        subscribers.set(subscriber, begun.id)
        const stop = endWith(client.session, subscriber)
        const followed = sink.follow(subscriber, () => {
          stop()
          subscribers.delete(subscriber)
          telemetry.subscriptions.dec()
        })
        if (client.closed) subscriber.end()
        return followed
      } catch (error) {
        return hasBegun(client, begun) ? { errors: [toGraphQLError(error)] } : never()
      }
    },
    onNext: ({ extra }, _id, _payload, _args, result) => {
      const { socket } = clientOf(extra)
      if (socket.writableLength > mostUnsent) watch(socket, patienceMs)
      return formatResult(result, onError)
    },
    onError: (_context, _id, _payload, errors) => formatResult({ errors }, onError).errors,
    // Comes once the network has taken the answer.
    onComplete: ({ extra }, _id, asked) => clientOf(extra).turns?.give(asked),
  }, sockets, 0)

  return {
    upgrade(request, socket, head, door) {
      if (socket.destroyed) return
      const free = connections.take()
      if (!free) return refuseUpgrade(socket, 503, connections.refusal.message)
      // Not the client's: an upgrade that fails has none.
      socket.once('close', free)
      const { headers } = request
      const greet = (): void => sockets.handleUpgrade(request, socket, head, (client) => {
        telemetry.connections.inc({ transport: 'websocket' })
        const known: Client = {
          headers, door, connection: connectionOver(client, socket), subscribers: undefined, beginning: undefined, session: undefined, closed: false,
          turns: undefined, socket: request.socket,
        }
        clients.set(client, known)
        client.once('close', () => {
          clients.delete(client)
          known.closed = true
          known.connection.close()
          // Whatever the library knows of: nothing outlives its connection.
          for (const subscriber of [...known.subscribers?.keys() ?? []]) subscriber.end()
          known.session?.close()
          known.turns?.close()
          telemetry.connections.dec({ transport: 'websocket' })
        })
        sockets.emit('connection', client, known)
        refuseServerMessages(client)
        boundUnsent(client, request.socket, patienceMs)
        keepAlive(client, request.socket, pingIntervalMs, patienceMs)
        // A frame that breaks the protocol or the size limit is the client's fault, and closes its connection with a code
        // that says so; graphql-ws would print it.
        client.removeAllListeners('error')
        client.on('error', ignore)
      })
      const { turn } = door.deliveries
      if (!turn) return greet()
      socket.on('error', ignore)
      void turn.then(() => {
        socket.off('error', ignore)
        if (!socket.destroyed) greet()
      })
    },
    close: async (drainMs) => {
      for (const [client, { subscribers }] of clients) takeLeave(client, subscribers ?? new Map<Subscriber, string>())
      const timer = setTimeout(() => sockets.clients.forEach((client) => client.terminate()), drainMs)
      await served.dispose()
      clearTimeout(timer)
    },
  }
}

function ignore(): void {}

/** Pings have a payload in this protocol, which other clients ignore; 1012 is "service restart", after which all of them come again. */
function takeLeave(client: WebSocket, subscribers: ReadonlyMap<Subscriber, string>): void {
  if (client.readyState !== client.OPEN) return
  const cursors = Object.fromEntries([...subscribers].flatMap(([{ cursor }, id]) => (cursor === undefined ? [] : [[id, cursor]])))
  client.send(JSON.stringify({ type: 'ping', payload: { freshet: { closing: true, retryAfterMs, cursors } } }))
  client.close(1012, 'The server is closing.')
}

/** There is no status of an answer here. */
const withoutStatus = ({ message, extensions: { http: _, ...extensions } }: GraphQLError): GraphQLError => new GraphQLError(message, { extensions })

/** Nobody is told. */
const notWanted = new GraphQLError('The operation was completed before it was begun.')

const tooManyOperations = (limit: number): GraphQLError =>
  new GraphQLError(`This connection has ${limit} operations under way; complete one, or open another connection.`, {
    extensions: { code: 'LIMIT_EXCEEDED', limit: 'operationsPerConnection' },
  })
