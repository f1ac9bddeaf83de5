import { GraphQLError, GraphQLSchema, parse, type ExecutionResult, type GraphQLDirective } from 'graphql'
import type { RootFetch } from './compile.ts'
import { codes } from './errors.ts'
import { finish, run } from './execute.ts'
import { fetchRoot, mergeRoot, type Execution } from './fetch.ts'
import { OperationExecution } from './operation-execution.ts'
import { isWholeAnswer } from './pass-through.ts'
import { Plans, type PlannerName } from './plans.ts'
import { Preparation, type Prepared } from './prepare.ts'
import { publicSchema } from './compose.ts'
import { planAhead, RecordedOperations } from './recorded-operations.ts'
import { Calls, Lanes } from './lanes.ts'
import { joinRootFields, RootFields } from './root-fields.ts'
import { supergraphTypes } from './schema.ts'
import { SharedOperations } from './shared-operations.ts'
import { isEvents, mapStream } from './subscribe.ts'
import { subscriptionRuns } from './subscription-run.ts'
import type { Engine, EngineRequest, SubgraphTransport, SubscriptionRun } from './types.ts'
import type { Writes } from './writes.ts'

export interface EngineOptions {
  supergraphSdl: string
  /** By the names that the subgraphs have in the supergraph. */
  subgraphs: ReadonlyMap<string, SubgraphTransport>
  /** Plans kept; 1,000 unless said otherwise. */
  planCacheSize?: number
  /**
   * Whether requests that name the same {@link EngineRequest.sharing | sharing key} share what is under way: equal
   * queries one execution, equal fetches one call, and fetches of entities of one kind a call together. In flight
   * unless said otherwise; nothing that is complete is kept in either case.
   */
  sharing?: 'inFlight' | 'off'
  /** Of the engine that this one follows, whose mutations its queries have to see as well. */
  writes?: Writes
  /** The native planner unless said otherwise; where that one fails, the own one steps in. */
  planner?: PlannerName
  /** Directives of operations that the caller executes: clients may use them, subgraphs are not told. */
  directives?: readonly GraphQLDirective[]
  /** A monotonic clock in milliseconds, for the statistics. */
  now?: () => number
}

/**
 * Makes an engine for one supergraph.
 * @throws Error when the SDL is not a supergraph.
 */
