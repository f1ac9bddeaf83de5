import {
  Kind, parse, print, visit, type DocumentNode, type FieldDefinitionNode, type TypeNode,
} from 'graphql'
import { graphNames, isJoinField, joinField, withArgument, argument, type Service } from './supergraph-sdl.ts'

/**
 * Gives fields whose types differ between subgraphs the one that holds all of them: the union or interface where another subgraph
 * has one of its members. Composition (0.27) takes the member, and clients could not ask for what other subgraphs may answer.
 * Rules: https://www.apollographql.com/docs/federation/federated-schemas/composition, "Differing shared field types".
 */
export const withCommonTypes = (supergraphSdl: string, services: readonly Service[]): string => {
  const types = fieldTypes(services)
  const differing = new Map([...types].filter(([, own]) => new Set(own.map(({ type }) => nameOf(type))).size > 1))
  if (differing.size === 0) return supergraphSdl
  const document = parse(supergraphSdl, { noLocation: true })
  const members = membersOf(document)
  const graphs = graphNames(document)
  const mended = (field: FieldDefinitionNode, type: string): FieldDefinitionNode => {
    const own = differing.get(`${type}.${field.name.value}`)
    const names = [...new Set(own?.map((one) => nameOf(one.type)))]
    const common = names.find((name) => names.every((other) => other === name || members.get(name)?.has(other)))
    if (!own || common === undefined || common === nameOf(field.type)) return field
    const directives = field.directives ?? []
    const joins = directives.some(isJoinField) ? directives : [...directives, ...own.map(({ service }) => joinField(graphs.get(service) ?? service))]
    return {
      ...field,
      type: renamed(field.type, common),
      directives: joins.map((directive) => {
        const one = isJoinField(directive) && own.find(({ service }) => graphs.get(service) === argument(directive, 'graph'))
        return one ? withArgument(directive, 'type', { kind: Kind.STRING, value: print(one.type) }) : directive
      }),
    }
  }
  return print(visit(document, {
    InterfaceTypeDefinition: (node) => ({ ...node, fields: node.fields?.map((field) => mended(field, node.name.value)) }),
    ObjectTypeDefinition: (node) => ({ ...node, fields: node.fields?.map((field) => mended(field, node.name.value)) }),
  }))
}

/** What each subgraph says of the types of fields, by their coordinates. */
const fieldTypes = (services: readonly Service[]): Map<string, { service: string, type: TypeNode }[]> => {
  const types = new Map<string, { service: string, type: TypeNode }[]>()
  for (const { name: service, typeDefs } of services)
    for (const node of typeDefs.definitions) {
      if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.OBJECT_TYPE_EXTENSION
        && node.kind !== Kind.INTERFACE_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_EXTENSION) continue
      for (const { name, type } of node.fields ?? []) {
        const coordinate = `${node.name.value}.${name.value}`
        types.set(coordinate, [...types.get(coordinate) ?? [], { service, type }])
      }
    }
  return types
}

/** The types whose values an abstract type may have, by its name; interfaces of interfaces too. */
const membersOf = (document: DocumentNode): Map<string, Set<string>> => {
  const members = new Map<string, Set<string>>()
  const add = (abstract: string, member: string): void => void members.set(abstract, (members.get(abstract) ?? new Set()).add(member))
  for (const node of document.definitions) {
    if (node.kind === Kind.UNION_TYPE_DEFINITION) for (const { name } of node.types ?? []) add(node.name.value, name.value)
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION)
      for (const { name } of node.interfaces ?? []) add(name.value, node.name.value)
  }
  return members
}

const nameOf = (type: TypeNode): string => type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type)

const renamed = <T extends TypeNode>(type: T, name: string): T =>
  (type.kind === Kind.NAMED_TYPE ? { ...type, name: { ...type.name, value: name } } : { ...type, type: renamed(type.type, name) }) as T
