import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeaderMap, type ApolloServer } from '@apollo/server'
import type { ExecutionResult } from 'graphql'
import type { HttpContext } from './apollo.ts'
import { BodyTooLargeError, isJson, readBody } from './body.ts'
import type { Documents } from './documents.ts'
import { contextFor, type Door } from './door.ts'
import { isObject } from './json.ts'
import { expectShared, sendRendered } from './rendered.ts'
import { sendJson } from './respond.ts'
import { outcomeOf } from './results.ts'
import { RequestTime } from './time-limit.ts'

/** GraphQL over HTTP through Apollo Server, on node:http without a framework in between. */
export async function serveGraphql(
  apollo: ApolloServer<HttpContext>, door: Door, request: IncomingMessage, response: ServerResponse,
): Promise<void> {
  const stopTimer = door.telemetry.queryLatency.startTimer({ transport: 'http' })
  const time = new RequestTime(door.settings.requestTimeoutMs)
  response.once('close', () => {
    if (response.writableFinished) time.end()
    else time.left()
  })
  const { signal } = time

  const received = await bodyOf(request, response, door.settings.limits.bodyBytes)
  if (received === undefined) return
  let search = request.method === 'GET' ? searchOf(request.url) : ''
  let body = received
  let refused: unknown
  try {
    if (request.method === 'GET') search = withText(search, door.documents)
    else if (isObject(received)) body = door.documents.resolve(received)
  } catch (error) {
    refused = error
  }
  // Those that Apollo Server reads.
  const headers = new HeaderMap()
  const { accept, 'content-type': contentType } = request.headers
  if (accept !== undefined) headers.set('accept', accept)
  if (contentType !== undefined) headers.set('content-type', contentType)

  // What never comes to be executed was refused.
  let outcome: 'ok' | 'error' = 'error'
  let data: object | null | undefined
  const onResult = (result: ExecutionResult): void => {
    outcome = outcomeOf(result)
    data = result.data
    expectShared(result)
  }
  let invalid = false
  const onInvalid = (): void => { invalid = true }
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: request.method ?? 'GET', headers, search, body },
    // Apollo Server answers with what is thrown here, in the form that the client accepts.
    context: () => refused === undefined
      ? Promise.resolve({ request: contextFor(door, { signal }), headers: request.headers, door, onResult, onInvalid })
      : Promise.reject(refused as Error),
  })
  stopTimer({ outcome })
  if (response.destroyed) return
  const status = invalid && isLegacy(answer.headers.get('content-type')) ? 200 : answer.status ?? 200
  // What is true now may not be in a moment.
  const fields = ['cache-control', 'no-store']
  for (const [name, value] of answer.headers) fields.push(name, value)
  if (answer.body.kind === 'chunked') throw new Error('Apollo Server answers in parts, which the engine does not.')
  sendRendered(response, status, fields, answer.body.string, data)
}

/**
 * Whether the answer is `application/json`: then whatever is a GraphQL answer has status 200, so that it cannot be taken for
 * that of a server in between (GraphQL over HTTP, "Status codes").
 */
const isLegacy = (contentType = ''): boolean => contentType.startsWith('application/json')

const searchOf = (url = ''): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '')

/** The search part with the text for which it stands. */
function withText(search: string, documents: Documents): string {
  if (documents.passes(search)) return search
  const parameters = new URLSearchParams(search)
  const extensions = parseJson(parameters.get('extensions'))
  const asked = documents.resolve({ query: parameters.get('query') ?? undefined, documentId: parameters.get('documentId'), extensions })
  if (asked.query !== undefined) parameters.set('query', asked.query)
  if (asked.extensions !== extensions) parameters.set('extensions', JSON.stringify(asked.extensions))
  return `?${parameters.toString()}`
}

/** Undefined where it is none: Apollo Server says what is wrong. */
function parseJson(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

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
