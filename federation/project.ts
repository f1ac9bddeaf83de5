import {
  GraphQLError, Kind, getNamedType, isAbstractType, isCompositeType, isEnumType, isInterfaceType, isListType,
  isNonNullType, isObjectType, type FragmentDefinitionNode, type GraphQLCompositeType, type GraphQLInterfaceType,
  type GraphQLObjectType, type GraphQLOutputType, type GraphQLSchema, type SelectionNode, type SelectionSetNode,
} from 'graphql'
import { codes, type ErrorLog, type PathKey } from './errors.ts'
import { generateProjection, unusual, type GeneratedProjection } from './generated-projection.ts'
import { isObject, type Obj } from './merge.ts'
import type { NormalisedOperation } from './normalise.ts'
import type { SupergraphTypes } from './schema.ts'

/** A type as a value is completed by it: wrappers unrolled once instead of per value. */
export interface Slot {
  nonNull: boolean
  item?: Slot
  selection?: Selection
  /** The names that clients may see, for enums. */
  values?: ReadonlySet<string>
}

export interface Field {
  /** The client's response key. */
  key: string
  /** The key in the response tree. */
  source: string
  /** For messages. */
  name: string
  /** Absent for `__typename`. */
  slot: Slot | undefined
}

/** A merged selection set. What it selects is worked out per runtime type on first use. */
export interface Selection {
  type: GraphQLCompositeType
  sets: readonly SelectionSetNode[]
  fields: Map<string, readonly Field[]>
  /** Whether it selects fields of certain types only: what those are is unknown where only an interface's name is. */
  narrows: boolean
}

type Includes = (node: SelectionNode) => boolean

/** Stands for a null that may not be: the parent becomes null in turn. */
const invalid = Symbol('invalid null')

