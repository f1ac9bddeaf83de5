import { print, type DocumentNode, type GraphQLSchema } from 'graphql'
import { compilePlan, type Step } from './compile.ts'
import { perRootField, type NormalisedOperation } from './normalise.ts'
import { createPlanner, type Planner } from './planner/index.ts'
import { missingRequirement } from './plan-check.ts'
import { openPlanner, PlannerCrash, type PlannerHandle } from './planner-process.ts'
import { Projection } from './project.ts'
import type { SupergraphTypes } from './schema.ts'

/** What is kept per shape of operation. */
export interface Plan {
  step: Step | undefined
  projection: Projection
}

export interface PlansOptions {
  supergraphSdl: string
  /** Plans kept; the least recently used goes first. */
  capacity: number
  /** Milliseconds, for the statistics. */
  now: () => number
  /** Which planner is asked. The own one also steps in where the native one fails. */
  planner: PlannerName
}

export type PlannerName = 'native' | 'own'

/** Whether a step calls for root fields only, so that each is complete before the next begins. */
const isSerial = (step: Step | undefined): boolean =>
  step === undefined || step.kind === 'root'
  || step.kind === 'sequence' && step.steps.every(({ kind }) => kind === 'root')

/**
 * Plans operations over one supergraph and keeps the plans by the operation's normalised text. The native planner is asked
 * first; what it does not plan, or may plan wrongly, our own one plans.
 */
export class Plans {
  hits = 0
  misses = 0
  evictions = 0
  planningMs = 0
  readonly #native: PlannerHandle | undefined
  readonly #own: Planner
  #closed = false
  readonly #capacity: number
  readonly #now: () => number
  readonly #plans = new Map<string, Promise<Plan> | Plan>()

  constructor({ supergraphSdl, capacity, now, planner }: PlansOptions) {
    this.#native = planner === 'native' ? openPlanner(supergraphSdl) : undefined
    this.#own = createPlanner(supergraphSdl)
    this.#capacity = capacity
    this.#now = now
  }

  get size(): number {
    return this.#plans.size
  }

  /**
   * The plan of a normalised operation. Synchronous when it is known. A failure is kept when it cost a planner.
   * @throws Error from a planner when the operation does not fit the supergraph.
   */
  plan(operation: NormalisedOperation, schema: GraphQLSchema, types: SupergraphTypes): Promise<Plan> | Plan {
    const known = this.#plans.get(operation.text)
    if (known) {
      this.hits++
      // Least recently used goes first: a Map iterates in order of insertion.
      this.#plans.delete(operation.text)
      this.#plans.set(operation.text, known)
      return known
    }
    this.misses++
    const planning = this.#create(operation, schema, types)
    this.#plans.set(operation.text, planning)
    planning.then(
      (plan) => { if (this.#plans.get(operation.text) === planning) this.#plans.set(operation.text, plan) },
      (error) => {
        if (error instanceof PlannerCrash || this.#plans.get(operation.text) !== planning) return
        this.#plans.delete(operation.text)
      },
    )
    if (this.#plans.size > this.#capacity) {
      const oldest = this.#plans.keys().next()
      if (!oldest.done) this.#plans.delete(oldest.value)
      this.evictions++
    }
    return planning
  }

  close(): void {
    this.#closed = true
    this.#native?.close()
    this.#plans.clear()
  }

  async #create(operation: NormalisedOperation, schema: GraphQLSchema, types: SupergraphTypes): Promise<Plan> {
    const projection = new Projection(schema, types, operation)
    if (!operation.forPlanner) return { step: undefined, projection }
    return { step: await this.#wholeOrByField(operation, operation.forPlanner, projection, types), projection }
  }

  async #wholeOrByField(
    operation: NormalisedOperation, document: DocumentNode, projection: Projection, types: SupergraphTypes,
  ): Promise<Step | undefined> {
    const step = await this.#step(document, types)
    if (operation.operation.operation !== 'mutation') return step
    const fields = perRootField(operation)
    // A planner lets a mutation's field begin while others' selections are still fetched; the spec does not.
    if (!projection.hasConditions && (fields.size < 2 || isSerial(step))) return step
    const byKey = new Map<string, Step>()
    for (const [key, field] of fields) {
      const step = await this.#step(field, types)
      if (step) byKey.set(key, step)
    }
    return { kind: 'fields', byKey }
  }

  async #step(document: DocumentNode, types: SupergraphTypes): Promise<Step | undefined> {
    if (this.#closed) throw new Error('The engine is closed; it plans no more operations.')
    const started = this.#now()
    try {
      return this.#native && !this.#own.isRisky(document)
        ? await this.#nativeOrOwn(this.#native, document, types) : this.#ownStep(document, types)
    } finally {
      this.planningMs += this.#now() - started
    }
  }

  async #nativeOrOwn(
    native: PlannerHandle, document: DocumentNode, types: SupergraphTypes,
  ): Promise<Step | undefined> {
    try {
      const node = await native.plan(print(document))
      const step = node && compilePlan(node, types)
      const missing = step && missingRequirement(step, types)
      if (missing === undefined) return step
      throw new Error(`The plan does not fetch "${missing}" where a step needs it.`)
    } catch (error) {
      if (this.#closed) throw error
      try {
        return this.#ownStep(document, types)
      } catch (cause) {
        throw error instanceof PlannerCrash ? error : cause
      }
    }
  }

  #ownStep(document: DocumentNode, types: SupergraphTypes): Step | undefined {
    const node = this.#own.plan(document)
    return node && compilePlan(node, types)
  }
}
