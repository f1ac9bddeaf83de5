import { Kind, type DocumentNode, type FieldNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'
import type { Call, EntityGroup, Path, RootFetch } from './compile.ts'
import { fieldOf, type Shape } from './shape.ts'

/**
 * Where the tree may have the answer to a group before it is asked for: objects that the same subgraph gave for root fields, with every
 * field that the group asks by and for, as it is called and without arguments. What a subgraph says of an entity at one place of a query,
 * it says at another. Only objects that told their type count. Empty where the group asks for more than plain fields of one type.
 */
export const sourcesOf = (call: Call, group: EntityGroup, roots: readonly RootFetch[]): Path[] => {
  const needed = plainlyNeeded(call, group)
  return needed === undefined ? [] : roots.flatMap(({ call: { service, document }, shape }) => {
    const set = operationOf(document)?.selectionSet
    return service === call.service && set ? placesWith(needed, set, shape, []) : []
  })
}

const plainlyNeeded = (call: Call, { responseKey, requires, shape }: EntityGroup): ReadonlySet<string> | undefined => {
  const asked = operationOf(call.document)?.selectionSet.selections.find((node): node is FieldNode =>
    node.kind === Kind.FIELD && (node.alias ?? node.name).value === responseKey)?.selectionSet?.selections ?? []
  const [fragment, key] = [asked[0], requires[0]]
  if (asked.length !== 1 || requires.length !== 1 || fragment?.kind !== Kind.INLINE_FRAGMENT || key?.kind !== 'InlineFragment') return undefined
  if (fragment.directives?.length || fragment.typeCondition?.name.value !== key.typeCondition) return undefined
  const fields = plainFields(fragment.selectionSet, shape)
  if (fields.size < fragment.selectionSet.selections.length) return undefined
  for (const field of key.selections) {
    if (field.kind !== 'Field' || field.selections?.length || field.alias) return undefined
    fields.add(field.name)
  }
  return fields.add('__typename')
}

const placesWith = (needed: ReadonlySet<string>, set: SelectionSetNode, shape: Shape, path: Path): Path[] =>
  set.selections.flatMap((node) => {
    const field = node.kind === Kind.FIELD && node.selectionSet ? fieldOf(shape, (node.alias ?? node.name).value) : undefined
    // Arguments on the way may have had a say in what is below.
    if (node.kind !== Kind.FIELD || !node.selectionSet || !field?.child || node.arguments?.length) return []
    const here: Path = [...path, { field: field.into }]
    const below = placesWith(needed, node.selectionSet, field.child, here)
    return needed.isSubsetOf(plainFields(node.selectionSet, field.child)) ? [here, ...below] : below
  })

/** Names of the leaves that are asked for, whatever the object's type, under no other name and with neither arguments nor directives. */
const plainFields = ({ selections }: SelectionSetNode, shape: Shape): Set<string> => new Set(selections.flatMap((node) => {
  if (node.kind !== Kind.FIELD || node.alias || node.selectionSet || node.arguments?.length || node.directives?.length) return []
  const { value: name } = node.name
  return fieldOf(shape, name)?.into === name ? [name] : []
}))

const operationOf = (document: DocumentNode): OperationDefinitionNode | undefined =>
  document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
