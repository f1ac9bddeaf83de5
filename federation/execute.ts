import { GraphQLError, type ExecutionResult } from 'graphql'
import type { Step } from './compile.ts'
import { ErrorLog, IncompletePlan } from './errors.ts'
import { fetchEntities, fetchRoot, type Execution } from './fetch.ts'
import { introspect } from './introspect.ts'
import type { Plan } from './plans.ts'
import type { PreparedOperation } from './prepare.ts'
import type { GraphQLSchema } from 'graphql'

/** Runs a step and everything under it; synchronously where no subgraph has to be waited for. Never rejects. */
export const run = (step: Step, execution: Execution): Promise<void> | void => {
  switch (step.kind) {
    case 'root':
      return fetchRoot(step, execution)
    case 'entities':
      return fetchEntities(step, execution)
    case 'sequence':
      return runFrom(step.steps, 0, execution)
    case 'parallel': {
      const waiting = step.steps.map((child) => run(child, execution)).filter((pending) => pending !== undefined)
      return waiting.length > 0 ? Promise.all(waiting).then(() => undefined) : undefined
    }
    case 'fields':
      return runFrom(execution.rootKeys().flatMap((key) => step.byKey.get(key) ?? []), 0, execution)
    case 'condition': {
      const chosen = execution.variables[step.variable] === true ? step.then : step.otherwise
      return chosen && run(chosen, execution)
    }
    case 'subscription':
      throw new Error('A subscription is started, not executed.')
  }
}

const runFrom = (steps: readonly Step[], first: number, execution: Execution): Promise<void> | void => {
  for (let index = first; index < steps.length; index++) {
    const pending = run(steps[index]!, execution)
    if (pending) return pending.then(() => runFrom(steps, index + 1, execution))
  }
}

/** The client's answer from what the steps brought. */
export const finish = (
  plan: Plan, operation: PreparedOperation, execution: Execution, schema: GraphQLSchema,
): ExecutionResult => {
  const { projection } = plan
  const { introspection } = operation.normalised
  const errors = new ErrorLog()
  if (introspection) Object.assign(execution.data, introspect(schema, introspection, execution.variables, errors))
  const seen = new Set<string>()
  for (const error of execution.errors.list) {
    const path = error.path && projection.visiblePath(error.path, execution.data, execution.variables)
    if (error.path?.length && !path?.length) continue
    if (error.originalError instanceof IncompletePlan && path?.length !== error.path?.length) continue
    const identity = `${JSON.stringify(path)} ${error.message}`
    if (seen.has(identity)) continue
    seen.add(identity)
    errors.add(placed(error, path))
  }
  const data = projection.project(execution.data, execution.variables, errors)
  return errors.list.length > 0 ? { errors: errors.list, data } : { data }
}

const placed = (error: GraphQLError, path: readonly (string | number)[] | undefined): GraphQLError =>
  new GraphQLError(error.message, { path, originalError: error.originalError, extensions: error.extensions })
