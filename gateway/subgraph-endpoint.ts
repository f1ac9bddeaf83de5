import type { IncomingMessage, ServerResponse } from 'node:http'
import { execute, getOperationAST, GraphQLError, parse, type ExecutionResult, type GraphQLSchema } from 'graphql'
import { BodyTooLargeError, isJson, notJson, readBody } from './body.ts'
import { callerOf, contextFor, waitWith, type Door } from './door.ts'
import { isObject } from './json.ts'
import { checkLimits } from './limits.ts'
import { prepareOperation } from './operation.ts'
import { sendJson } from './respond.ts'
import { formatResult } from './results.ts'
import { RequestTime } from './time-limit.ts'
import { tokenOf } from './token.ts'
import { faultsOf } from './validate.ts'

interface Asked {
  query: string
  operationName: string | undefined
  variables: Record<string, unknown>
  headers: IncomingMessage['headers']
  /** The answer has to include its events; they are applied. */
  token: string | undefined
  signal: AbortSignal
}

/** Answers a query or mutation. What is thrown as a GraphQLError is the answer. */
type Answer = (asked: Asked, door: Door) => Promise<ExecutionResult>

/** Routers know this message by the protocol of automatic persisted queries, and send the query itself from then on. */
const notPersisted = { errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }] }

/** Serves what has `_service` and `_entities` to any other federation router, by POST. */
export async function serveSubgraph(answer: Answer, door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return sendJson(response, 405, { errors: [{ message: 'A subgraph is asked by POST.' }] }, { allow: 'POST' })
  if (!isJson(request)) return sendJson(response, 415, notJson)
  let body: unknown
  try {
    body = JSON.parse(await readBody(request, door.settings.limits.bodyBytes))
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      return sendJson(response, 413, { errors: [{ message: error.message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } }] }, { connection: 'close' })
    return sendJson(response, 400, { errors: [{ message: 'The body must be JSON: {"query": "…", "variables": {…}}.' }] })
  }
  const { query, operationName, variables, extensions } = isObject(body) ? body : {}
  if (typeof query !== 'string') {
    return isObject(extensions) && isObject(extensions.persistedQuery)
      ? sendJson(response, 200, notPersisted)
      : sendJson(response, 400, { errors: [{ message: 'The request must have a "query".' }] })
  }
  const time = new RequestTime(door.settings.requestTimeoutMs)
  response.once('close', () => time.left())
  const { signal } = time
  const token = tokenOf(request.headers['freshet-token'], extensions)
  const asked = {
    query, token, signal, headers: request.headers,
    operationName: typeof operationName === 'string' ? operationName : undefined,
    variables: isObject(variables) ? variables : {},
  }
  const answered = async (): Promise<ExecutionResult> => {
    try {
      if (token !== undefined) await waitWith(door, signal)(token)
      return await answer(asked, door)
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [error] }
      throw error
    }
  }
  const result = await time.within(answered()).finally(() => time.end())
  if (!response.destroyed) sendJson(response, result.data === undefined ? 400 : 200, formatResult(result, door.onError))
}

/** By one of the own subgraphs alone. */
export const ownSubgraph = (schema: GraphQLSchema): Answer => async ({ query, operationName, variables, signal }, door) => {
  const { limits } = door.settings
  const document = parse(query, { maxTokens: limits.tokens })
  const errors = faultsOf(schema, document)
  if (errors.length > 0) return { errors }
  const operation = getOperationAST(document, operationName)
  if (operation?.operation === 'subscription') throw new GraphQLError('Subscriptions go over graphql-ws or server-sent events on this path.')
  if (operation) checkLimits(schema, document, operation, variables, limits)
  return await execute({ schema, document, operationName, contextValue: contextFor(door, { signal }), variableValues: variables })
}

/** By all of them, through the door's engine. */
export const throughEngine: Answer = async ({ query, operationName, variables, headers, token, signal }, door) => {
  const prepared = prepareOperation(door.host.current, { query, operationName, variables }, door.settings.limits)
  if ('errors' in prepared) return prepared
  const { engine, document, operation } = prepared
  if (operation.operation === 'subscription') throw new GraphQLError('Subscriptions go over graphql-ws or server-sent events on this path.')
  return await engine.execute({ document, operationName, variables, signal, context: contextFor(door, { signal }), ...callerOf(door, headers, token) })
}
