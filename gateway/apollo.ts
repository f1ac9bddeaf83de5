import type { IncomingHttpHeaders } from 'node:http'
import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin, type GraphQLRequestListener } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled, ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import type { ExecutionResult } from 'graphql'
import { codes, type Engine } from '../federation/index.ts'
import type { RequestContext } from '../resolvers/context.ts'
import { callerOf, waitWith, type Door } from './door.ts'
import type { EngineHost } from './engine-host.ts'
import { maskError } from './errors.ts'
import { checkLimits } from './limits.ts'
import { renderResult } from './rendered.ts'
import type { GatewaySettings } from './settings.ts'
import { inTime } from './time-limit.ts'
import { tokenOf } from './token.ts'

type GatewayInterface = ApolloServerOptionsWithGateway<HttpContext>['gateway']

/** What Apollo Server hands to the executor. */
export interface HttpContext {
  request: RequestContext
  headers: IncomingHttpHeaders
  door: Door
  /** Told of the result before it is formatted. */
  onResult: (result: ExecutionResult) => void
  /** Told when the operation is not one, or its variables do not fit: nothing was executed. */
  onInvalid: () => void
}

/**
 * Puts the engine behind Apollo Server's `gateway` interface. Apollo Server asks for the executor once, so the executor
 * looks up, by the schema that the operation was validated against, which engine it belongs to.
 */
export function apolloGateway(host: EngineHost, { requestTimeoutMs }: Pick<GatewaySettings, 'requestTimeoutMs'>): GatewayInterface {
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
        executor: async ({ schema, document, operationName, request, context }) => {
          const engine = engines.get(schema) ?? host.current
          const { request: requestContext, headers, door, onResult } = context as HttpContext
          const token = tokenOf(headers['freshet-token'], request.extensions)
          const { signal } = requestContext
          if (token !== undefined) await waitWith(door, signal)(token)
          const result = await inTime(signal, requestTimeoutMs, engine.execute({
            document, operationName, variables: request.variables, context: requestContext, signal, ...callerOf(door, headers, token),
          }))
          onResult(result)
          return result
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

const done = Promise.resolve()

/** Apollo Server over the engine, with our limits. Starts with `start()`. */
export function createApolloServer(host: EngineHost, settings: GatewaySettings, onError: (error: unknown) => void): ApolloServer<HttpContext> {
  // One for all requests: Apollo Server asks for it each time.
  const listening: Promise<GraphQLRequestListener<HttpContext>> = Promise.resolve({
    didResolveOperation: ({ schema, document, operation, request }) => {
      if (operation) checkLimits(schema, document, operation, request.variables ?? {}, settings.limits)
      return done
    },
    didEncounterErrors: ({ errors, contextValue }) => {
      if (errors.some(({ extensions }) => invalid.has(extensions.code))) contextValue.onInvalid()
      return done
    },
  })
  const rules: ApolloServerPlugin<HttpContext> = { requestDidStart: () => listening }
  return new ApolloServer<HttpContext>({
    gateway: apolloGateway(host, settings),
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled(), rules],
    introspection: true,
    // Ours is `checkForgery`, which lets programs send a GET as GraphQL over HTTP has it.
    csrfPrevention: false,
    includeStacktraceInErrorResponses: false,
    // The limit is ours, with a name: `checkLimits`.
    maxRecursiveSelections: false,
    parseOptions: { maxTokens: settings.limits.tokens },
    formatError: (formatted, error) => maskError(formatted, error, onError),
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: false,
    // Ours are `documents.ts`, for every transport.
    persistedQueries: false,
    stringifyResult: renderResult,
    // Silent: what goes wrong reaches `onError`.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
}