/** What some values of the variables of `@skip` and `@include` select. */
interface Variant {
  selection: Selection
  includes: Includes
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
    const root = this.#root(variables)
    if (!root) return null
    if (errors.list.length === 0) {
      const generated = root.generated === undefined ? root.generated = this.#generate(root) : root.generated
      const projected = generated ? generated(data) : unusual
      if (projected !== unusual) return projected
    }
    const projected = this.#object(root.selection, data, [], errors, root.includes)
    return projected === invalid ? null : projected as Obj
  }

  /** Whether variables decide what is selected. */
  get hasConditions(): boolean {
    return this.#conditions.length > 0
  }

  /** The keys of the root fields in the response tree, in the order in which these variables select them. */
  rootKeys(variables: Record<string, unknown>): string[] {
    const root = this.#root(variables)
    return root ? this.#fields(root.selection, root.selection.type, root.includes).map(({ source }) => source) : []
  }

  /**
   * The part of a path that the client selected: errors of fields that only the planner asked for end above it.
   * Undefined for a field that these variables exclude, of an object that is there: the planner can lose a condition.
   */
  visiblePath(path: readonly PathKey[], data: Obj, variables: Record<string, unknown>): PathKey[] | undefined {
    const visible: PathKey[] = []
    const root = this.#root(variables)
    let selection = root?.selection
    let value: unknown = data
    for (const key of path) {
      if (typeof key === 'number') {
        value = Array.isArray(value) ? value[key] : undefined
        visible.push(key)
        continue
      }
      if (!root || !selection) break
      const runtime = isObject(value) ? this.#runtimeType(selection, value) : undefined
      const type = runtime ?? selection.type
      const field = this.#fields(selection, type, root.includes).find(({ source }) => source === key)
      if (!field && isObject(value) && this.#selectsAtTimes(selection, type, key)) return undefined
      if (!field) break
      visible.push(field.key)
      value = isObject(value) ? value[key] : undefined
      selection = innermost(field.slot)?.selection
    }
    return visible
  }

  #root(variables: Record<string, unknown>): Variant | undefined {
    const variant = this.#conditions.map((name) => variables[name] === true ? '1' : '0').join('')
    const known = this.#variants.get(variant)
    if (known) return known
    const type = this.#schema.getRootType(this.#operation.operation.operation)
    if (!type) return undefined
    if (this.#variants.size >= maximumVariants) this.#variants.clear()
    const deciding = Object.fromEntries(this.#conditions.map((name) => [name, variables[name]]))
    const root: Variant = {
      selection: { type, sets: [this.#operation.operation.selectionSet], fields: new Map(), narrows: false },
      includes: (node) => isIncluded(node, deciding),
      generated: undefined,
    }
    this.#variants.set(variant, root)
    return root
  }

  #generate({ selection: root, includes }: Variant): GeneratedProjection | null {
    return generateProjection({
      root,
      fieldsOf: (selection, type) => this.#fields(selection, type, includes),
      typesOf: (type) => this.#schema.getPossibleTypes(type),
    }) ?? null
  }

  #object(
    selection: Selection, value: Obj, path: PathKey[], errors: ErrorLog, includes: Includes,
  ): Obj | null | symbol {
    const type = this.#runtimeType(selection, value)
    if (!type) return null
    const fields = this.#fields(selection, type, includes)
    // The call that would have told the type failed: which fields are missing cannot be known.
    if (selection.narrows && !isObjectType(type) && errors.explains(path)) return null
    const result: Obj = {}
    for (const field of fields) {
      if (!field.slot) {
        if (!isObjectType(type)) return null
        result[field.key] = type.name
        continue
      }
      path.push(field.key)
      const completed = this.#complete(field.slot, value[field.source], type.name, field.name, path, errors, includes)
      path.pop()
      if (completed === invalid) return invalid
      result[field.key] = completed
    }
    return result
  }

  #complete(
    slot: Slot, value: unknown, parent: string, name: string, path: PathKey[], errors: ErrorLog, includes: Includes,
  ): unknown {
    const completed = this.#nullable(slot, value, parent, name, path, errors, includes)
    if (completed !== null) return completed
    if (!slot.nonNull) return null
    if (!errors.explains(path)) {
      errors.add(new GraphQLError(`Cannot return null for non-nullable field ${parent}.${name}.`, {
        path: [...path],
        extensions: { code: codes.downstream },
      }))
    }
    return invalid
  }

  /** Null when it is null or became null; never {@link invalid}. */
  #nullable(
    slot: Slot, value: unknown, parent: string, name: string, path: PathKey[], errors: ErrorLog, includes: Includes,
  ): unknown {
    if (value === null || value === undefined) return null
    if (slot.item) {
      if (!Array.isArray(value)) return this.#unexpected('a list', parent, name, path, errors)
      const items: unknown[] = new Array(value.length)
      for (let index = 0; index < value.length; index++) {
        path.push(index)
        const item = this.#complete(slot.item, value[index], parent, name, path, errors, includes)
        path.pop()
        if (item === invalid) return null
        items[index] = item
      }
      return items
    }
    if (slot.selection) {
      if (!isObject(value)) return this.#unexpected('an object', parent, name, path, errors)
      const object = this.#object(slot.selection, value, path, errors, includes)
      return object === invalid ? null : object
    }
    if (slot.values && !(typeof value === 'string' && slot.values.has(value))) {
      return this.#unexpected('a value of its enum', parent, name, path, errors)
    }
    return value
  }

  #unexpected(expected: string, parent: string, name: string, path: PathKey[], errors: ErrorLog): null {
    errors.add(new GraphQLError(
      `Expected ${expected} for field ${parent}.${name}; the subgraph answered something else.`,
      { path: [...path], extensions: { code: codes.downstream } },
    ))
    return null
  }

  /**
   * The type by which an object is projected. An interface stands for itself where only its name is known: a
   * subgraph that sees it as an interface object knows no other, and a selection of shared fields need not ask.
   * Nothing for types that clients may not see.
   */
  #runtimeType(selection: Selection, value: Obj): GraphQLObjectType | GraphQLInterfaceType | undefined {
    const { type } = selection
    if (isObjectType(type)) return type
    const name = value.__typename
    if (typeof name === 'string' && this.#types.isObject(name)) {
      const named = this.#schema.getType(name)
      return isObjectType(named) && this.#schema.isSubType(type, named) ? named : undefined
    }
    return isInterfaceType(type) ? type : undefined
  }

  #fields(selection: Selection, type: GraphQLCompositeType, includes: Includes): readonly Field[] {
    let fields = selection.fields.get(type.name)
    if (!fields) selection.fields.set(type.name, fields = this.#collect(selection, type, includes))
    return fields
  }

  #selectsAtTimes(selection: Selection, type: GraphQLCompositeType, key: string): boolean {
    return this.#collect({ ...selection }, type, () => true).some(({ source }) => source === key)
  }

  #collect(selection: Selection, type: GraphQLCompositeType, includes: Includes): Field[] {
    const grouped = new Map<string, { name: string, sets: SelectionSetNode[] }>()
    const visited = new Set<FragmentDefinitionNode>()
    const collect = (set: SelectionSetNode): void => {
      for (const node of set.selections) {
        if (!includes(node)) continue
        if (node.kind === Kind.FIELD) {
          const key = (node.alias ?? node.name).value
          let entry = grouped.get(key)
          if (!entry) grouped.set(key, entry = { name: node.name.value, sets: [] })
          if (node.selectionSet) entry.sets.push(node.selectionSet)
        } else if (node.kind === Kind.INLINE_FRAGMENT) {
          if (this.#applies(node.typeCondition?.name.value, type)) collect(node.selectionSet)
          else if (isInterfaceType(type)) selection.narrows = true
        } else {
          const fragment = this.#operation.fragments.get(node.name.value)
          if (!fragment || visited.has(fragment)) continue
          visited.add(fragment)
          if (this.#applies(fragment.typeCondition.name.value, type)) collect(fragment.selectionSet)
          else if (isInterfaceType(type)) selection.narrows = true
        }
      }
    }
    for (const set of selection.sets) collect(set)
    return [...grouped].flatMap(([source, { name, sets: inner }]): Field[] => {
      const key = this.#operation.renamed.get(source) ?? source
      if (name === '__typename') return [{ key, source, name, slot: undefined }]
      // Introspection is answered completely before it comes here.
      if (name.startsWith('__')) return [{ key, source, name, slot: { nonNull: false } }]
      const fieldType = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name]?.type : undefined
      return fieldType ? [{ key, source, name, slot: slotOf(fieldType, inner) }] : []
    })
  }

  #applies(condition: string | undefined, type: GraphQLCompositeType): boolean {
    if (condition === undefined || condition === type.name) return true
    const wide = this.#schema.getType(condition)
    if (!isAbstractType(wide)) return false
    return (isObjectType(type) || isInterfaceType(type)) && this.#schema.isSubType(wide, type)
  }
}

