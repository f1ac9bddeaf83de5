import type { GraphQLSchema } from 'graphql'
import { complete } from './complete.ts'
import { conditionVariables, isIncluded } from './conditions.ts'
import type { ErrorLog, PathKey } from './errors.ts'
import { generateProjection, unusual, type GeneratedProjection } from './generated-projection.ts'
import { isObject, type Obj } from './merge.ts'
import type { NormalisedOperation } from './normalise.ts'
import type { SupergraphTypes } from './schema.ts'
import { Selections, type Slot } from './selection.ts'

/** What some values of the variables of `@skip` and `@include` select. */
interface Variant {
  selections: Selections
  /** Written when it is first needed; null where it cannot be. */
  generated: GeneratedProjection | null | undefined
}

/** At most so many combinations of `@skip` and `@include` variables are kept per operation. */
const maximumVariants = 64

/**
 * Turns the response tree into the client's answer: selected keys only, in the order in which they are selected,
 * null where the spec demands it. One per plan; variants by the variables of `@skip` and `@include` are kept.
 */
export class Projection {
  readonly #schema: GraphQLSchema
  readonly #types: SupergraphTypes
  readonly #operation: NormalisedOperation
  readonly #conditions: readonly string[]
  readonly #variants = new Map<string, Variant>()

  constructor(schema: GraphQLSchema, types: SupergraphTypes, operation: NormalisedOperation) {
    this.#schema = schema
    this.#types = types
    this.#operation = operation
    this.#conditions = conditionVariables(operation)
  }

  /** Projects the tree; invalid nulls that no error explains yet are added to the errors. */
  project(data: Obj, variables: Record<string, unknown>, errors: ErrorLog): Obj | null {
    const variant = this.#variant(variables)
    if (!variant) return null
    if (errors.list.length === 0) {
      const generated = variant.generated === undefined
        ? variant.generated = generateProjection(variant.selections) ?? null : variant.generated
      const projected = generated ? generated(data) : unusual
      if (projected !== unusual) return projected
    }
    return complete(variant.selections, data, errors)
  }

  /** Whether variables decide what is selected. */
  get hasConditions(): boolean {
    return this.#conditions.length > 0
  }

  /** The keys of the root fields in the response tree, in the order in which these variables select them. */
  rootKeys(variables: Record<string, unknown>): string[] {
    const selections = this.#variant(variables)?.selections
    return selections ? selections.fieldsOf(selections.root, selections.root.type).map(({ source }) => source) : []
  }

  /**
   * The part of a path that the client selected: errors of fields that only the planner asked for end above it.
   * Undefined for a field that these variables exclude, of an object that is there: the planner can lose a condition.
   */
  visiblePath(path: readonly PathKey[], data: Obj, variables: Record<string, unknown>): PathKey[] | undefined {
    const visible: PathKey[] = []
    const selections = this.#variant(variables)?.selections
    let selection = selections?.root
    let value: unknown = data
    for (const key of path) {
      if (typeof key === 'number') {
        value = Array.isArray(value) ? value[key] : undefined
        visible.push(key)
        continue
      }
      if (!selections || !selection) break
      const runtime = isObject(value) ? selections.runtimeType(selection, value) : undefined
      const type = runtime ?? selection.type
      const field = selections.fieldsOf(selection, type).find(({ source }) => source === key)
      if (!field && isObject(value) && selections.selectsAtTimes(selection, type, key)) return undefined
      if (!field) break
      visible.push(field.key)
      value = isObject(value) ? value[key] : undefined
      selection = innermost(field.slot)?.selection
    }
    return visible
  }

  #variant(variables: Record<string, unknown>): Variant | undefined {
    const key = this.#conditions.map((name) => variables[name] === true ? '1' : '0').join('')
    const known = this.#variants.get(key)
    if (known) return known
    const type = this.#schema.getRootType(this.#operation.operation.operation)
    if (!type) return undefined
    if (this.#variants.size >= maximumVariants) this.#variants.clear()
    const deciding = Object.fromEntries(this.#conditions.map((name) => [name, variables[name]]))
    const variant: Variant = {
      selections: new Selections(this.#schema, this.#types, this.#operation, type, (node) => isIncluded(node, deciding)),
      generated: undefined,
    }
    this.#variants.set(key, variant)
    return variant
  }
}

const innermost = (slot: Slot | undefined): Slot | undefined => slot?.item ? innermost(slot.item) : slot
