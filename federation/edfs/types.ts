import {
  Kind, type DocumentNode, type FieldDefinitionNode, type InputValueDefinitionNode, type TypeNode,
} from 'graphql'
import { named } from './names.ts'

/** What the types of an event-driven graph's SDL are. */
export interface GraphTypes {
  roots: { query: string, mutation: string, subscription: string }
  isList(type: TypeNode): boolean
  /** Whether values of the type have fields. */
  isComposite(type: TypeNode): boolean
  isInput(type: TypeNode): boolean
  /** The type of an argument, or of a field inside it; undefined where there is none. */
  argument(field: FieldDefinitionNode, path: readonly string[]): TypeNode | undefined
  /** The type of a field, for each object type that the named type may be; nothing for one without such a field. */
  fields(type: string, field: string): (readonly [owner: string, type: TypeNode | undefined])[]
}

/** Reads the types of an SDL, extensions included. */
export const typesOf = (document: DocumentNode): GraphTypes => {
  const objects = new Map<string, Map<string, FieldDefinitionNode>>()
  const inputs = new Map<string, Map<string, InputValueDefinitionNode>>()
  const members = new Map<string, Set<string>>()
  const roots = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }
  const at = <Value>(map: Map<string, Value>, key: string, empty: () => Value): Value => {
    const value = map.get(key) ?? empty()
    map.set(key, value)
    return value
  }
  for (const node of document.definitions) {
    switch (node.kind) {
      case Kind.SCHEMA_DEFINITION:
      case Kind.SCHEMA_EXTENSION:
        for (const { operation, type } of node.operationTypes ?? []) roots[operation] = type.name.value
        break
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.OBJECT_TYPE_EXTENSION:
      case Kind.INTERFACE_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_EXTENSION: {
        const fields = at(objects, node.name.value, () => new Map<string, FieldDefinitionNode>())
        for (const field of node.fields ?? []) fields.set(field.name.value, field)
        if (node.kind.startsWith('Interface')) break
        for (const { name } of node.interfaces ?? []) at(members, name.value, () => new Set()).add(node.name.value)
        break
      }
      case Kind.UNION_TYPE_DEFINITION:
      case Kind.UNION_TYPE_EXTENSION:
        for (const { name } of node.types ?? []) at(members, node.name.value, () => new Set()).add(name.value)
        break
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      case Kind.INPUT_OBJECT_TYPE_EXTENSION: {
        const fields = at(inputs, node.name.value, () => new Map<string, InputValueDefinitionNode>())
        for (const field of node.fields ?? []) fields.set(field.name.value, field)
      }
    }
  }
  const isList = (type: TypeNode): boolean =>
    type.kind === Kind.LIST_TYPE || type.kind === Kind.NON_NULL_TYPE && isList(type.type)
  return {
    roots,
    isList,
    isComposite: (type) => objects.has(named(type)) || members.has(named(type)),
    isInput: (type) => inputs.has(named(type)),
    argument: (field, [first, ...rest]) => {
      let type: TypeNode | undefined = field.arguments?.find(({ name }) => name.value === first)?.type
      for (const key of rest) type = type && !isList(type) ? inputs.get(named(type))?.get(key)?.type : undefined
      return type
    },
    fields: (type, field) => [...members.get(type) ?? [type]].map((owner) =>
      [owner, objects.get(owner)?.get(field)?.type] as const),
  }
}

/**
 * Why a path from a type does not lead to a scalar or enum, whatever object type a value has; undefined where it does.
 */
export const leafProblem = (types: GraphTypes, type: string, path: readonly string[]): string | undefined => {
  const [first, ...rest] = path
  if (first === '__typename') return rest.length > 0 ? '"__typename" has no fields' : undefined
  for (const [owner, found] of types.fields(type, first ?? '')) {
    if (!found) return `"${owner}" has no field "${first}" in this subgraph`
    if (rest.length === 0) {
      if (types.isComposite(found)) return `"${owner}.${first}" is an object; expected the path of a scalar or an enum`
      continue
    }
    if (!types.isComposite(found)) return `"${owner}.${first}" has no fields`
    const problem = leafProblem(types, named(found), rest)
    if (problem !== undefined) return problem
  }
  return undefined
}
