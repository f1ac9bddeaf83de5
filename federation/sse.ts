import type { ConnectionOptions } from 'node:tls'
import type { ExecutionResult } from 'graphql'
import { Pool, type Dispatcher } from 'undici'
import { codes, SubgraphFailure } from './errors.ts'
import { EventStreamReader, EventTooLargeError, type ServerSentEvent } from './event-stream.ts'
import { outgoingHeaders, readResult, transportFailure } from './http.ts'
import { isObject } from './merge.ts'
import type { SubscriptionClient } from './subscription-client.ts'

export interface SseClientOptions {
  url: string
  headers: Record<string, string> | undefined
  tls: ConnectionOptions | undefined
  /** Until the subgraph has begun its answer. */
  timeoutMs: number
  /** A stream on which not even a comment has come for so long is lost; 0: it may be silent for ever. */
  silenceMs: number
  maxEventBytes: number
}

/**
 * Subscriptions of one remote subgraph by GraphQL over server-sent events, distinct connections mode: one request for
 * each, events `next` and `complete`. Events are read as they are asked for, so that a slow reader holds the subgraph
 * back. A stream that ends without `complete` ends the subscription with an error.
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
export const sseClient = (options: SseClientOptions): SubscriptionClient => {
  const url = new URL(options.url)
  // Apart from the pool of queries, which streams would use up.
  const pool = new Pool(url.origin, { connections: null, connect: { timeout: options.timeoutMs, ...options.tls } })

  return {
    subscribe: async (request) => {
      if (request.signal?.aborted) throw new SubgraphFailure('was not asked: the request was cancelled')
      const stop = new AbortController()
      const leave = () => stop.abort()
      request.signal?.addEventListener('abort', leave, { once: true })
      // undici's own timers are some hundred milliseconds late.
      let timedOut = false
      const timer = setTimeout(() => {
        timedOut = true
        stop.abort()
      }, options.timeoutMs)
      const free = () => {
        clearTimeout(timer)
        request.signal?.removeEventListener('abort', leave)
        stop.abort()
      }
      try {
        const response = await pool.request({
          method: 'POST',
          path: url.pathname + url.search,
          headers: {
            ...outgoingHeaders(request.headers, options.headers),
            accept: 'text/event-stream',
            'content-type': 'application/json',
          },
          body: JSON.stringify({
            query: request.query, operationName: request.operationName, variables: request.variables,
          }),
          signal: stop.signal,
          headersTimeout: 0,
          bodyTimeout: options.silenceMs,
        })
        if (isEventStream(response)) {
          clearTimeout(timer)
          return stream(response, options.maxEventBytes, free, stop.signal)
        }
        const refusal = await refusalOf(response, options.maxEventBytes)
        free()
        return refusal
      } catch (cause) {
        free()
        if (cause instanceof SubgraphFailure) throw cause
        if (request.signal?.aborted) {
          throw new SubgraphFailure('was not waited for: the request was cancelled', { cause })
        }
        throw transportFailure(cause, {
          timeoutMs: options.timeoutMs, maxResponseBytes: options.maxEventBytes, timedOut,
        })
      }
    },
    close: () => pool.destroy(),
  }
}

const isEventStream = ({ statusCode, headers }: Dispatcher.ResponseData): boolean =>
  statusCode === 200 && /^text\/event-stream\b/i.test(String(headers['content-type'] ?? ''))

/** What a subgraph says that does not begin a stream. @throws SubgraphFailure when that is no GraphQL error */
const refusalOf = async ({ body, statusCode }: Dispatcher.ResponseData, limit: number): Promise<ExecutionResult> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new SubgraphFailure(`answered with more than the ${limit} bytes allowed`)
    chunks.push(chunk)
  }
  const result = readResult(Buffer.concat(chunks).toString(), statusCode)
  if (result.errors?.length) return result
  throw new SubgraphFailure('answered with one result where a stream of events was asked for')
}

const stream = (
  { body }: Dispatcher.ResponseData, limit: number, free: () => void, stopped: AbortSignal,
): AsyncIterableIterator<ExecutionResult> => {
  const results = read(body, limit, free, stopped)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => results.next(),
    // A generator's own `return` would wait for the event that it waits for.
    return: async () => {
      free()
      await results.return(undefined)
      return { done: true, value: undefined }
    },
  }
}

const read = async function* (
  body: AsyncIterable<Uint8Array>, limit: number, free: () => void, stopped: AbortSignal,
): AsyncGenerator<ExecutionResult, undefined> {
  const reader = new EventStreamReader(limit)
  try {
    for await (const chunk of body) {
      for (const event of reader.read(chunk)) {
        if (event.event === 'complete') return
        if (event.event === 'next') yield resultOf(event)
      }
    }
    throw lost()
  } catch (cause) {
    if (stopped.aborted) return
    if (cause instanceof SubgraphFailure) throw cause
    throw cause instanceof EventTooLargeError
      ? new SubgraphFailure(`ended the subscription: an event had more than the ${limit} bytes allowed`, {
        cause, code: codes.lost,
      })
      : lost(cause)
  } finally {
    free()
  }
}

const lost = (cause?: unknown): SubgraphFailure =>
  new SubgraphFailure('ended the subscription: the connection was lost', { cause, code: codes.lost })

/** @throws SubgraphFailure when the event's data is no GraphQL result */
const resultOf = ({ data }: ServerSentEvent): ExecutionResult => {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    value = undefined
  }
  if (isObject(value) && ('data' in value || Array.isArray(value.errors))) return value as ExecutionResult
  throw new SubgraphFailure('ended the subscription: it sent an event that is no GraphQL response', {
    code: codes.lost,
  })
}
