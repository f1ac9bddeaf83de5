import type { ConnectionOptions } from 'node:tls'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { createClient, type Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import { cancelledFailure, codes, SubgraphFailure } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { outgoingHeaders } from './http-message.ts'
import type { SubscriptionClient } from './subscription-client.ts'

export interface WebSocketClientOptions {
  url: string
  headers: Record<string, string> | undefined
  tls: ConnectionOptions | undefined
  connectTimeoutMs: number
  maxMessageBytes: number
  maxPendingEvents: number
}

/**
 * Subscriptions of one remote subgraph by graphql-ws (`graphql-transport-ws`). Subscriptions with the same forwarded
 * headers share a connection, which closes with the last of them. A lost connection ends its subscriptions with an
 * error: what was missed meanwhile cannot be known.
 */
export const webSocketClient = (options: WebSocketClientOptions): SubscriptionClient => {
  const clients = new Map<string, { client: Client, users: number }>()

  const acquire = (headers: Record<string, string>): { client: Client, release: () => void } => {
    const key = JSON.stringify(Object.entries(headers).sort())
    let entry = clients.get(key)
    if (!entry) clients.set(key, entry = { client: connect(options, headers), users: 0 })
    const held = entry
    held.users++
    return {
      client: held.client,
      release: () => {
        if (--held.users > 0) return
        clients.delete(key)
        void disposed(held.client)
      },
    }
  }

  return {
    subscribe: async (request) => {
      if (request.signal?.aborted) throw cancelledFailure('not asked')
      const { client, release } = acquire(outgoingHeaders(request.headers, options.headers))
      const events = new EventQueue<ExecutionResult>(options.maxPendingEvents)
      const unsubscribe = client.subscribe<ExecutionResult['data'], ExecutionResult['extensions']>(
        { query: request.query, operationName: request.operationName, variables: request.variables },
        {
          next: (result) => events.push(result as ExecutionResult),
          error: (cause) => {
            // GraphQL errors are the subgraph's last word; anything else is the connection's, without internals.
            if (!Array.isArray(cause)) return events.fail(lost(cause))
            events.push({ errors: cause as GraphQLError[] })
            events.end()
          },
          complete: () => events.end(),
        },
      )
      const leave = () => events.end()
      request.signal?.addEventListener('abort', leave, { once: true })
      events.whenEnded(() => {
        request.signal?.removeEventListener('abort', leave)
        unsubscribe()
        release()
      })
      return events
    },
    close: async () => {
      await Promise.all([...clients.values()].map(({ client }) => disposed(client)))
      clients.clear()
    },
  }
}

/** A connection that was still being made fails here once more when it fails; its subscriptions were told. */
const disposed = async (client: Client): Promise<void> => {
  try {
    await client.dispose()
  } catch {
    // There is nothing left to close.
  }
}

const lost = (cause: unknown): SubgraphFailure =>
  new SubgraphFailure('ended the subscription: the connection was lost', { cause, code: codes.lost })

const connect = (options: WebSocketClientOptions, headers: Record<string, string>): Client => {
  class SubgraphSocket extends WebSocket {
    constructor(address: string, protocols: string | string[]) {
      super(address, protocols, {
        headers, maxPayload: options.maxMessageBytes, handshakeTimeout: options.connectTimeoutMs, ...options.tls,
      })
    }
  }
  return createClient({
    url: options.url,
    webSocketImpl: SubgraphSocket,
    connectionParams: headers,
    connectionAckWaitTimeout: options.connectTimeoutMs,
    retryAttempts: 0,
    lazy: true,
    onNonLazyError: () => undefined,
  })
}
