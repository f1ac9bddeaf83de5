import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { QueryPlanner, type QueryPlan } from '@graphql-hive/router-query-planner'

export type {
  BatchFetchNode, FetchNode, FetchNodePathSegment, FetchRewrite, FlattenNodePathSegment, KeyRenamer, PlanNode,
  QueryPlan, RequiresSelection, ValueSetter,
} from '@graphql-hive/router-query-planner'

/** From the planner's parent: a supergraph to plan over, one to forget, or an operation to plan. */
export type PlannerMessage =
  | { kind: 'load', supergraph: number, sdl: string }
  | { kind: 'unload', supergraph: number }
  | { kind: 'plan', supergraph: number, operation: string }

/** One per `plan` message, in the same order. */
export type PlannerAnswer = { plan: QueryPlan } | { error: string }

/**
 * The planner's process: the native planner of today ends its process on operations that it does not expect, valid ones
 * among them. Messages are worked off one after another, so that the parent knows which operation ended it.
 */
const servePlanner = (send: (answer: PlannerAnswer) => void): void => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const planners = new Map<number, QueryPlanner | string>()
  process.on('message', (message: PlannerMessage) => {
    switch (message.kind) {
      case 'load':
        planners.set(message.supergraph, attempt(() => new QueryPlanner(message.sdl)))
        break
      case 'unload':
        planners.delete(message.supergraph)
        // V8 knows nothing of the memory behind a planner, half a mebibyte and more, and would not look for it before long.
        collect()
        break
      case 'plan': {
        const planner = planners.get(message.supergraph) ?? 'The supergraph is not loaded.'
        // Progressive overrides: no labels are active, and a field's percentage share is not applied.
        const plan = typeof planner === 'string' ? planner
          : attempt(() => planner.plan(message.operation, null, new Set(), 0))
        send(typeof plan === 'string' ? { error: plan } : { plan })
      }
    }
  })
}

const attempt = <T extends object>(action: () => T): T | string => {
  try {
    return action()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

if (import.meta.main && process.send) {
  servePlanner((answer) => process.send?.(answer))
  process.on('disconnect', () => process.exit())
}
