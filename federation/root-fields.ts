import {
  Kind, print, visit, type DocumentNode, type ExecutionResult, type FragmentDefinitionNode, type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql'
import { perRootField } from './normalise.ts'
import type { Plan } from './plans.ts'
import type { Prepared, PreparedOperation } from './prepare.ts'
import { keyOf, withRootFields } from './simplify.ts'

/** A root field of a query as a query of its own. */
export interface RootField {
  operation: PreparedOperation
  /** The variables that it uses. */
  variables: readonly string[]
}

/** Queries with more root fields are not taken apart. */
const maximumFields = 20

/**
 * The root fields of a query by their keys in the response tree, where some of them do not depend on all of its
 * variables: such a field is equal in queries that differ. Nothing for other operations.
 */
export const independentRootFields = ({ node, normalised }: PreparedOperation): ReadonlyMap<string, RootField> | undefined => {
  if (node.operation !== 'query' || normalised.introspection || !normalised.forPlanner) return undefined
  const documents = perRootField(normalised)
  if (documents.size < 2 || documents.size > maximumFields) return undefined
  const all = variablesOf({ kind: Kind.DOCUMENT, definitions: [normalised.operation, ...normalised.fragments.values()] })
  const fields = new Map<string, RootField>()
  for (const [key, forPlanner] of documents) {
    // What the client is answered goes by its own selection: the planner's is simplified.
    const document = withRootFields(normalised, (field) => keyOf(field) === key)
    const [operation] = document?.definitions ?? []
    if (!document || operation?.kind !== Kind.OPERATION_DEFINITION) return undefined
    const variables = variablesOf(document)
    const own = { ...operation, variableDefinitions: used(operation, variables) }
    const fragments = new Map(document.definitions
      .filter((one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]))
    const text = print({ ...document, definitions: [own, ...fragments.values()] })
    const planned: DocumentNode = { ...forPlanner, definitions: forPlanner.definitions.map((one) =>
      one.kind === Kind.OPERATION_DEFINITION ? { ...one, variableDefinitions: used(one, variables) } : one) }
    fields.set(key, {
      variables, operation: { node: own, normalised: { ...normalised, text, operation: own, fragments, forPlanner: planned } },
    })
  }
  return [...fields.values()].some(({ variables }) => variables.length < all.length) ? fields : undefined
}

const used = ({ variableDefinitions }: OperationDefinitionNode, names: readonly string[]): VariableDefinitionNode[] | undefined =>
  variableDefinitions?.filter(({ variable }) => names.includes(variable.name.value))

const variablesOf = (document: DocumentNode): string[] => {
  const names = new Set<string>()
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => { names.add(name.value) },
  })
  return [...names]
}

/** Which queries are taken apart, and into what. */
export class RootFields {
  readonly #planOf: (operation: PreparedOperation) => Promise<Plan> | Plan
  readonly #fields = new WeakMap<PreparedOperation, ReadonlyMap<string, RootField> | undefined>()
  readonly #worth = new WeakMap<Plan, Worth>()

  constructor(planOf: (operation: PreparedOperation) => Promise<Plan> | Plan) {
    this.#planOf = planOf
  }

  /**
   * The root fields of a query by their keys in the response tree; nothing when the query is better run as a whole, or
   * one of them is not planned yet or not fit.
   */
  of({ operation, plan, variables }: Prepared, isFit: (field: Prepared) => boolean): ReadonlyMap<string, Prepared> | undefined {
    if (!this.#fields.has(operation)) this.#fields.set(operation, independentRootFields(operation))
    const fields = this.#fields.get(operation)
    if (!fields || !this.#worthOf(plan).isGiven) return undefined
    const prepared = new Map<string, Prepared>()
    for (const [key, field] of fields) {
      const fieldPlan = this.#planOf(field.operation)
      if (fieldPlan instanceof Promise) {
        fieldPlan.catch(() => this.#fields.set(operation, undefined))
        continue
      }
      const own: Record<string, unknown> = {}
      for (const name of field.variables) if (Object.hasOwn(variables, name)) own[name] = variables[name]
      const one = { operation: field.operation, plan: fieldPlan, variables: own }
      if (isFit(one)) prepared.set(key, one)
    }
    return prepared.size === fields.size ? prepared : undefined
  }

  /** To be told after each: how many root fields it had, and how many of them were under way already. */
  count(plan: Plan, fields: number, joined: number): void {
    this.#worthOf(plan).count(fields, joined)
  }

  #worthOf(plan: Plan): Worth {
    let worth = this.#worth.get(plan)
    if (!worth) this.#worth.set(plan, worth = new Worth())
    return worth
  }
}

/** One answer from those of the root fields, in the order of the keys; the others are the type's name. */
export const joinRootFields = (
  keys: readonly string[], renamed: ReadonlyMap<string, string>, results: ReadonlyMap<string, ExecutionResult>,
  typeName: string,
): ExecutionResult => {
  const errors = [...results.values()].flatMap((result) => result.errors ?? [])
  let data: Record<string, unknown> | null = {}
  for (const source of keys) {
    const key = renamed.get(source) ?? source
    const result = results.get(source)
    if (!result) data[key] = typeName
    else if (result.data) data[key] = result.data[key]
    else {
      data = null
      break
    }
  }
  return errors.length > 0 ? { errors, data } : { data }
}

/**
 * Whether taking queries of one plan apart is worth its calls: while a fair part of the root fields turns out to be
 * under way already. When it is not, nothing is taken apart for a while.
 */
export class Worth {
  #fields = 0
  #joined = 0
  #pause = 0

  /** Asked once per query. */
  get isGiven(): boolean {
    if (this.#pause === 0) return true
    this.#pause--
    return false
  }

  count(fields: number, joined: number): void {
    this.#fields += fields
    this.#joined += joined
    if (this.#fields < sample) return
    if (this.#joined * 4 < this.#fields) this.#pause = pause
    this.#fields = this.#joined = 0
  }
}

/** Root fields after which is decided. */
const sample = 64

/** Queries until it is tried again. */
const pause = 1000
