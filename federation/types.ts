import type { DocumentNode, ExecutionResult, GraphQLFormattedError, GraphQLSchema } from 'graphql'
import type { RecordedOperation } from './recorded-operations.ts'

/** One call of a subgraph: what the engine asks a transport to do. */
export interface SubgraphRequest {
  /** The operation as text, for transports that send it. */
  query: string
  /** The same operation parsed. The same object comes with each call of one plan, so it may key a compiled form. */
  document?: DocumentNode
  operationName?: string
  /** JSON values only. */
  variables?: Record<string, unknown>
  /**
   * Whatever the caller of the engine gave as context; co-located subgraphs hand it to their resolvers. A call that
   * several requests share has none.
   */
  context: unknown
  /** Headers to forward; meaningless in process. */
  headers?: Record<string, string>
  /**
   * Aborted when nobody waits for the answer any more. Queries and mutations of co-located subgraphs come without: it would
   * have to be made for each, and their resolvers have that of their context.
   */
  signal?: AbortSignal
  kind: 'query' | 'mutation' | 'subscription'
}

/** A subgraph that the engine can call, in process or over a network. */
export interface SubgraphTransport {
  /**
   * Runs a query or mutation. GraphQL errors come in the result; a rejection means that the subgraph could not be
   * asked, and should be a {@link SubgraphFailure} when its message may be shown to clients.
   */
  execute(request: SubgraphRequest): Promise<ExecutionResult> | ExecutionResult
  /** Starts a subscription. A single result means that the subgraph refused it. */
  subscribe(request: SubgraphRequest): Promise<AsyncIterable<ExecutionResult> | ExecutionResult>
  /** Starts a subscription and gives its source events as they are, for {@link resolveEvent}. Only co-located subgraphs can. */
  subscribeEvents?(request: SubgraphRequest): Promise<AsyncIterable<unknown> | ExecutionResult>
  /**
   * Executes a subscription's selection for one source event at hand, without subscribing. Only co-located subgraphs
   * can: the event is whatever their `subscribe` resolver yields.
   */
  resolveEvent?(request: SubgraphRequest & { event: unknown }): Promise<ExecutionResult> | ExecutionResult
  /** Its source events say where they are, to callers who know how to read that: nothing of it concerns the engine. */
  readonly positioned?: boolean
  /** To which all its answers without errors conform. Only co-located subgraphs can promise that. */
  readonly schema?: GraphQLSchema
  /**
   * Which of a request's headers reach the subgraph, in lower case, and how. Given where an answer depends on nothing else of a
   * request than its query, variables and these: then several requests may share a call. Not so in process, where
   * resolvers see the request's context.
   */
  forwarded?(headers: Record<string, string> | undefined): Record<string, string>
  /** What clients are told of an error that it reports; absent: the error. */
  mask?(error: GraphQLFormattedError): GraphQLFormattedError
  close?(): Promise<void>
}

/** For whom answers are the same. */
export interface Sharing {
  /**
   * Names everything on which an answer may depend beside operation, variables and forwarded headers (which the engine
   * compares itself): the scope. What is under way for one key is never given to another. A mutation is remembered
   * by its key, too: queries of that key see what it wrote.
   */
  key: string
  /**
   * Allows sharing whole queries that ask co-located subgraphs, too, where these see the same for everybody of this key;
   * makes the context that such a shared execution gives them. The signal aborts when nobody waits any more.
   */
  context?: (signal: AbortSignal) => unknown
}

/** One client operation. The document must have been validated against {@link Engine.schema}. */
export interface EngineRequest {
  document: DocumentNode
  operationName?: string | null
  variables?: Record<string, unknown> | null
  context?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Without it nothing is shared with other requests. */
  sharing?: Sharing
}

export interface EngineStats {
  /** Plans held now. */
  plans: number
  hits: number
  misses: number
  /** Plans dropped because the cache was full. */
  evictions: number
  /** Time spent in the planner, in milliseconds. */
  planningMs: number
}

/** A subscription as one engine runs it. Another engine's run of the same subscription can take over its events. */
export interface SubscriptionRun {
  /**
   * Equal for subscriptions whose answers are the same, given that they are for the same sharing key and see the same context:
   * normalised operation, variables and what is forwarded of their headers.
   */
  readonly key: string
  /** Whether that run is given the same events, so that either resolves the other's. */
  hasEventsOf(other: SubscriptionRun): boolean
  /** What its events come from, for {@link hasEventsOf}: the transport, and what it is asked where its events depend on that. */
  readonly source: { readonly transport: SubgraphTransport, readonly asked: string | undefined }
  /** Starts it. A single result means that the subgraph refused, or could not be asked. */
  open(): Promise<AsyncIterable<unknown> | ExecutionResult>
  /** The client's answer for one event: at once where nobody has to be waited for. */
  resolve(event: unknown): Promise<ExecutionResult> | ExecutionResult
  /** The last answer where the events could not be read any further. */
  failed(cause: unknown): ExecutionResult
  /** Events that may be resolved at the same time, so that their entities can be asked for together. */
  readonly atOnce: number
}

/** Executes operations over one supergraph. A changed supergraph is a new engine. */
export interface Engine {
  /** What clients see: no internal types, nothing inaccessible. For validation and introspection. */
  schema: GraphQLSchema
  supergraphSdl: string
  /** Never rejects: whatever goes wrong is in the result's `errors`. */
  execute(request: EngineRequest): Promise<ExecutionResult>
  /** Each event of the subgraph that owns the root field, with the fields of other subgraphs resolved. */
  subscribe(request: EngineRequest): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>
  /** Plans a subscription without starting it. A result says why it cannot be. */
  prepareSubscription(request: EngineRequest): Promise<SubscriptionRun | ExecutionResult>
  /** The operations that were asked for last, one of each of a hundred shapes at most, the last one first. */
  recorded(): readonly RecordedOperation[]
  /**
   * Plans operations before they are asked for, until the signal is aborted or no more plans are kept; says how many. Those
   * that do not fit the schema are passed over.
   */
  warm(operations: Iterable<RecordedOperation>, signal?: AbortSignal): Promise<number>
  stats(): EngineStats
  /** Ends the transports' connections. Operations under way may fail. */
  close(): Promise<void>
}