const slotOf = (type: GraphQLOutputType, sets: readonly SelectionSetNode[]): Slot => {
  if (isNonNullType(type)) return { ...slotOf(type.ofType, sets), nonNull: true }
  if (isListType(type)) return { nonNull: false, item: slotOf(type.ofType, sets) }
  const named = getNamedType(type)
  if (isCompositeType(named)) return { nonNull: false, selection: { type: named, sets, fields: new Map(), narrows: false } }
  if (isEnumType(named)) return { nonNull: false, values: new Set(named.getValues().map(({ name }) => name)) }
  return { nonNull: false }
}

const innermost = (slot: Slot | undefined): Slot | undefined => slot?.item ? innermost(slot.item) : slot

/** The variables that decide `@skip` and `@include`. */
const conditionVariables = (operation: NormalisedOperation): string[] => {
  const names = new Set<string>()
  const collect = (set: SelectionSetNode): void => {
    for (const node of set.selections) {
      for (const directive of node.directives ?? []) {
        const value = directive.arguments?.find(({ name }) => name.value === 'if')?.value
        if (value?.kind === Kind.VARIABLE) names.add(value.name.value)
      }
      if (node.kind !== Kind.FRAGMENT_SPREAD && node.selectionSet) collect(node.selectionSet)
    }
  }
  collect(operation.operation.selectionSet)
  for (const fragment of operation.fragments.values()) collect(fragment.selectionSet)
  return [...names]
}

const isIncluded = (node: SelectionNode, variables: Record<string, unknown>): boolean => {
  for (const directive of node.directives ?? []) {
    const name = directive.name.value
    if (name !== 'skip' && name !== 'include') continue
    const value = directive.arguments?.find((argument) => argument.name.value === 'if')?.value
    const condition = value?.kind === Kind.VARIABLE ? variables[value.name.value] === true
      : value?.kind === Kind.BOOLEAN && value.value
    if (condition === (name === 'skip')) return false
  }
  return true
}
