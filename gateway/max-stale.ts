import {
  DirectiveLocation, getDirectiveValues, getVariableValues, GraphQLBoolean, GraphQLDirective, GraphQLError, GraphQLInt, GraphQLNonNull,
  GraphQLSchema, Kind, type OperationDefinitionNode,
} from 'graphql'
import { isTimeout, withTimeLimit } from '../events/abort.ts'
import type { Door } from './door.ts'

type StalenessDoor = Pick<Door, 'staleness'> & { services: Pick<Door['services'], 'clock'>; settings: Pick<Door['settings'], 'tokenTimeoutMs'> }

/** Executed by the gateway itself: no subgraph is told of it. */
export const maxStaleDirective = new GraphQLDirective({
  name: 'maxStale',
  description: 'Bounds how far the answer may be behind the log: the age of the oldest event that was appended before the request and is not yet applied.',
  locations: [DirectiveLocation.QUERY],
  args: {
    ms: { type: new GraphQLNonNull(GraphQLInt), description: 'The greatest age, 0 to 3,600,000 ms. 0: everything appended before the request is applied.' },
    wait: {
      type: new GraphQLNonNull(GraphQLBoolean), defaultValue: false,
      description: 'Whether to wait until it is so, for ten seconds at most, instead of failing with STALE at once.',
    },
  },
})

const maxMs = 3_600_000

/**
 * Fails, or waits, where the operation's `@maxStale` asks for more freshness than there is. Ages are of this moment.
 *
 * @throws GraphQLError `STALE`, `BAD_USER_INPUT`, or `LOG_UNAVAILABLE` where it cannot be known
 */
export async function checkStaleness(
  { staleness, services, settings: { tokenTimeoutMs: timeoutMs } }: StalenessDoor, operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | null | undefined, signal?: AbortSignal,
): Promise<void> {
  const { ms, wait } = argumentsOf(operation, variables ?? {})
  if (ms < 0 || ms > maxMs)
    throw new GraphQLError(`"ms" of @maxStale must be 0 to ${maxMs}, got ${ms}.`, { extensions: { code: 'BAD_USER_INPUT' } })
  const moment = services.clock() - ms
  try {
    if (await staleness.has(moment, signal)) return
    if (wait) return await withTimeLimit(signal, timeoutMs, (limited) => staleness.reach(moment, limited))
  } catch (error) {
    signal?.throwIfAborted()
    if (!isTimeout(error))
      throw new GraphQLError('How stale the answer is cannot be known: the event log does not answer. Ask again, or without @maxStale.', {
        originalError: error as Error, extensions: { code: 'LOG_UNAVAILABLE' },
      })
  }
  throw new GraphQLError(`The answer would be more than ${ms} ms behind the log${wait ? `, still after ${timeoutMs} ms` : ''}; ask for less freshness${wait ? '' : ', set "wait"'}, or again later.`, {
    extensions: { code: 'STALE', staleMs: Number.isFinite(staleness.bound) ? Math.round(staleness.bound) : null },
  })
}

/** Has the types that a validated operation can give to the arguments. */
const scalars = new GraphQLSchema({ types: [GraphQLInt, GraphQLBoolean] })

/** @throws GraphQLError `BAD_USER_INPUT` for variables that are none of their types */
function argumentsOf(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): { ms: number; wait: boolean } {
  const values = operation.directives?.flatMap(({ name, arguments: given }) => (name.value === maxStaleDirective.name ? given ?? [] : []))
  const used = new Set(values?.map(({ value }) => value.kind === Kind.VARIABLE && value.name.value))
  const { coerced, errors } = getVariableValues(scalars, operation.variableDefinitions?.filter(({ variable }) => used.has(variable.name.value)) ?? [], variables)
  try {
    if (errors) throw errors[0] as GraphQLError
    return getDirectiveValues(maxStaleDirective, operation, coerced) as { ms: number; wait: boolean }
  } catch (error) {
    throw new GraphQLError((error as GraphQLError).message, { nodes: (error as GraphQLError).nodes, extensions: { code: 'BAD_USER_INPUT' } })
  }
}

/** Whether the operation asks for it; none does where a request names one that is not there. */
export const asksForFreshness = (operation: OperationDefinitionNode | undefined): boolean =>
  operation?.operation === 'query' && operation.directives?.some(({ name }) => name.value === 'maxStale') === true
