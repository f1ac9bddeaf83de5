import type { IncomingMessage, ServerResponse } from 'node:http'
import { execute, getOperationAST, GraphQLError, parse, validate, type ExecutionResult, type GraphQLSchema } from 'graphql'
import { BodyTooLargeError, isJson, notJson, readBody } from './body.ts'
import { contextFor, type Door } from './door.ts'
import { checkLimits } from './limits.ts'
import { sendJson } from './respond.ts'
import { formatResult } from './results.ts'
import { inTime, timeLimit } from './time-limit.ts'

/** Serves one of Freshet's own subgraphs, `_service` and `_entities` included, for any other federation router. */
export async function serveSubgraph(schema: GraphQLSchema, door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return sendJson(response, 405, { errors: [{ message: 'A subgraph is asked by POST.' }] }, { allow: 'POST' })
  if (!isJson(request)) return sendJson(response, 415, notJson)
  const left = new AbortController()
  response.once('close', () => left.abort())
  let asked: { query?: unknown; operationName?: unknown; variables?: unknown }
  try {
    asked = JSON.parse(await readBody(request, door.settings.limits.bodyBytes)) as typeof asked
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      return sendJson(response, 413, { errors: [{ message: error.message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } }] }, { connection: 'close' })
    return sendJson(response, 400, { errors: [{ message: 'The body must be JSON: {"query": "…", "variables": {…}}.' }] })
  }
  const { requestTimeoutMs } = door.settings
  const signal = timeLimit(requestTimeoutMs, left.signal)
  const result = await inTime(signal, requestTimeoutMs, run(schema, asked ?? {}, door, signal))
  if (!response.destroyed) sendJson(response, result.data === undefined ? 400 : 200, formatResult(result, door.onError))
}

async function run(
  schema: GraphQLSchema, { query, operationName, variables }: { query?: unknown; operationName?: unknown; variables?: unknown },
  door: Door, signal: AbortSignal,
): Promise<ExecutionResult> {
  if (typeof query !== 'string') return { errors: [new GraphQLError('The request must have a "query".')] }
  const name = typeof operationName === 'string' ? operationName : undefined
  try {
    const document = parse(query, { maxTokens: door.settings.limits.tokens })
    const errors = validate(schema, document)
    if (errors.length > 0) return { errors }
    const operation = getOperationAST(document, name)
    if (operation?.operation === 'subscription')
      return { errors: [new GraphQLError('Subscriptions go over graphql-ws on /graphql.')] }
    const variableValues = typeof variables === 'object' && variables !== null ? (variables as Record<string, unknown>) : {}
    if (operation) checkLimits(schema, document, operation, variableValues, door.settings.limits)
    return await execute({ schema, document, operationName: name, contextValue: contextFor(door, { signal }), variableValues })
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] }
    throw error
  }
}
