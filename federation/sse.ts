import { request as requestByHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestByHttps } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import type { ExecutionResult } from 'graphql'
import { cancelledFailure, codes, SubgraphFailure } from './errors.ts'
import { EventStreamReader, EventTooLargeError, type ServerSentEvent } from './event-stream.ts'
import { readResult } from './graphql-response.ts'
import { connectionFailure } from './http-connection.ts'
import { outgoingHeaders } from './http-message.ts'
import { isObject } from './merge.ts'
import type { SubscriptionClient } from './subscription-client.ts'
import type { SubgraphRequest } from './types.ts'

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
  const running = new Set<ClientRequest>()

  return {
    subscribe: async (request) => {
      if (request.signal?.aborted) throw cancelledFailure('not asked')
      const stop = new AbortController()
      const leave = () => stop.abort()
      request.signal?.addEventListener('abort', leave, { once: true })
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
        const response = await send(options, request, stop.signal, running)
        if (isEventStream(response)) {
          clearTimeout(timer)
          return stream(response, options, free, stop.signal)
        }
        const refusal = await refusalOf(response, options.maxEventBytes)
        free()
        return refusal
      } catch (cause) {
        free()
        if (cause instanceof SubgraphFailure) throw cause
        if (request.signal?.aborted) throw cancelledFailure('not waited for', cause)
        throw timedOut ? new SubgraphFailure(`did not answer within ${options.timeoutMs} ms`, { cause }) : connectionFailure(cause)
      }
    },
    close: () => {
      for (const each of running) each.destroy(new Error('The transport was closed.'))
      return Promise.resolve()
    },
  }
}

/** One connection each, which ends with the stream. Resolves with the head of the answer. */
const send = (
  { url, headers, tls }: SseClientOptions, asked: SubgraphRequest, signal: AbortSignal, running: Set<ClientRequest>,
): Promise<IncomingMessage> => {
  const body = JSON.stringify({ query: asked.query, operationName: asked.operationName, variables: asked.variables })
  return new Promise((resolve, reject) => {
    const settings = {
      method: 'POST',
      agent: false,
      signal,
      headers: {
        ...outgoingHeaders(asked.headers, headers),
        accept: 'text/event-stream', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body),
      },
    } as const
    const request = url.startsWith('https:') ? requestByHttps(url, { ...settings, ...tls }) : requestByHttp(url, settings)
    running.add(request)
    request.once('close', () => running.delete(request))
    request.once('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

const isEventStream = ({ statusCode, headers }: IncomingMessage): boolean =>
  statusCode === 200 && /^text\/event-stream\b/i.test(headers['content-type'] ?? '')

/** What a subgraph says that does not begin a stream. @throws SubgraphFailure when that is no GraphQL error */
const refusalOf = async (response: IncomingMessage, limit: number): Promise<ExecutionResult> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new SubgraphFailure(`answered with more than the ${limit} bytes allowed`)
    chunks.push(chunk)
  }
  const result = readResult(Buffer.concat(chunks).toString(), response.statusCode ?? 0)
  if (result.errors?.length) return result
  throw new SubgraphFailure('answered with one result where a stream of events was asked for')
}

const stream = (
  response: IncomingMessage, { maxEventBytes, silenceMs }: SseClientOptions, free: () => void, stopped: AbortSignal,
): AsyncIterableIterator<ExecutionResult> => {
  const results = read(chunksOf(response, silenceMs), maxEventBytes, free, stopped)
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

/** The chunks of an answer, as they are asked for. Whoever does not ask does not wait, so that is no silence. */
const chunksOf = async function* (response: IncomingMessage, silenceMs: number): AsyncGenerator<Buffer, undefined> {
  const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  for (;;) {
    const timer = silenceMs === 0 ? undefined : setTimeout(() => response.destroy(lost()), silenceMs)
    const { done, value } = await chunks.next().finally(() => clearTimeout(timer))
    if (done) return
    yield value
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
