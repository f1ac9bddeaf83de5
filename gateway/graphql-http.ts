import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeaderMap, type ApolloServer } from '@apollo/server'
import { Exchange, type HttpContext } from './apollo.ts'
import { BodyTooLargeError, isJson, readBody } from './body.ts'
import type { Documents } from './documents.ts'
import type { Door } from './door.ts'
import { isObject } from './json.ts'
import { sendRendered, standInText } from './rendered.ts'
import { sendJson } from './respond.ts'

/** GraphQL over HTTP through Apollo Server, on node:http without a framework in between. */
export async function serveGraphql(
  apollo: ApolloServer<HttpContext>, door: Door, request: IncomingMessage, response: ServerResponse,
): Promise<void> {
  const startedAt = performance.now()
  const exchange = new Exchange(door, request.headers)
  response.on('close', () => exchange.time.left())

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
  const accept = request.headers.accept ?? ''
  const known = request.method === 'POST' ? contentTypes.get(accept) : undefined
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: request.method ?? 'GET', headers: known === undefined ? headersOf(request) : acceptsAnything, search, body },
    // Apollo Server answers with what is thrown here, in the form that the client accepts.
    context: () => refused === undefined ? Promise.resolve({ exchange }) : Promise.reject(refused as Error),
  })
  exchange.time.end()
  door.telemetry.queryLatency.observe({ transport: 'http', outcome: exchange.outcome }, (performance.now() - startedAt) / 1000)
  if (response.destroyed) return
  if (answer.body.kind === 'chunked') throw new Error('Apollo Server answers in parts, which the engine does not.')
  const type = known ?? answer.headers.get('content-type') ?? ''
  if (known === undefined && answer.status !== 406) remember(accept, type)
  // What is true now may not be in a moment.
  const fields = ['cache-control', 'no-store', 'content-type', type]
  for (const [name, value] of answer.headers) if (name !== 'content-type') fields.push(name, value)
  const { rendered } = exchange
  exchange.rendered = undefined
  const { string } = answer.body
  sendRendered(response, exchange.invalid && isLegacy(type) ? 200 : answer.status ?? 200, fields, rendered !== undefined && string === standInText ? rendered : string, exchange.executed ? door.mark.render() : undefined)
}

/**
 * The content types of answers by what clients accept, as Apollo Server chose them. It would work them out anew, twice for each
 * request and at more cost than anything else that it does, were it not told of the header that all of them are welcome.
 */
const contentTypes = new Map<string, string>()
const maxContentTypes = 100
/** Taken for JSON without being parsed. */
const acceptsAnything = new HeaderMap([['accept', '']])

function remember(accept: string, type: string): void {
  if (contentTypes.size < maxContentTypes && accept.length < 1_000) contentTypes.set(accept, type)
}

/** Those that Apollo Server reads. */
function headersOf({ headers: { accept, 'content-type': contentType } }: IncomingMessage): HeaderMap {
  const headers = new HeaderMap()
  if (accept !== undefined) headers.set('accept', accept)
  if (contentType !== undefined) headers.set('content-type', contentType)
  return headers
}

/**
 * Whether the answer is `application/json`: then whatever is a GraphQL answer has status 200, so that it cannot be taken for
 * that of a server in between (GraphQL over HTTP, "Status codes").
 */
const isLegacy = (contentType: string): boolean => contentType.startsWith('application/json')

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
