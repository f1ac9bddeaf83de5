import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { GraphQLError, type GraphQLSchema } from 'graphql'
import { createApolloServer } from './apollo.ts'
import { answerPreflight, shareWithOrigin } from './cors.ts'
import { mergedName } from '../resolvers/merged.ts'
import type { Door } from './door.ts'
import { ownPort, type Entrance } from './entrance.ts'
import { serveGraphiql } from './graphiql.ts'
import { serveGraphql } from './graphql-http.ts'
import { maxCursorLength } from '../subscriptions/cursor.ts'
import { answerRefusal, checkForgery, checkListen, checkRequest } from './guard.ts'
import type { MergedSubgraph } from './merged-subgraph.ts'
import { answerHealth, refuse } from './monitoring.ts'
import { OpenConnections } from './open-connections.ts'
import { refuseUpgrade, send, sendJson } from './respond.ts'
import { ownSubgraph, serveSubgraph, throughEngine } from './subgraph-endpoint.ts'
import { doorFor } from './session.ts'
import { Closing } from './streams/closing.ts'
import { multipart, wantsMultipart } from './streams/multipart.ts'
import { serveStream } from './streams/serve.ts'
import { SingleConnections, singleConnectionPath, streamTokenOf } from './streams/single-connection.ts'
import { serverSentEvents, wantsEventStream } from './streams/sse.ts'
import { createWebSocketDoor } from './websocket.ts'

export interface GatewayServer {
  /** `http://127.0.0.1:4000`, without a slash at the end. */
  url: string
  /** How many connections stay open, by whichever transport. */
  readonly openConnections: number
  /** Takes no new work, lets what is under way finish (bounded), and ends. */
  close(): Promise<void>
}

/** Of a request's head: the largest cursor (`Last-Event-ID`) beside what else browsers and proxies send, for which Node has 16 KiB. */
const maxHeaderBytes = maxCursorLength + 16 * 1024
/** How long requests under way may take to finish at the end, ms. */
const drainMs = 5_000
/** How often connections without a request are closed meanwhile, ms. */
const sweepMs = 20

/** Freshet's own subgraphs, to be served to other routers. */
export interface OwnSubgraphs {
  schemas: ReadonlyMap<string, GraphQLSchema>
  merged: MergedSubgraph
}

const mergedPath = `/subgraphs/${mergedName}`

