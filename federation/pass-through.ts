import {
  getNullableType, isEnumType, isListType, isNonNullType, isObjectType, isScalarType, Kind, type FieldNode,
  type FragmentDefinitionNode, type GraphQLObjectType, type GraphQLOutputType, type GraphQLSchema, type SelectionSetNode,
} from 'graphql'
import type { RootFetch } from './compile.ts'
import type { Prepared } from './prepare.ts'

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/**
 * Whether a subgraph's answer without errors is the client's answer as it stands: the call selects what the client
 * does in the same order, and the subgraph's schema allows nothing that clients may not get. Decided by what is known
 * when the operation is planned; whatever is not plain (abstract types, conditions, a key selected twice) is not.
 * @param own The schema to which the subgraph's answers are sure to conform.
 * @param seen What clients see.
 */
export const isWholeAnswer = (
  { call, aliases }: RootFetch, { operation: { normalised } }: Prepared, own: GraphQLSchema, seen: GraphQLSchema,
): boolean => {
  if (aliases.size > 0 || normalised.renamed.size > 0 || normalised.introspection) return false
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of call.document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  const asked = call.document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
  const kind = normalised.operation.operation
  const from = own.getRootType(kind)
  const to = seen.getRootType(kind)
  if (!asked || !from || !to) return false
  return isSame(asked.selectionSet, fragments, from, normalised.operation.selectionSet, normalised.fragments, to, true)
}

const isSame = (
  asked: SelectionSetNode, askedFragments: Fragments, from: GraphQLObjectType, wanted: SelectionSetNode,
  wantedFragments: Fragments, to: GraphQLObjectType, atRoot = false,
): boolean => {
  const theirs = plainFields(asked, askedFragments, from.name)
  const ours = plainFields(wanted, wantedFragments, to.name)
  if (!theirs || theirs.size !== ours?.size) return false
  const keys = [...theirs.keys()]
  return [...ours].every(([key, field], index) => {
    const other = theirs.get(key)
    const name = field.name.value
    if (keys[index] !== key || other?.name.value !== name) return false
    // A root type may have a name of its own in the subgraph.
    if (name === '__typename') return !atRoot && from.name === to.name
    const given = from.getFields()[name]?.type
    const seen = to.getFields()[name]?.type
    if (!given || !seen) return false
    const objects = fitting(given, seen)
    if (typeof objects === 'boolean') return objects && !field.selectionSet && !other.selectionSet
    return field.selectionSet !== undefined && other.selectionSet !== undefined
      && isSame(other.selectionSet, askedFragments, objects[0], field.selectionSet, wantedFragments, objects[1])
  })
}

/** The fields by response key; nothing when the selection is not plain. */
const plainFields = (set: SelectionSetNode, fragments: Fragments, typeName: string): Map<string, FieldNode> | undefined => {
  const fields = new Map<string, FieldNode>()
  const collect = (selections: SelectionSetNode['selections']): boolean => selections.every((node) => {
    if (node.directives?.length) return false
    if (node.kind === Kind.FIELD) {
      const key = (node.alias ?? node.name).value
      if (fields.has(key)) return false
      fields.set(key, node)
      return true
    }
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value)
    const condition = fragment?.typeCondition?.name.value
    return fragment !== undefined && (condition ?? typeName) === typeName && collect(fragment.selectionSet.selections)
  })
  return collect(set.selections) ? fields : undefined
}

/** Whether each value of the one type is one of the other; for objects the types whose selections decide. */
const fitting = (
  given: GraphQLOutputType, seen: GraphQLOutputType,
): boolean | [GraphQLObjectType, GraphQLObjectType] => {
  if (isNonNullType(seen) && !isNonNullType(given)) return false
  const one: GraphQLOutputType = getNullableType(given)
  const other: GraphQLOutputType = getNullableType(seen)
  if (isListType(one) || isListType(other)) {
    return isListType(one) && isListType(other) && fitting(one.ofType, other.ofType)
  }
  if (isObjectType(one) && isObjectType(other)) return one.name === other.name && [one, other]
  if (isEnumType(one) && isEnumType(other)) return one.getValues().every(({ name }) => other.getValue(name))
  return isScalarType(one) && isScalarType(other) && one.name === other.name
}
