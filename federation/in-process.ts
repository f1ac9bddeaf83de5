import {
  createSourceEventStream, execute as executeWithGraphql, GraphQLError, parse, type DocumentNode, type ExecutionResult,
  type GraphQLSchema,
} from 'graphql'
import { compileQuery, isCompiledQuery } from 'graphql-jit'
import { codes } from './errors.ts'
import { inlineFragments } from './inline-fragments.ts'
import { invalidLiterals } from './invalid-literals.ts'
import { variableCoercion } from './recursive-inputs.ts'
import { isPolled } from './polled.ts'
import { isEvents, mapStream } from './subscribe.ts'
import type { SubgraphRequest, SubgraphTransport } from './types.ts'

export interface InProcessOptions {
  /** Executable, with `_service` and `_entities`. */
  schema: GraphQLSchema
  /** See {@link SubgraphTransport.positioned}. */
  positioned?: boolean
  /** Told of errors whose message is kept from clients: those that resolvers did not throw as a GraphQLError. */
  onError?: (error: unknown) => void
  /** What clients are told of such an error in place of "Internal server error."; undefined: no more than that. */
  explain?: (error: unknown) => GraphQLError | undefined
}

type Run = (rootValue: unknown, request: SubgraphRequest) => Promise<ExecutionResult> | ExecutionResult

/** Texts that come without a parsed document: no plan keeps them, so they are kept here. */
const maximumTexts = 500

/**
 * Calls a subgraph in this process, by compiled queries (graphql-jit), one per plan's document. As over a network,
 * only what the schema's types coerced comes out; unlike there, nothing is serialised.
 */
export const inProcessSubgraph = ({ schema, positioned = false, onError, explain }: InProcessOptions): SubgraphTransport => {
  const compiled = new WeakMap<DocumentNode, Map<string, Run>>()
  const texts = new Map<string, DocumentNode>()
  /** What is wrong with subscriptions, which have the same document for thousands of clients. */
  const literals = new WeakMap<DocumentNode, readonly GraphQLError[] | undefined>()

  const documentOf = ({ document, query }: SubgraphRequest): DocumentNode => {
    if (document) return document
    let parsed = texts.get(query)
    if (!parsed) {
      parsed = parse(query)
      if (texts.size >= maximumTexts) texts.clear()
      texts.set(query, parsed)
    }
    return parsed
  }

  const runOf = (request: SubgraphRequest): Run => {
    const document = documentOf(request)
    let runs = compiled.get(document)
    if (!runs) compiled.set(document, runs = new Map())
    const name = request.operationName ?? ''
    let run = runs.get(name)
    if (!run) runs.set(name, run = compileRun(schema, document, request.operationName))
    return run
  }

  const finish = (result: ExecutionResult): ExecutionResult =>
    result.errors ? { ...result, errors: result.errors.map((error) => masked(error, onError, explain)) } : result

  const runWith = (rootValue: unknown, request: SubgraphRequest): Promise<ExecutionResult> | ExecutionResult => {
    const result = runOf(request)(rootValue, request)
    return result instanceof Promise ? result.then(finish) : finish(result)
  }

  const eventsOf = async (request: SubgraphRequest): Promise<AsyncIterable<unknown> | ExecutionResult> => {
    const document = documentOf(request)
    if (!literals.has(document)) literals.set(document, invalidLiterals(schema, document))
    const wrong = literals.get(document)
    if (wrong) return { errors: wrong }
    const source = await createSourceEventStream({
      schema,
      document,
      operationName: request.operationName,
      contextValue: request.context,
      variableValues: request.variables,
    })
    if (!isEvents(source)) return finish(source)
    // What can be polled ends at once when it is left, even while an event is awaited; a generator does not.
    const stream = isPolled(source) ? source : mapStream(source, async (event) => event)
    request.signal?.addEventListener('abort', () => void stream.return?.(), { once: true })
    return stream
  }

  return {
    schema,
    positioned,
    execute: (request) => runWith(undefined, request),
    resolveEvent: (request) => runWith(request.event, request),
    subscribe: async (request) => {
      const source = await eventsOf(request)
      return isEvents(source) ? mapStream<unknown, ExecutionResult>(source, async (event) => runWith(event, request)) : source
    },
    subscribeEvents: eventsOf,
  }
}

/** By default graphql-jit 0.8 lets a condition on one use of a fragment decide for the others. */
const compilerOptions = { disablingCapturingStackErrors: true, useExperimentalPathBasedSkipInclude: true }

const compileRun = (schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): Run => {
  const wrong = invalidLiterals(schema, document)
  if (wrong) return () => ({ errors: wrong })
  const coercion = variableCoercion(schema, document, operationName)
  const whole = inlineFragments(coercion?.document ?? document)
  const compiled = whole && compileQuery(coercion?.schema ?? schema, whole, operationName, compilerOptions)
  if (!compiled || !isCompiledQuery(compiled)) {
    return (rootValue, { context, variables }) => executeWithGraphql({
      schema, document, operationName, rootValue, contextValue: context, variableValues: variables,
    })
  }
  return (rootValue, { context, variables }) => {
    if (!coercion) return compiled.query(rootValue, context, variables)
    const { coerced, errors } = coercion.coerce(variables)
    return errors ? { errors } : compiled.query(rootValue, context, coerced)
  }
}

/** graphql-js reports its own finding as if a resolver had thrown it. */
const nullViolation = /^Cannot return null for non-nullable field \w+\.\w+\.$/

const refusedByScalar = /^Variable ".* got invalid value [^]*; Expected type \w+\.$/

/** An error as a remote subgraph would send it: the words of unexpected errors stay inside. */
const masked = (error: GraphQLError, onError: InProcessOptions['onError'], explain: InProcessOptions['explain']): GraphQLError => {
  const cause = error.originalError
  const intended = !cause || cause instanceof GraphQLError || nullViolation.test(cause.message)
  if (!intended) {
    onError?.(cause)
    const explained = explain?.(cause)
    return new GraphQLError(explained?.message ?? 'Internal server error.', {
      path: error.path, extensions: explained?.extensions ?? { code: codes.internal },
    })
  }
  // graphql-jit 0.8 names a field as often as it is selected: `User.(name,name)`.
  const named = error.message.replace(/\.\((\w+)(?:,\1)+\)/, '.$1')
  // And it leaves out what a scalar says of a variable's value.
  const words = cause instanceof GraphQLError && refusedByScalar.test(named) ? `${named} ${cause.message}` : named
  return new GraphQLError(words, { path: error.path, extensions: cause instanceof GraphQLError ? cause.extensions : error.extensions })
}
