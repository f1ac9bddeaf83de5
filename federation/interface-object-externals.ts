import {
  Kind, parse, print, visit, type ConstDirectiveNode, type FieldDefinitionNode, type InterfaceTypeDefinitionNode,
} from 'graphql'
import { federationNames } from './federation-spec.ts'
import { argument, graphNames, isJoinField, joinField, withArgument, type Service } from './supergraph-sdl.ts'

/**
 * Adds to a supergraph that fields are external where an interface object marks them so. Composition (0.27) forgets it,
 * and the interface object's subgraph would be asked for a field that it only requires.
 */
export const withExternals = (supergraphSdl: string, services: readonly Service[]): string => {
  const external = services.flatMap((service) => externalFields(service))
  if (external.length === 0) return supergraphSdl
  const document = parse(supergraphSdl, { noLocation: true })
  const graphs = graphNames(document)
  return print(visit(document, {
    InterfaceTypeDefinition: (node) => ({
      ...node,
      fields: node.fields?.map((field) => {
        const own = external.filter(({ type, name }) => type === node.name.value && name === field.name.value)
        return own.length > 0 ? joined(field, node, own.map(({ service }) => service), services, graphs) : field
      }),
    }),
  }))
}

const joined = (
  field: FieldDefinitionNode, { name: type }: InterfaceTypeDefinitionNode, externalIn: readonly string[],
  services: readonly Service[], graphs: ReadonlyMap<string, string>,
): FieldDefinitionNode => {
  const joins = (field.directives ?? []).filter(isJoinField)
  const known = new Set(joins.map((directive) => argument(directive, 'graph')))
  const missing = services.filter((service) => hasField(service, type.value, field.name.value)
    && !known.has(graphs.get(service.name)))
  return {
    ...field,
    directives: [
      ...field.directives ?? [],
      ...missing.map(({ name }) => {
        const join = joinField(graphs.get(name) ?? name)
        return externalIn.includes(name) ? withArgument(join, 'external', { kind: Kind.BOOLEAN, value: true }) : join
      }),
    ],
  }
}

const externalFields = ({ name: service, typeDefs }: Service): { service: string, type: string, name: string }[] => {
  const names = federationNames(typeDefs)
  const has = (node: { directives?: readonly ConstDirectiveNode[] }, directive: string): boolean =>
    node.directives?.some(({ name }) => name.value === names.directive(directive)) === true
  const keys = (node: { directives?: readonly ConstDirectiveNode[] }): string[] => node.directives?.flatMap((directive) =>
    directive.name.value === names.directive('key') ? String(argument(directive, 'fields')).split(/\W+/) : []) ?? []
  return typeDefs.definitions.flatMap((node) =>
    (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION) && has(node, 'interfaceObject')
      // The subgraph has its keys, whatever it says of them.
      ? (node.fields ?? []).filter((field) => has(field, 'external') && !keys(node).includes(field.name.value))
        .map((field) => ({ service, type: node.name.value, name: field.name.value }))
      : [])
}

const hasField = ({ typeDefs }: Service, type: string, name: string): boolean => typeDefs.definitions.some((node) =>
  'fields' in node && 'name' in node && node.name?.value === type
    && node.fields?.some((field) => field.name.value === name) === true)
