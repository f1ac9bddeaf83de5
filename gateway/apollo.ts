import type { IncomingHttpHeaders } from 'node:http'
import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled, ApolloServerPluginInlineTraceDisabled, ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import type { DocumentNode } from 'graphql'
import { codes, type Engine, type EngineRequest } from '../federation/index.ts'
import { createRequestContext, type RequestContext, type RequestOptions } from '../resolvers/context.ts'
import type { Scope } from '../resolvers/scope.ts'
import { callerOf, waitWith, type Caller, type Door } from './door.ts'
import type { EngineHost } from './engine-host.ts'
import { maskError } from './errors.ts'
import { checkLimits } from './limits.ts'
import { asksForFreshness, checkStaleness } from './max-stale.ts'
import { render, standIn, stringifyResult, type Rendered } from './rendered.ts'
import { outcomeOf } from './results.ts'
import type { GatewaySettings } from './settings.ts'
import { RequestTime } from './time-limit.ts'
import { tokenOf } from './token.ts'
import { furtherRules } from './validate.ts'

type GatewayInterface = ApolloServerOptionsWithGateway<HttpContext>['gateway']

/** What Apollo Server hands to the executor. It copies it, so there is little in it. */
export interface HttpContext {
  exchange: Exchange
}

/** A request and what becomes of it. */
export class Exchange implements RequestOptions {
  readonly door: Door
  readonly headers: IncomingHttpHeaders
  readonly time: RequestTime
  // What never comes to be executed was refused.
  outcome: 'ok' | 'error' = 'error'
  /** The result, where nothing in it went wrong. */
  rendered: Rendered | undefined
  /** There is a result, to which extensions can be added. */
  executed = false
  /** The operation is not one, or its variables do not fit: nothing was executed. */
  invalid = false

  constructor(door: Door, headers: IncomingHttpHeaders) {
    this.door = door
    this.headers = headers
    this.time = new RequestTime(door.settings.requestTimeoutMs)
  }

  get scope(): Scope {
    return this.door.scope
  }

  get signal(): AbortSignal {
    return this.time.signal
  }
}

/** An operation of an exchange, whose signal is made for who asks for it. */
class Asked implements EngineRequest {
  readonly document: EngineRequest['document']
  readonly operationName: EngineRequest['operationName']
  readonly variables: EngineRequest['variables']
  readonly context: RequestContext
  readonly headers: EngineRequest['headers']
  readonly sharing: EngineRequest['sharing']
  readonly #exchange: Exchange

  constructor(exchange: Exchange, { document, operationName, variables }: Pick<EngineRequest, 'document' | 'operationName' | 'variables'>, { headers, sharing }: Caller) {
    this.document = document
    this.operationName = operationName
    this.variables = variables
    this.context = createRequestContext(exchange.door.services, exchange)
    this.headers = headers
    this.sharing = sharing
    this.#exchange = exchange
  }

  get signal(): AbortSignal {
    return this.#exchange.signal
  }
}

/**
 * Puts the engine behind Apollo Server's `gateway` interface. Apollo Server asks for the executor once, so the executor
 * looks up, by the schema that the operation was validated against, which engine it belongs to.
 */
export function apolloGateway(host: EngineHost): GatewayInterface {
  const engines = new WeakMap<object, Engine>()
  const announce = (engine: Engine) => {
    engines.set(engine.schema, engine)
    return { apiSchema: engine.schema, coreSupergraphSdl: engine.supergraphSdl }
  }
  let stop = () => {}
  let listener: Parameters<GatewayInterface['onSchemaLoadOrUpdate']>[0] | undefined
  return {
    onSchemaLoadOrUpdate(callback) {
      listener = callback
      return () => {
        listener = undefined
      }
    },
    load() {
      listener?.(announce(host.current))
      stop = host.onSwap((engine) => listener?.(announce(engine)))
      return Promise.resolve({
        executor: async ({ schema, document, operation, request, context }) => {
          const { exchange } = context as HttpContext
          const { door, headers, time } = exchange
          const token = tokenOf(headers['freshet-token'], request.extensions)
          if (token !== undefined) await waitWith(door, time.signal)(token)
          if (asksForFreshness(operation)) await checkStaleness(door, operation, request.variables, time.signal)
          const engine = engines.get(schema) ?? host.current
          // Apollo Server leaves out a name that no operation has: the only one would be executed instead.
          const asked = new Asked(exchange, { document, operationName: request.operationName, variables: request.variables }, callerOf(door, headers, token))
          const result = await time.within(engine.execute(asked))
          exchange.outcome = outcomeOf(result)
          exchange.executed = result.extensions === undefined
          if (result.errors || !exchange.executed) return result
          exchange.rendered = render(result)
          return standIn
        },
      })
    },
    stop() {
      stop()
      return Promise.resolve()
    },
  }
}

/** Codes of what is wrong with a document or its variables. */
const invalid = new Set<unknown>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', codes.badInput])

/** Codes of requests that are refused before they are executed, for which Apollo Server would take the blame (status 500). */
const refused = new Set<unknown>(['LIMIT_EXCEEDED', 'INVALID_TOKEN', codes.badInput])

/** Codes of what may be answered later. */
const unavailable = new Set<unknown>(['STALE', 'TOKEN_TIMEOUT', 'LOG_UNAVAILABLE'])

const done = Promise.resolve()

/** Characters of the documents that stay parsed, which takes some ninety bytes for each. */
const rememberedText = 512 * 1024

/** Apollo Server over the engine, with our limits. Starts with `start()`. */
export function createApolloServer(host: EngineHost, settings: GatewaySettings, onError: (error: unknown) => void): ApolloServer<HttpContext> {
  // One for all requests: Apollo Server asks for it each time.
  const listening: Promise<GraphQLRequestListener<HttpContext>> = Promise.resolve({
    didResolveOperation: ({ schema, document, operation, request }) => {
      if (operation) checkLimits(schema, document, operation, request.variables ?? {}, settings.limits)
      return done
    },
    didEncounterErrors: ({ errors, contextValue }) => {
      if (errors.some(({ extensions }) => invalid.has(extensions.code))) contextValue.exchange.invalid = true
      for (const { path, extensions } of errors) {
        if (path) continue
        if (refused.has(extensions.code)) extensions.http ??= { status: 400 }
        if (unavailable.has(extensions.code)) extensions.http ??= { status: 503 }
      }
      return done
    },
  })
  const rules: ApolloServerPlugin<HttpContext> = { requestDidStart: () => listening }
  return new ApolloServer<HttpContext>({
    gateway: apolloGateway(host),
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled(), ApolloServerPluginInlineTraceDisabled(), rules],
    introspection: true,
    // By itself it would remember 30 MiB of their JSON, some 140 MiB in memory.
    documentStore: new InMemoryLRUCache<DocumentNode>({ maxSize: rememberedText, sizeCalculation: ({ loc }) => loc?.source.body.length ?? rememberedText }),
    // Ours is `checkForgery`, which lets programs send a GET as GraphQL over HTTP has it.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    // The limit is ours, with a name: `checkLimits`.
    maxRecursiveSelections: false,
    validationRules: furtherRules,
    parseOptions: { maxTokens: settings.limits.tokens },
    formatError: (formatted, error) => maskError(formatted, error, onError),
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: false,
    // Ours are `documents.ts`, for every transport.
    persistedQueries: false,
    stringifyResult,
    // Silent: what goes wrong reaches `onError`.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
}