export const createEngine = (options: EngineOptions): Engine => {
  const { supergraphSdl, subgraphs, planCacheSize: capacity = 1000 } = options
  const plans = new Plans({
    supergraphSdl,
    capacity,
    now: options.now ?? (() => performance.now()),
    planner: options.planner ?? 'native',
  })
  const schema = withDirectives(publicSchema(supergraphSdl), options.directives ?? [])
  const types = supergraphTypes(parse(supergraphSdl, { noLocation: true }))
  const preparation = new Preparation(schema, types)
  const recorded = new RecordedOperations()
  const lanes = new Lanes(options.writes)
  const operations = new SharedOperations(subgraphs, lanes.writes)
  const rootFields = new RootFields((operation) => plans.plan(operation.normalised, schema, types))
  const keyOf = ({ sharing }: EngineRequest): string | undefined => options.sharing === 'off' ? undefined : sharing?.key

  const prepare = async (request: EngineRequest): Promise<Prepared | { errors: readonly GraphQLError[] }> => {
    const operation = preparation.operation(request.document, request.operationName)
    const { values, errors } = preparation.variables(operation, request.variables)
    if (errors) return { errors }
    recorded.note(operation.normalised.text, request)
    try {
      return { operation, plan: await plans.plan(operation.normalised, schema, types), variables: values }
    } catch (cause) {
      return { errors: [planningError(cause)] }
    }
  }

  const whole = new WeakMap<RootFetch, boolean>()
  /** Whether the answer of the only subgraph that is asked is the client's. */
  const passesThrough = (prepared: Prepared, step: RootFetch): boolean => {
    let known = whole.get(step)
    if (known === undefined) {
      const own = subgraphs.get(step.call.service)?.schema
      whole.set(step, known = own !== undefined && isWholeAnswer(step, prepared, own, schema))
    }
    return known
  }

  /** @param since How many {@link Lanes.writes} its answers have to include. */
  const executionOf = (prepared: Prepared, request: EngineRequest, since: number): Execution => {
    const isMutation = prepared.operation.node.operation === 'mutation'
    return new OperationExecution(prepared, request, subgraphs, types, isMutation ? undefined : new Calls(lanes, request, keyOf(request), since))
  }

  const runAlone = async (prepared: Prepared, request: EngineRequest, since: number): Promise<ExecutionResult> => {
    const execution = executionOf(prepared, request, since)
    const { step } = prepared.plan
    if (step?.kind === 'root' && passesThrough(prepared, step)) {
      let whole: ExecutionResult | undefined
      await fetchRoot(step, execution, (result) => {
        if (result.errors || !result.data) mergeRoot(step, result, execution)
        else whole = { data: result.data }
      })
      if (whole) return whole
    } else if (step) await run(step, execution)
    return finish(prepared.plan, prepared.operation, execution, schema)
  }

  const execute = async (request: EngineRequest): Promise<ExecutionResult> => {
    const prepared = await prepare(request)
    if ('errors' in prepared) return prepared
    const { operation: { node: { operation } }, plan, variables } = prepared
    if (operation === 'subscription') {
      return { errors: [new GraphQLError('A subscription has to be subscribed to; it cannot be executed.', {
        extensions: { code: codes.badInput },
      })] }
    }
    if (operation === 'mutation') {
      try {
        return await runAlone(prepared, request, 0)
      } finally {
        await lanes.writes.beforeAnswer(request.sharing?.key)
      }
    }
    const key = keyOf(request)
    if (key === undefined) return runAlone(prepared, request, 0)
    const shared = operations.key(plan, variables, request)
    if (!shared) return runAlone(prepared, request, lanes.writes.of(key))
    const fields = operations.isCrowded(plan, shared) && !operations.isRunning(plan, shared, request)
      ? rootFields.of(prepared, (field) => operations.key(field.plan, field.variables, request) !== undefined) : undefined
    return operations.run(plan, shared, request, (signal) => fields
      ? runByRootField(prepared, fields, { ...request, signal }) : runShared(prepared, request, signal))
  }

  const runShared = (prepared: Prepared, request: EngineRequest, signal: AbortSignal): Promise<ExecutionResult> => {
    const { sharing } = request
    return runAlone(prepared, { ...request, context: sharing?.context?.(signal), signal }, lanes.writes.of(sharing!.key))
  }

  /** Each root field as a query of its own: those that are under way for other queries are not run again. */
  const runByRootField = async (
    { operation, plan, variables }: Prepared, fields: ReadonlyMap<string, Prepared>, request: EngineRequest,
  ): Promise<ExecutionResult> => {
    const results = new Map<string, ExecutionResult>()
    const keys = plan.projection.rootKeys(variables)
    let joined = 0
    await Promise.all(keys.map(async (key) => {
      const field = fields.get(key)
      if (!field) return
      const shared = operations.key(field.plan, field.variables, request)
      if (!shared) throw new Error('The root fields of a query that can be shared cannot be shared.')
      if (operations.isRunning(field.plan, shared, request)) joined++
      results.set(key, await operations.run(field.plan, shared, request, (signal) => runShared(field, request, signal)))
    }))
    rootFields.count(plan, fields.size, joined)
    return joinRootFields(keys, operation.normalised.renamed, results, schema.getQueryType()?.name ?? 'Query')
  }

  const runOf = subscriptionRuns({ schema, subgraphs, operations, writes: lanes.writes, passesThrough, executionOf })

  const prepareSubscription = async (request: EngineRequest): Promise<SubscriptionRun | ExecutionResult> => {
    const prepared = await prepare(request)
    if ('errors' in prepared) return prepared
    if (prepared.operation.node.operation !== 'subscription') {
      return { errors: [new GraphQLError('Only a subscription can be subscribed to.', {
        extensions: { code: codes.badInput },
      })] }
    }
    return runOf(prepared, request)
  }

  const subscribe = async (
    request: EngineRequest,
  ): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> => {
    const run = await prepareSubscription(request)
    if (!('open' in run)) return run
    const events = await run.open()
    return isEvents(events) ? mapStream(events, (event) => run.resolve(event), run) : events
  }

  return {
    schema,
    supergraphSdl,
    execute: guarded(execute),
    subscribe: guarded(subscribe),
    prepareSubscription: guarded(prepareSubscription),
    recorded: () => recorded.all,
    warm: (asked, signal) => planAhead(asked, {
      schema, capacity, signal,
      plan: ({ document, operationName }) => plans.plan(preparation.operation(document, operationName).normalised, schema, types),
    }),
    stats: () => ({
      plans: plans.size,
      hits: plans.hits,
      misses: plans.misses,
      evictions: plans.evictions,
      planningMs: plans.planningMs,
    }),
    close: async () => {
      plans.close()
      await Promise.all([...subgraphs.values()].map((transport) => transport.close?.()))
    },
  }
}

const withDirectives = (schema: GraphQLSchema, directives: readonly GraphQLDirective[]): GraphQLSchema =>
  directives.length === 0 ? schema
  : new GraphQLSchema({ ...schema.toConfig(), directives: [...schema.getDirectives(), ...directives], assumeValid: true })

/** Whatever is thrown becomes an error in the result; only a GraphQLError's own words are repeated. */
const guarded = <Request, Result>(
  action: (request: Request) => Promise<Result>,
) => async (request: Request): Promise<Result | ExecutionResult> => {
  try {
    return await action(request)
  } catch (cause) {
    return { errors: [cause instanceof GraphQLError ? cause : new GraphQLError('Internal server error.', {
      originalError: cause instanceof Error ? cause : undefined, extensions: { code: codes.internal },
    })] }
  }
}

const planningError = (cause: unknown): GraphQLError =>
  new GraphQLError('The operation could not be planned over the subgraphs.', {
    originalError: cause instanceof Error ? cause : undefined, extensions: { code: codes.planning },
  })
