import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeaderMap, type ApolloServer } from '@apollo/server'
import type { ExecutionResult } from 'graphql'
import type { HttpContext } from './apollo.ts'
import { BodyTooLargeError, isJson, readBody } from './body.ts'
import { contextFor, waitWith, type Door } from './door.ts'
import { sendJson } from './respond.ts'
import { outcomeOf } from './results.ts'
import { timeLimit } from './time-limit.ts'

/** GraphQL over HTTP through Apollo Server, on node:http without a framework in between. */
export async function serveGraphql(
  apollo: ApolloServer<HttpContext>, door: Door, request: IncomingMessage, response: ServerResponse,
): Promise<void> {
  const stopTimer = door.telemetry.queryLatency.startTimer({ transport: 'http' })
  const left = new AbortController()
  response.once('close', () => left.abort())
  const signal = timeLimit(door.settings.requestTimeoutMs, left.signal)

  const body = await bodyOf(request, response, door.settings.limits.bodyBytes)
  if (body === undefined) return
  const headers = new HeaderMap()
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)

  // What never comes to be executed was refused.
  let outcome: 'ok' | 'error' = 'error'
  const onResult = (result: ExecutionResult): void => { outcome = outcomeOf(result) }
  let invalid = false
  const onInvalid = (): void => { invalid = true }
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: request.method ?? 'GET', headers, search: searchOf(request.url), body },
    context: () => Promise.resolve({ request: contextFor(door, { signal }), waitFor: waitWith(door, signal), onResult, onInvalid }),
  })
  stopTimer({ outcome })
  if (response.destroyed) return
  response.statusCode = invalid && isLegacy(answer.headers.get('content-type')) ? 200 : answer.status ?? 200
  // What is true now may not be in a moment.
  response.setHeader('cache-control', 'no-store')
  for (const [name, value] of answer.headers) response.setHeader(name, value)
  if (answer.body.kind === 'complete') response.end(answer.body.string)
  else {
    for await (const chunk of answer.body.asyncIterator) response.write(chunk)
    response.end()
  }
}

/**
 * Whether the answer is `application/json`: then whatever is a GraphQL answer has status 200, so that it cannot be taken for
 * that of a server in between (GraphQL over HTTP, "Status codes").
 */
const isLegacy = (contentType = ''): boolean => contentType.startsWith('application/json')

const searchOf = (url = ''): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '')

/** The parsed JSON body; undefined where the refusal is already sent. */
async function bodyOf(request: IncomingMessage, response: ServerResponse, limit: number): Promise<unknown> {
  if (request.method !== 'POST') return null
  try {
    const text = await readBody(request, limit)
    // Anything else is Apollo Server's to refuse.
    return isJson(request) ? JSON.parse(text) : text
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      sendJson(response, 413, { errors: [{ message: error.message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } }] }, { connection: 'close' })
    else if (error instanceof SyntaxError)
      sendJson(response, 400, { errors: [{ message: 'The body must be JSON: {"query": "…", "variables": {…}}.', extensions: { code: 'BAD_REQUEST' } }] })
    else response.destroy()
    return undefined
  }
}
