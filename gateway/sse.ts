import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, type ExecutionResult } from 'graphql'
import { BodyTooLargeError, isJson, notJson, readBody } from './body.ts'
import { callerOf, contextFor, waitWith, type Door } from './door.ts'
import { isObject } from './json.ts'
import { prepareOperation } from './operation.ts'
import { sendJson } from './respond.ts'
import { formatResult, outcomeOf, toGraphQLError, withLastWord } from './results.ts'
import { inTime, timeLimit } from './time-limit.ts'
import { tokenOf } from './token.ts'

/** Time between comments that keep proxies from closing a quiet stream, ms. */
const keepAliveMs = 12_000

export const wantsEventStream = (request: IncomingMessage): boolean => /\btext\/event-stream\b/.test(request.headers.accept ?? '')

/**
 * GraphQL over server-sent events, distinct connections mode: events `next` and `complete`, one operation per request.
 * Subscriptions are completed when the server closes.
 */
export async function serveEventStream(
  door: Door, request: IncomingMessage, response: ServerResponse, closing: AbortSignal,
): Promise<void> {
  const left = new AbortController()
  response.once('close', () => left.abort())

  const parameters = await parametersOf(request, response, door)
  if (!parameters) return
  const prepared = prepareOperation(door.host.current, parameters, door.settings.limits)
  // A page of any origin can make a browser send a GET, and no Origin comes with it.
  if (request.method === 'GET' && 'operation' in prepared && prepared.operation.operation === 'mutation')
    return sendJson(response, 405, { errors: [{ message: 'A mutation is sent by POST.' }] }, { allow: 'POST' })
  const token = tokenOf(request.headers['freshet-token'], parameters.extensions)
  const stream = open(response)
  try {
    if ('errors' in prepared) return stream.last(formatResult(prepared, door.onError))
    if (token !== undefined) await waitWith(door, left.signal)(token)
    const { engine, document, operation } = prepared
    const live = operation.operation === 'subscription'
    const { requestTimeoutMs } = door.settings
    const signal = live ? left.signal : timeLimit(requestTimeoutMs, left.signal)
    const asked = {
      document, operationName: parameters.operationName, variables: parameters.variables, signal, context: contextFor(door, { signal, live }),
      ...callerOf(door, request.headers, token),
    }
    if (!live) {
      const stopTimer = door.telemetry.queryLatency.startTimer({ transport: 'sse' })
      const result = await inTime(signal, requestTimeoutMs, engine.execute(asked))
      stopTimer({ outcome: outcomeOf(result) })
      return stream.last(formatResult(result, door.onError))
    }
    const result = await engine.subscribe(asked)
    if (!(Symbol.asyncIterator in result)) return stream.last(formatResult(result, door.onError))
    door.telemetry.subscriptions.inc()
    const results = withLastWord(result, () => door.telemetry.subscriptions.dec())
    left.signal.addEventListener('abort', () => void results.return?.(), { once: true })
    if (left.signal.aborted) void results.return?.()
    const end = () => {
      void results.return?.()
      stream.complete()
    }
    closing.addEventListener('abort', end, { once: true })
    response.once('close', () => closing.removeEventListener('abort', end))
    if (closing.aborted) end()
    for await (const each of results) await stream.next(formatResult(each, door.onError))
    stream.complete()
  } catch (error) {
    if (left.signal.aborted) return
    stream.last(formatResult({ errors: [toGraphQLError(error)] }, door.onError))
  } finally {
    stream.stop()
  }
}

function open(response: ServerResponse) {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no',
  })
  // Clients that wait for the first byte learn that the stream is open.
  response.write(':\n\n')
  const timer = setInterval(() => response.write(':\n\n'), keepAliveMs)
  const next = async (result: ExecutionResult | object): Promise<void> => {
    if (response.writableEnded) return
    const written = response.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`)
    if (!written && !response.destroyed) await new Promise<void>((resolve) => {
      response.once('drain', resolve)
      response.once('close', resolve)
    })
  }
  const complete = (): void => {
    if (!response.writableEnded) response.end('event: complete\ndata:\n\n')
  }
  return {
    next,
    complete,
    last(result: object): void {
      void next(result)
      complete()
    },
    stop: () => clearInterval(timer),
  }
}

interface Parameters {
  query: string
  operationName?: string
  variables?: Record<string, unknown>
  extensions?: unknown
}

async function parametersOf(
  request: IncomingMessage, response: ServerResponse, { documents, settings: { limits } }: Door,
): Promise<Parameters | undefined> {
  if (request.method !== 'GET' && !isJson(request)) {
    sendJson(response, 415, notJson)
    return undefined
  }
  try {
    const raw: unknown = request.method === 'GET' ? fromSearch(request.url) : JSON.parse(await readBody(request, limits.bodyBytes))
    const asked = isObject(raw) ? documents.resolve(raw) : raw
    if (isParameters(asked)) return asked
    sendJson(response, 400, { errors: [{ message: 'The request must have a "query", and may have "variables" (an object) and "operationName".' }] })
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      sendJson(response, 413, { errors: [{ message: error.message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } }] }, { connection: 'close' })
    else if (error instanceof GraphQLError) {
      const { http, ...extensions } = error.extensions
      sendJson(response, (http as { status: number }).status, { errors: [{ message: error.message, extensions }] })
    } else sendJson(response, 400, { errors: [{ message: 'The body must be JSON: {"query": "…", "variables": {…}}.' }] })
  }
  return undefined
}

function fromSearch(url = ''): unknown {
  const search = new URL(url, 'http://localhost').searchParams
  const json = (name: string): unknown => {
    const value = search.get(name)
    return value === null ? undefined : JSON.parse(value)
  }
  return {
    query: search.get('query') ?? undefined, documentId: search.get('documentId'), operationName: search.get('operationName') ?? undefined,
    variables: json('variables'), extensions: json('extensions'),
  }
}

const isParameters = (raw: unknown): raw is Parameters => {
  if (typeof raw !== 'object' || raw === null) return false
  const { query, operationName, variables } = raw as Record<string, unknown>
  return typeof query === 'string'
    && (operationName === undefined || operationName === null || typeof operationName === 'string')
    && (variables === undefined || variables === null || (typeof variables === 'object' && !Array.isArray(variables)))
}
