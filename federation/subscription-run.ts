import type { ExecutionResult, GraphQLSchema } from 'graphql'
import type { RootFetch, Step } from './compile.ts'
import { downstreamError, failureError } from './errors.ts'
import { finish, run } from './execute.ts'
import { mergeRoot, requestOf, transportOf, type Execution } from './fetch.ts'
import type { Prepared } from './prepare.ts'
import type { SharedOperations } from './shared-operations.ts'
import { isEvents } from './subscribe.ts'
import type { EngineRequest, SubgraphTransport, SubscriptionRun } from './types.ts'
import type { Writes } from './writes.ts'

/** What of an engine its subscriptions need. */
export interface SubscriptionParts {
  schema: GraphQLSchema
  subgraphs: ReadonlyMap<string, SubgraphTransport>
  operations: SharedOperations
  writes: Writes
  /** Whether what its subgraph answers without errors is the client's answer. */
  passesThrough(prepared: Prepared, step: RootFetch): boolean
  /** @param since How many writes its answers have to include. */
  executionOf(prepared: Prepared, request: EngineRequest, since: number): Execution
}

/** See {@link SubscriptionRun.atOnce}. */
const eventsAtOnce = 16

/** Makes the runs of an engine's subscriptions; a result says why one cannot be started. */
export const subscriptionRuns = (
  { schema, subgraphs, operations, writes, passesThrough, executionOf }: SubscriptionParts,
): (prepared: Prepared, request: EngineRequest) => SubscriptionRun | ExecutionResult => {
  let subscriptions = 0

  return (prepared, request) => {
    const { source: fetch, rest } = splitPlan(prepared.plan.step)
    const { call } = fetch
    const asked = requestOf(call, executionOf(prepared, request, 0))
    const failed = (cause: unknown): ExecutionResult => ({ errors: [failureError(call.service, cause, undefined)] })
    let transport: SubgraphTransport
    try {
      transport = transportOf(call, { subgraphs })
    } catch (cause) {
      return failed(cause)
    }
    // Source events are the same whatever is selected of them; what a remote subgraph sends is not.
    const events = transport.resolveEvent && transport.subscribeEvents
    const source = { transport, asked: events ? undefined : JSON.stringify([asked.query, asked.variables]) }
    // The events of one subscription may share calls with each other in any case: they are for one reader.
    const forEvents = { ...request, sharing: request.sharing ?? { key: `\0subscription ${subscriptions++}` } }
    const isWhole = !rest && passesThrough(prepared, fetch)
    const answerOf = (result: ExecutionResult): Promise<ExecutionResult> | ExecutionResult => {
      if (isWhole && result.data && !result.errors) return { data: result.data }
      // What is fetched for an event must not have been asked for before it.
      const execution = executionOf(prepared, forEvents, writes.happened())
      mergeRoot(fetch, result, execution)
      const pending = rest && run(rest, execution)
      const finished = () => finish(prepared.plan, prepared.operation, execution, schema)
      return pending ? pending.then(finished) : finished()
    }
    return {
      key: JSON.stringify([prepared.operation.normalised.text, prepared.variables, operations.forwarded(prepared.plan, request)]),
      source,
      hasEventsOf: (other) => other.source.transport === transport && other.source.asked === source.asked,
      open: async () => {
        try {
          const stream = await (events ? transport.subscribeEvents!(asked) : transport.subscribe(asked))
          return isEvents(stream) ? stream
            : { errors: (stream.errors ?? []).map((error) => downstreamError(call.service, transport.mask?.(error) ?? error, error.path)) }
        } catch (cause) {
          return failed(cause)
        }
      },
      resolve: (event) => {
        const result = events ? transport.resolveEvent!({ ...asked, event }) : event as ExecutionResult
        return result instanceof Promise ? result.then(answerOf) : answerOf(result)
      },
      failed,
      atOnce: rest ? eventsAtOnce : 1,
    }
  }
}

/**
 * Takes a subscription's plan apart: where its events come from, and what is fetched for each of them.
 * @throws Error when the plan does not begin with a subscription.
 */
const splitPlan = (step: Step | undefined): { source: RootFetch, rest: Step | undefined } => {
  if (step?.kind === 'subscription') return { source: step.fetch, rest: undefined }
  if (step?.kind === 'sequence') {
    const [first, ...rest] = step.steps
    if (first?.kind === 'subscription') {
      return { source: first.fetch, rest: rest.length < 2 ? rest[0] : { kind: 'sequence', steps: rest } }
    }
  }
  throw new Error('The plan of a subscription does not begin with one.')
}
