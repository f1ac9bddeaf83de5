import type { Client as WebSocketClient, ClientOptions as WebSocketClientOptions, SubscribePayload } from 'graphql-ws'

/** What a client cannot be given any more: told with the payload that goes on behind it. */
export interface Gap {
  /** The log does not reach back so far; the cursor is not of this deployment; this client read too slowly. */
  reason: 'RETENTION' | 'CURSOR' | 'BUFFER'
  missed: {
    /** Cursor or time (ISO) from which on something is missing; absent where that cannot be known. */
    from?: string
    /** How much is missing; null where that cannot be known. */
    count: number | null
  }
}

export interface ClientOptions extends WebSocketClientOptions {
  /** Told of what is missing for good, before the payload that goes on behind it is handed over. */
  onGap?: (gap: Gap, payload: SubscribePayload) => void
  /** How often the server is asked for a sign of life, and how long it may give none before another connection is opened, ms; 0: never. Default 15,000. */
  keepAlive?: number
  /** Uniform in [0, 1): spreads clients that connect again. */
  random?: () => number
}

export interface Client extends WebSocketClient {
  /** Sends a fresh token (`Bearer …`) on the open connection, for which its subscriptions go on. Give it in `connectionParams` as well. */
  authorize(authorization: string): void
}

/** A graphql-ws client whose subscriptions go on without a gap after any loss of the connection. */
export function createClient(options: ClientOptions): Client
