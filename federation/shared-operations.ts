import { GraphQLError, type ExecutionResult } from 'graphql'
import type { Step } from './compile.ts'
import { codes } from './errors.ts'
import { laneKey } from './lanes.ts'
import type { Plan } from './plans.ts'
import { SharedResult } from './shared-work.ts'
import type { EngineRequest, SubgraphTransport } from './types.ts'
import type { Writes } from './writes.ts'

/** What an answer depends on beside the plan and the subgraphs. */
export interface OperationKey {
  /** For whom it is: sharing key and forwarded headers. */
  scope: string
  /** As JSON. */
  variables: string
}

/** Queries under way for one scope, by their variables. */
type Running = Map<string, SharedResult<ExecutionResult>>

/** Queries under way, by plan, scope and variables: an equal one gets the same result object. */
export class SharedOperations {
  readonly #subgraphs: ReadonlyMap<string, SubgraphTransport>
  readonly #writes: Writes
  readonly #running = new WeakMap<Plan, Map<string, Running>>()
  readonly #services = new WeakMap<Plan, readonly string[]>()

  constructor(subgraphs: ReadonlyMap<string, SubgraphTransport>, writes: Writes) {
    this.#subgraphs = subgraphs
    this.#writes = writes
  }

  /** Nothing when the answer may depend on more than can be compared. */
  key(plan: Plan, variables: Record<string, unknown>, { sharing, headers }: EngineRequest): OperationKey | undefined {
    if (!sharing || !plan.step) return undefined
    const scopes = new Set<string>()
    for (const service of this.#servicesOf(plan, plan.step)) {
      const transport = this.#subgraphs.get(service)
      if (!transport || !(transport.forwarded ?? sharing.context)) return undefined
      scopes.add(laneKey(sharing.key, transport.forwarded?.(headers) ?? headers ?? {}))
    }
    return { scope: [...scopes].join(), variables: JSON.stringify(variables) }
  }

  /** What the plan's subgraphs see of a request's headers. */
  forwarded(plan: Plan, { headers }: EngineRequest): string {
    if (!plan.step) return ''
    return this.#servicesOf(plan, plan.step).map((service) => laneKey(service, this.#subgraphs.get(service)?.forwarded?.(headers) ?? {})).join()
  }

  /** Whether an equal query is under way that this one may join. */
  isRunning(plan: Plan, { scope, variables }: OperationKey, { sharing }: EngineRequest): boolean {
    return this.#running.get(plan)?.get(scope)?.get(variables)?.admits(this.#writes.of(sharing?.key ?? '')) === true
  }

  /** Whether others of the same plan and scope are under way. */
  isCrowded(plan: Plan, { scope }: OperationKey): boolean {
    return this.#running.get(plan)?.has(scope) === true
  }

  /**
   * The result of an equal query that is under way and began late enough, or of this one. Whoever leaves is answered
   * at once; the query goes on as long as anybody waits.
   */
  async run(
    plan: Plan, { scope, variables }: OperationKey, { sharing, signal }: EngineRequest,
    execute: (signal: AbortSignal) => Promise<ExecutionResult>,
  ): Promise<ExecutionResult> {
    if (signal?.aborted) throw cancelled()
    let scopes = this.#running.get(plan)
    if (!scopes) this.#running.set(plan, scopes = new Map())
    let running = scopes.get(scope)
    if (!running) scopes.set(scope, running = new Map())
    let result = running.get(variables)
    if (!result?.admits(this.#writes.of(sharing?.key ?? ''))) {
      const begun = new SharedResult(
        this.#writes.count,
        execute,
        () => {
          if (running.get(variables) === begun) running.delete(variables)
          if (running.size === 0 && scopes.get(scope) === running) scopes.delete(scope)
        },
        Object.freeze,
      )
      running.set(variables, result = begun)
    }
    return result.wait(signal, cancelled)
  }

  #servicesOf(plan: Plan, step: Step): readonly string[] {
    let services = this.#services.get(plan)
    if (!services) this.#services.set(plan, services = [...new Set(servicesOf(step))])
    return services
  }
}

const cancelled = (): GraphQLError =>
  new GraphQLError('The request was cancelled.', { extensions: { code: codes.cancelled } })

const servicesOf = (step: Step): string[] => {
  switch (step.kind) {
    case 'root':
    case 'entities': return [step.call.service]
    case 'sequence':
    case 'parallel': return step.steps.flatMap(servicesOf)
    case 'fields': return [...step.byKey.values()].flatMap(servicesOf)
    case 'condition': return [step.then, step.otherwise].flatMap((child) => child ? servicesOf(child) : [])
    case 'subscription': return [step.fetch.call.service]
  }
}
