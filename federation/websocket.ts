import type { ConnectionOptions } from 'node:tls'
import { GraphQLError, type ExecutionResult } from 'graphql'
import { createClient, type Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import { SubgraphFailure } from './errors.ts'
import { outgoingHeaders } from './http.ts'
import type { SubgraphRequest } from './types.ts'

export interface SubscriptionClientOptions {
  url: string
  headers: Record<string, string> | undefined
  tls: ConnectionOptions | undefined
  connectTimeoutMs: number
  maxMessageBytes: number
  maxPendingEvents: number
}

export interface SubscriptionClient {
  subscribe(request: SubgraphRequest): Promise<AsyncIterableIterator<ExecutionResult>>
  close(): Promise<void>
}

/**
 * Subscriptions of one remote subgraph by graphql-ws (`graphql-transport-ws`). Subscriptions with the same forwarded
 * headers share a connection, which closes with the last of them. A lost connection ends its subscriptions with an
 * error: what was missed meanwhile cannot be known.
 */
export const subscriptionClient = (options: SubscriptionClientOptions): SubscriptionClient => {
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
        void held.client.dispose()
      },
    }
  }

  return {
    subscribe: async (request) => {
      const { client, release } = acquire(outgoingHeaders(request.headers, options.headers))
      const events = new EventQueue(options.maxPendingEvents)
      const unsubscribe = client.subscribe<ExecutionResult['data'], ExecutionResult['extensions']>(
        { query: request.query, operationName: request.operationName, variables: request.variables },
        {
          next: (result) => events.push(result as ExecutionResult),
          error: (cause) => events.end(failureOf(cause)),
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
      await Promise.all([...clients.values()].map(({ client }) => client.dispose()))
      clients.clear()
    },
  }
}

const connect = (options: SubscriptionClientOptions, headers: Record<string, string>): Client => {
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

/** The last result of a subscription that failed: GraphQL errors as they came, anything else without internals. */
const failureOf = (cause: unknown): ExecutionResult => {
  if (Array.isArray(cause)) return { errors: cause as GraphQLError[] }
  const failure = new SubgraphFailure('ended the subscription: the connection was lost', { cause })
  return { errors: [new GraphQLError(`The subgraph ${failure.message}.`, { originalError: failure })] }
}

/** Events between a socket that pushes and a reader that pulls. Bounded: a reader too slow ends its subscription. */
class EventQueue implements AsyncIterableIterator<ExecutionResult> {
  readonly #limit: number
  readonly #events: ExecutionResult[] = []
  readonly #readers: ((result: IteratorResult<ExecutionResult, undefined>) => void)[] = []
  #ended = false
  #onEnd: (() => void) | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  whenEnded(action: () => void): void {
    if (this.#ended) action()
    else this.#onEnd = action
  }

  push(event: ExecutionResult): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) reader({ done: false, value: event })
    else if (this.#events.push(event) > this.#limit) {
      this.end({ errors: [new GraphQLError(
        `The subscription ended: more than ${this.#limit} events were waiting to be read. `
        + 'Read faster, or subscribe to less.',
      )] })
    }
  }

  end(last?: ExecutionResult): void {
    if (this.#ended) return
    if (last) {
      const reader = this.#readers.shift()
      if (reader) reader({ done: false, value: last })
      else this.#events.push(last)
    }
    this.#ended = true
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined })
    this.#onEnd?.()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    const event = this.#events.shift()
    if (event) return { done: false, value: event }
    if (this.#ended) return { done: true, value: undefined }
    return new Promise((resolve) => this.#readers.push(resolve))
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#events.length = 0
    this.end()
    return { done: true, value: undefined }
  }
}
