import { print, type DocumentNode, type GraphQLSchema } from 'graphql'
import { compilePlan, type Step } from './compile.ts'
import { perRootField, type NormalisedOperation } from './normalise.ts'
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
}

/** Whether a step calls for root fields only, so that each is complete before the next begins. */
const isSerial = (step: Step | undefined): boolean =>
  step === undefined || step.kind === 'root'
  || step.kind === 'sequence' && step.steps.every(({ kind }) => kind === 'root')

/** Plans operations over one supergraph and keeps the plans by the operation's normalised text. */
export class Plans {
  hits = 0
  misses = 0
  evictions = 0
  planningMs = 0
  readonly #planner: PlannerHandle
  readonly #capacity: number
  readonly #now: () => number
  readonly #plans = new Map<string, Promise<Plan> | Plan>()

  constructor({ supergraphSdl, capacity, now }: PlansOptions) {
    this.#planner = openPlanner(supergraphSdl)
    this.#capacity = capacity
    this.#now = now
  }

  get size(): number {
    return this.#plans.size
  }

  /**
   * The plan of a normalised operation. Synchronous when it is known. A failure is kept when it cost a planner.
   * @throws Error from the planner when the operation does not fit the supergraph.
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
    this.#planner.close()
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
    const isMutation = operation.operation.operation === 'mutation'
    const fields = perRootField(operation)
    try {
      const step = await this.#step(document, types)
      // The planner lets a mutation's field begin while others' selections are still fetched; the spec does not.
      if (!isMutation || !projection.hasConditions && (fields.size < 2 || isSerial(step))) return step
    } catch (error) {
      // Some operations fail only because the planner mixes up their root fields.
      if (fields.size < 2) throw error
    }
    const byKey = new Map<string, Step>()
    for (const [key, field] of fields) {
      const step = await this.#step(field, types)
      if (step) byKey.set(key, step)
    }
    return isMutation ? { kind: 'fields', byKey } : { kind: 'parallel', steps: [...byKey.values()] }
  }

  async #step(document: DocumentNode, types: SupergraphTypes): Promise<Step | undefined> {
    const started = this.#now()
    const node = await this.#planner.plan(print(document))
    this.planningMs += this.#now() - started
    return node ? compilePlan(node, types) : undefined
  }
}
