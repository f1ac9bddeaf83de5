import { GraphQLError, type ExecutionResult } from 'graphql'
import type { Step } from './compile.ts'
import { codes } from './errors.ts'
import { laneKey } from './lanes.ts'
import type { Plan } from './plans.ts'
import { SharedResult } from './shared-work.ts'
import type { EngineRequest, SubgraphTransport } from './types.ts'
import type { Writes } from './writes.ts'

/** Queries under way, by plan and by what they are for: an equal one gets the same result object. */
export class SharedOperations {
  readonly #subgraphs: ReadonlyMap<string, SubgraphTransport>
  readonly #writes: Writes
  readonly #running = new WeakMap<Plan, Map<string, SharedResult<ExecutionResult>>>()
  readonly #services = new WeakMap<Plan, readonly string[]>()

  constructor(subgraphs: ReadonlyMap<string, SubgraphTransport>, writes: Writes) {
    this.#subgraphs = subgraphs
    this.#writes = writes
  }

  /** What the answer depends on beside the plan; nothing when it may depend on more than can be compared. */
  key(plan: Plan, variables: Record<string, unknown>, { sharing, headers }: EngineRequest): string | undefined {
    if (!sharing || !plan.step) return undefined
    const keys = new Set<string>()
    for (const service of this.#servicesOf(plan, plan.step)) {
      const transport = this.#subgraphs.get(service)
      if (!transport || !(transport.forwarded ?? sharing.context)) return undefined
      keys.add(laneKey(sharing.key, transport.forwarded?.(headers) ?? headers ?? {}))
    }
    return `${[...keys].join()}\n${JSON.stringify(variables)}`
  }

  /**
   * The result of an equal query that is under way and began late enough, or of this one. Whoever leaves is answered
   * at once; the query goes on as long as anybody waits.
   */
  async run(
    plan: Plan, key: string, { sharing, signal }: EngineRequest,
    execute: (signal: AbortSignal) => Promise<ExecutionResult>,
  ): Promise<ExecutionResult> {
    if (signal?.aborted) throw cancelled()
    let running = this.#running.get(plan)
    if (!running) this.#running.set(plan, running = new Map())
    let result = running.get(key)
    if (!result?.admits(this.#writes.of(sharing?.key ?? ''))) {
      const begun = new SharedResult(
        this.#writes.count,
        async (abandoned) => Object.freeze(await execute(abandoned)),
        () => { if (running.get(key) === begun) running.delete(key) },
      )
      running.set(key, result = begun)
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
