import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execute, parse, subscribe, type GraphQLSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

export interface RemoteSubgraph extends AsyncDisposable {
  url: string
  /** Headers of each HTTP request, in order. */
  requests: Record<string, unknown>[]
}

/**
 * Serves a subgraph by plain graphql-js over HTTP and graphql-ws, as any foreign server would.
 * @param of its schema; given by a function it may change
 */
export const serveSubgraph = async (
  of: GraphQLSchema | (() => GraphQLSchema), contextOf: (headers: IncomingHttpHeaders) => unknown = () => undefined,
): Promise<RemoteSubgraph> => {
  const requests: Record<string, unknown>[] = []
  const schemaNow = typeof of === 'function' ? of : () => of
  // No limit by the clock: a machine that stood still would end connections on which a request has just been written.
  const server = createServer({ headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    requests.push(request.headers)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { query, variables, operationName } = JSON.parse(Buffer.concat(chunks).toString()) as {
        query: string, variables?: Record<string, unknown>, operationName?: string
      }
      void Promise.resolve(execute({
        schema: schemaNow(), document: parse(query), variableValues: variables, operationName,
        contextValue: contextOf(request.headers),
      })).then((result) => {
        response.setHeader('content-type', 'application/graphql-response+json')
        response.end(JSON.stringify(result))
      })
    })
  })
  const sockets = new WebSocketServer({ server })
  const protocol = useServer({ schema: schemaNow, execute, subscribe, context: ({ extra }) => contextOf(extra.request.headers) }, sockets)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    requests,
    [Symbol.asyncDispose]: async () => {
      await protocol.dispose()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
