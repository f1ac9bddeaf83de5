import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApolloServer, HeaderMap } from '@apollo/server'
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback'
import { execute, parse, subscribe, type ExecutionResult, type GraphQLSchema } from 'graphql'
import type { Callbacks } from '../../federation/index.ts'

export interface Listening extends AsyncDisposable {
  url: string
  server: Server
}

/** An HTTP server on a port of the system's choice. */
export const listening = async (
  handler: (request: IncomingMessage, response: ServerResponse) => unknown, path = '/graphql',
): Promise<Listening> => {
  const server = createServer((request, response) => void handler(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Parameters {
  query: string
  variables?: Record<string, unknown>
  operationName?: string
}

export const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/**
 * Serves a subgraph by GraphQL over HTTP and over server-sent events (distinct connections mode), as the protocol has
 * it: events are written as the connection takes them.
 */
export const serveBySse = (schema: GraphQLSchema): Promise<Listening> => listening(async (request, response) => {
  const { query, variables, operationName } = JSON.parse(await bodyOf(request)) as Parameters
  const asked = { schema, document: parse(query), variableValues: variables, operationName }
  if (request.headers.accept !== 'text/event-stream') {
    response.setHeader('content-type', 'application/graphql-response+json')
    return response.end(JSON.stringify(await execute(asked)))
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(':\n\n')
  const result = await subscribe(asked)
  const results: AsyncIterable<ExecutionResult> = Symbol.asyncIterator in result ? result : [result] as never
  if (Symbol.asyncIterator in result) response.once('close', () => void result.return?.())
  try {
    for await (const each of results) {
      await written(response, `event: next\ndata: ${JSON.stringify(each)}\n\n`)
      if (response.destroyed) return
    }
    response.end('event: complete\ndata:\n\n')
  } catch {
    response.destroy()
  }
})

/** Resolves when the connection takes more. */
const written = (response: ServerResponse, text: string): Promise<void> | void => {
  if (response.write(text)) return
  return new Promise((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}

/** Serves a subgraph by Apollo Server with its plugin for the callback protocol. */
export const serveByCallback = async (schema: GraphQLSchema): Promise<Listening> => {
  const apollo = new ApolloServer({
    schema,
    plugins: [ApolloServerPluginSubscriptionCallback({ retry: { retries: 0 } })],
    stopOnTerminationSignals: false,
  })
  await apollo.start()
  const server = await listening(async (request, response) => {
    const headers = new HeaderMap(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const answer = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers, search: '', body: JSON.parse(await bodyOf(request)) as unknown },
      context: async () => ({}),
    })
    response.writeHead(answer.status ?? 200, [...answer.headers].flat())
    response.end(answer.body.kind === 'complete' ? answer.body.string : '')
  })
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await apollo.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Where a gateway takes callbacks. `callbacks` is asked for late: it needs the address. */
export const serveCallbacks = (callbacks: () => Callbacks): Promise<Listening> => listening(async (request, response) => {
  const { status, headers, body } = await callbacks().handle(request)
  response.writeHead(status, headers)
  response.end(body)
}, '/callbacks')
