import { Kind, valueFromASTUntyped, type ConstDirectiveNode, type ConstValueNode, type DocumentNode } from 'graphql'

/** A subgraph as it was composed. */
export interface Service {
  name: string
  typeDefs: DocumentNode
}

/** The names of subgraphs in `join__Graph`, by their own names. */
export const graphNames = (document: DocumentNode): Map<string, string> => {
  const graphs = new Map<string, string>()
  for (const node of document.definitions) {
    if (node.kind !== Kind.ENUM_TYPE_DEFINITION || node.name.value !== 'join__Graph') continue
    for (const value of node.values ?? []) {
      const graph = value.directives?.find(({ name }) => name.value === 'join__graph')
      graphs.set(String(graph && argument(graph, 'name')), value.name.value)
    }
  }
  return graphs
}

/** An argument of a directive as a plain value. */
export const argument = (directive: ConstDirectiveNode, name: string): unknown => {
  const value = directive.arguments?.find((one) => one.name.value === name)?.value
  return value && valueFromASTUntyped(value)
}

/** The directive with that argument in place of what it had. */
export const withArgument = (directive: ConstDirectiveNode, name: string, value: ConstValueNode): ConstDirectiveNode => ({
  ...directive,
  arguments: [
    ...directive.arguments?.filter((one) => one.name.value !== name) ?? [],
    { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: name }, value },
  ],
})

/** `@join__field(graph: …)`. https://specs.apollo.dev/join/v0.5 */
export const joinField = (graph: string): ConstDirectiveNode =>
  withArgument({ kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'join__field' } }, 'graph', { kind: Kind.ENUM, value: graph })

export const isJoinField = ({ name }: ConstDirectiveNode): boolean => name.value === 'join__field'
