import {
  Kind, getNamedType, isAbstractType, isCompositeType, isEnumType, isInterfaceType, isListType, isNonNullType, isObjectType,
  type FragmentDefinitionNode, type GraphQLAbstractType, type GraphQLCompositeType, type GraphQLInterfaceType,
  type GraphQLObjectType, type GraphQLOutputType, type GraphQLScalarType, type GraphQLSchema, type SelectionNode, type SelectionSetNode,
} from 'graphql'
import type { Obj } from './merge.ts'
import type { NormalisedOperation } from './normalise.ts'
import { builtInScalar } from './scalars.ts'
import type { SupergraphTypes } from './schema.ts'

/** A type as a value is completed by it: wrappers unrolled once instead of per value. */
export interface Slot {
  nonNull: boolean
  item?: Slot
  selection?: Selection
  /** The names that clients may see, for enums. */
  values?: ReadonlySet<string>
  /** Of GraphQL's own scalars. */
  scalar?: GraphQLScalarType
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

/** What an operation selects of the response tree, given which nodes `@skip` and `@include` leave in. */
export class Selections {
  readonly root: Selection
  readonly #schema: GraphQLSchema
  readonly #types: SupergraphTypes
  readonly #operation: NormalisedOperation
  readonly #includes: Includes

  constructor(
    schema: GraphQLSchema, types: SupergraphTypes, operation: NormalisedOperation, rootType: GraphQLObjectType, includes: Includes,
  ) {
    this.root = { type: rootType, sets: [operation.operation.selectionSet], fields: new Map(), narrows: false }
    this.#schema = schema
    this.#types = types
    this.#operation = operation
    this.#includes = includes
  }

  /** In the order in which they are selected. */
  fieldsOf(selection: Selection, type: GraphQLCompositeType): readonly Field[] {
    let fields = selection.fields.get(type.name)
    if (!fields) selection.fields.set(type.name, fields = this.#collect(selection, type, this.#includes))
    return fields
  }

  /** Whether some variables select this key of the tree. */
  selectsAtTimes(selection: Selection, type: GraphQLCompositeType, key: string): boolean {
    return this.#collect({ ...selection }, type, () => true).some(({ source }) => source === key)
  }

  /** Of those that clients may see. */
  typesOf(type: GraphQLAbstractType): readonly GraphQLObjectType[] {
    return this.#schema.getPossibleTypes(type)
  }

  /**
   * The type by which an object is projected. An interface stands for itself where only its name is known: a
   * subgraph that sees it as an interface object knows no other, and a selection of shared fields need not ask.
   * Nothing for types that clients may not see.
   */
  runtimeType(selection: Selection, value: Obj): GraphQLObjectType | GraphQLInterfaceType | undefined {
    const { type } = selection
    if (isObjectType(type)) return type
    const name = value.__typename
    if (typeof name === 'string' && this.#types.isObject(name)) {
      const named = this.#schema.getType(name)
      return isObjectType(named) && this.#schema.isSubType(type, named) ? named : undefined
    }
    return isInterfaceType(type) ? type : undefined
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
  return { nonNull: false, scalar: builtInScalar(named) }
}