/** One port for everything: GraphQL by HTTP, WebSocket and server-sent events, GraphiQL, subgraphs, health and metrics. */
export async function listen(door: Door, { schemas, merged }: OwnSubgraphs, entrance: Entrance = ownPort(door.settings)): Promise<GatewayServer> {
  const { settings, onError, telemetry, peers } = door
  checkListen(settings)
  const apollo = createApolloServer(door.host, settings, onError)
  await apollo.start()
  const connections = new OpenConnections(settings.limits.connections)
  const webSockets = createWebSocketDoor(door, connections)
  const closing = new Closing()
  const singleConnections = new SingleConnections(closing, connections, peers?.newId)

  const status = () => (closing.begun ? 'closing' : door.ready() ? 'ready' : 'catching up')
  /** Undefined: it was refused. */
  const letIn = async ({ headers: { authorization } }: IncomingMessage, response: ServerResponse): Promise<Door | undefined> => {
    try {
      return await doorFor(door, authorization)
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      sendJson(response, 401, { errors: [{ message: error.message, extensions: error.extensions }] })
      return undefined
    }
  }
  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?', 1)[0] as string
    const callbacks = path.startsWith('/callbacks/') ? door.callbacks : undefined
    // A callback proves by its verifier that it may come; the gateway's key is no subgraph's.
    const { isPreflight } = shareWithOrigin(request, path, response, settings)
    const needsKey = !isPage(path, request) && !callbacks && !door.verifier && !isPreflight
    if (answerHealth(path, response, status) || refuse(request, response, settings, { needsKey })) return
    if (isPreflight) return answerPreflight(request, path, response)

    if (callbacks) {
      const { maxBodyBytes } = callbacks
      if (await peers?.forward(decoded(path.slice('/callbacks/'.length)), request, response, { maxBodyBytes })) return
      const answer = await callbacks.handle(request)
      response.writeHead(answer.status, answer.headers)
      response.end(answer.body)
      return
    }

    if (isPage(path, request)) return await serveGraphiql(request, response)
    const own = await letIn(request, response)
    if (!own) return
    if (path === '/graphql' || path === mergedPath) {
      if (request.method !== 'GET' && request.method !== 'POST') return answerMethod(request, response)
      const forgery = checkForgery(request)
      if (forgery) return answerRefusal(response, forgery)
      const asked = path === mergedPath ? merged.doorOf(own) : own
      const protocol = wantsEventStream(request) ? serverSentEvents : wantsMultipart(request) ? multipart : undefined
      if (protocol) return serveStream(asked, request, response, { closing, connections, protocol })
      return path === mergedPath ? serveSubgraph(throughEngine, asked, request, response) : serveGraphql(apollo, own, request, response)
    }
    if (path === singleConnectionPath) {
      const forgery = checkForgery(request)
      if (forgery) return answerRefusal(response, forgery)
      if (await peers?.forward(streamTokenOf(request), request, response, { maxBodyBytes: settings.limits.bodyBytes, ...request.method === 'GET' && { closing } })) return
      return singleConnections.serve(own, request, response, { takesLeave: peers?.takesLeave(request) })
    }
    if (path === '/metrics') {
      if (!peers) await door.measure()
      return send(response, 200, 'text/plain', await (peers?.totals() ?? telemetry.registry.metrics()))
    }
    if (path === '/') {
      response.writeHead(302, { location: '/graphql' })
      response.end()
      return
    }
    const schema = schemas.get(subgraphAt(path))
    if (schema) {
      const streamed = wantsEventStream(request) ? merged.aloneOf(subgraphAt(path), own) : undefined
      if (!streamed) return serveSubgraph(ownSubgraph(schema), own, request, response)
      const forgery = checkForgery(request)
      if (forgery) return answerRefusal(response, forgery)
      return serveStream(streamed, request, response, { closing, connections, protocol: serverSentEvents })
    }
    sendJson(response, 404, { errors: [{ message: `Nothing is at ${path.slice(0, 200)}. GraphQL is at /graphql.` }] })
  }

  const server = createServer({ maxHeaderSize: maxHeaderBytes }, (request, response) => {
    route(request, response).catch((error: unknown) => {
      onError(error)
      if (response.headersSent) response.destroy()
      else sendJson(response, 500, { errors: [{ message: 'Internal server error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] })
    })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? '/').split('?', 1)[0] as string
    const isKnown = path === '/graphql' || path === mergedPath || schemas.has(subgraphAt(path))
    const refusal = isKnown ? checkRequest(request, settings) : { status: 404, message: 'GraphQL is at /graphql.' }
    if (refusal || closing.begun) return refuseUpgrade(socket, refusal?.status ?? 503, refusal?.message ?? 'The server is closing.')
    const asked = path === '/graphql' ? door : path === mergedPath ? merged.doorOf(door) : merged.aloneOf(subgraphAt(path), door)
    if (!asked) return refuseUpgrade(socket, 404, 'GraphQL is at /graphql.')
    webSockets.upgrade(request, socket, head, asked)
  })

  const { registry } = telemetry
  const current = () => registry.getMetricsAsJSON()
  peers?.measureBy(() => door.measure().then(current), current)
  const url = await entrance.open(server)
  return {
    url,
    get openConnections() {
      return connections.open
    },
    async close() {
      closing.begin()
      const closed = entrance.close()
      const timer = setTimeout(() => server.closeAllConnections(), drainMs)
      // Clients keep the connections on which their last answer came; nobody waits for those.
      const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
      await webSockets.close(drainMs)
      await closed
      clearTimeout(timer)
      clearInterval(sweep)
      await apollo.stop()
    },
  }
}

const answerMethod = ({ method }: IncomingMessage, response: ServerResponse): void => sendJson(
  response, 405, { errors: [{ message: `GraphQL is asked by GET or POST; got ${method}.`, extensions: { code: 'METHOD_NOT_ALLOWED' } }] }, { allow: 'GET, POST' })

/** The name of the subgraph that a path asks for; empty where it asks for none. */
const subgraphAt = (path: string): string => (path.startsWith('/subgraphs/') ? path.slice('/subgraphs/'.length) : '')

/** Of a path; what is no such text is none that was given to anybody. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

const isPage = (path: string, request: IncomingMessage): boolean =>
  path === '/graphql' && request.method === 'GET' && !(request.url ?? '').includes('query=')
  && /\btext\/html\b/.test(request.headers.accept ?? '')
