import type { ConnectionOptions } from 'node:tls'
import type { ExecutionResult } from 'graphql'
import { callbackClient } from './callback-client.ts'
import type { Callbacks } from './callbacks.ts'
import { cancelledFailure, SubgraphFailure } from './errors.ts'
import { readResult } from './graphql-response.ts'
import { HttpClient } from './http-client.ts'
import { HttpMessages, outgoingHeaders } from './http-message.ts'
import { sseClient } from './sse.ts'
import type { SubscriptionClient } from './subscription-client.ts'
import type { SubgraphRequest, SubgraphTransport } from './types.ts'
import { webSocketClient } from './websocket.ts'

export interface HttpSubgraphOptions {
  url: string
  /** Sent with each request; they win over forwarded ones. */
  headers?: Record<string, string>
  /** For the whole answer of one attempt; 10 s unless said otherwise. */
  timeoutMs?: number
  /** Further attempts of a query that brought nothing; 1 unless said otherwise. Mutations are never repeated. */
  retries?: number
  /** 16 MiB unless said otherwise. */
  maxResponseBytes?: number
  /** Connections kept open at most; 64 unless said otherwise. */
  connections?: number
  tls?: ConnectionOptions
  /**
   * How subscriptions are carried; `graphql-ws` unless said otherwise. `sse`: GraphQL over server-sent events;
   * `callback`: the subgraph posts each event to us, which needs {@link callbacks}.
   */
  subscriptionProtocol?: 'graphql-ws' | 'sse' | 'callback'
  /** Where subscriptions go; the same address unless said otherwise (for graphql-ws with ws(s)). */
  subscriptionUrl?: string
  /** Events of one subscription that may wait for their reader; 1,024 unless said otherwise. */
  maxPendingEvents?: number
  /** By `sse`: a stream silent for so long, comments included, is lost; 0, never, unless said otherwise. */
  streamSilenceMs?: number
  /** By `callback`: what takes the subgraph's calls. */
  callbacks?: Callbacks
}

const firstRetryDelayMs = 25

/**
 * Calls a subgraph by GraphQL over HTTP (POST, JSON) on a keep-alive pool, its subscriptions by the protocol set.
 * @throws TypeError when the URL or a header is none, or callbacks are wanted and nothing takes them.
 */
export const httpSubgraph = (options: HttpSubgraphOptions): SubgraphTransport => {
  const url = new URL(options.url)
  const timeoutMs = options.timeoutMs ?? 10_000
  const maxResponseBytes = options.maxResponseBytes ?? 16 * 1024 * 1024
  const client = new HttpClient({
    url, timeoutMs, maxResponseBytes, connections: options.connections ?? 64, tls: options.tls,
  })
  const messages = new HttpMessages(url, options.headers)
  const subscriptions = subscriptionsOf(options, timeoutMs, maxResponseBytes)

  const attempt = async (message: string | Uint8Array, { kind, signal }: SubgraphRequest): Promise<ExecutionResult> => {
    const { text, status } = await client.post(message, kind === 'query', signal)
    return readResult(text, status)
  }

  const own = new Set(Object.keys(options.headers ?? {}).map((name) => name.toLowerCase()))

  return {
    forwarded: (headers) => {
      const forwarded = outgoingHeaders(headers, undefined)
      for (const name of own) delete forwarded[name]
      return forwarded
    },
    execute: async (request) => {
      if (request.signal?.aborted) throw cancelledFailure('not asked')
      const message = messages.of(outgoingHeaders(request.headers, undefined), JSON.stringify({
        query: request.query, operationName: request.operationName, variables: request.variables,
      }))
      const attempts = request.kind === 'query' ? 1 + (options.retries ?? 1) : 1
      for (let number = 1; ; number++) {
        try {
          return await attempt(message, request)
        } catch (failure) {
          const transient = failure instanceof SubgraphFailure && failure.transient
          if (!transient || number >= attempts || request.signal?.aborted) throw failure
          await new Promise((resolve) => setTimeout(resolve, firstRetryDelayMs * 2 ** (number - 1)))
        }
      }
    },
    subscribe: (request) => subscriptions.subscribe(request),
    close: async () => {
      await Promise.all([subscriptions.close(), client.close()])
    },
  }
}

const subscriptionsOf = (
  options: HttpSubgraphOptions, timeoutMs: number, maxResponseBytes: number,
): SubscriptionClient => {
  const { headers, tls } = options
  const url = options.subscriptionUrl ?? options.url
  switch (options.subscriptionProtocol) {
    case 'sse':
      return sseClient({
        url, headers, tls, timeoutMs, silenceMs: options.streamSilenceMs ?? 0, maxEventBytes: maxResponseBytes,
      })
    case 'callback':
      if (!options.callbacks) throw new TypeError('Subscriptions by callback need "callbacks", which take the calls.')
      return callbackClient({ url, headers, tls, timeoutMs, maxResponseBytes, callbacks: options.callbacks })
    default:
      return webSocketClient({
        url: options.subscriptionUrl ?? options.url.replace(/^http/, 'ws'),
        headers,
        tls,
        connectTimeoutMs: timeoutMs,
        maxMessageBytes: maxResponseBytes,
        maxPendingEvents: options.maxPendingEvents ?? 1024,
      })
  }
}
