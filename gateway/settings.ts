import type { TrustedDocuments } from './documents.ts'

/** What can be set of the door. */
export interface GatewaySettings {
  /** Address to listen on. Anything but loopback needs an `apiKey`. */
  host: string
  /** 0: the system chooses. */
  port: number
  /** Where set, every request must bring it (`authorization: Bearer KEY`). */
  apiKey?: string
  /** Names under which clients may call the server, besides loopback names. Guards against DNS rebinding. */
  allowedHosts: readonly string[]
  /** Origins of web pages that may call the server, besides its own. */
  allowedOrigins: readonly string[]
  trustedDocuments?: TrustedDocuments
  limits: Limits
  /** A query that takes longer is ended, ms. */
  requestTimeoutMs: number
  /** How long a query waits for the events of the token it brings, ms. */
  tokenTimeoutMs: number
  /** Time between pings of a WebSocket, ms; one that is not answered before the next ends the connection. */
  pingIntervalMs: number
  /** How long a client may take nothing of what waits for it, ms, before its connection is ended. */
  patienceMs: number
  /** How often live feeds and searches may be evaluated in a second, all together. */
  liveEvaluationsPerSecond: number
}

/** Each names itself when it is hit. */
export interface Limits {
  /** Bytes of a request body or WebSocket message. */
  bodyBytes: number
  /** Lexical tokens of an operation. */
  tokens: number
  /** Nesting of fields. */
  depth: number
  /** Fields with an alias. */
  aliases: number
  /** Fields at the top of an operation. */
  rootFields: number
  /** Objects that an operation may ask for: list sizes multiplied along each path, added up. */
  objects: number
  /** WebSockets and HTTP responses with subscriptions that are open at a time, all together. */
  connections: number
  /** Operations under way on a WebSocket or single-connection stream. */
  operationsPerConnection: number
  /** Queries and mutations among them that are begun at a time; others wait until an answer has left. */
  queriesPerConnection: number
}

export const defaultLimits: Limits = {
  bodyBytes: 1024 * 1024,
  tokens: 5_000,
  depth: 15,
  aliases: 100,
  rootFields: 20,
  objects: 50_000,
  connections: 10_000,
  operationsPerConnection: 100,
  queriesPerConnection: 32,
}

export const defaultGatewaySettings: GatewaySettings = {
  host: '127.0.0.1',
  port: 4000,
  allowedHosts: [],
  allowedOrigins: [],
  limits: defaultLimits,
  requestTimeoutMs: 30_000,
  tokenTimeoutMs: 10_000,
  pingIntervalMs: 12_000,
  patienceMs: 30_000,
  liveEvaluationsPerSecond: 200,
}
