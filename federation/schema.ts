import {
  parse, Kind, visit, type ASTNode, type ConstDirectiveNode, type DocumentNode, type FieldNode,
} from 'graphql'

/** What execution must know of the whole supergraph, inaccessible parts included. */
export interface SupergraphTypes {
  isObject(name: string): boolean
  /** Whether a value of type `name` (an interface's own name, too, as interface objects answer it) satisfies the condition. */
  matches(condition: string, name: string): boolean
  /** Names of all fields of object and interface types. */
  fieldNames: ReadonlySet<string>
  /** Fields that some `@requires` asks for with arguments. */
  requiredWithArguments: ReadonlySet<string>
}

/** Reads type relations and field names from a supergraph's SDL. */
export const supergraphTypes = (supergraph: DocumentNode): SupergraphTypes => {
  const objects = new Set<string>()
  const narrower = new Map<string, Set<string>>()
  const fieldNames = new Set<string>()
  const requiredWithArguments = new Set<string>()
  const add = (wide: string, narrow: string) => {
    const set = narrower.get(wide) ?? new Set<string>()
    set.add(narrow)
    narrower.set(wide, set)
  }
  for (const node of supergraph.definitions) {
    switch (node.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.OBJECT_TYPE_EXTENSION:
      case Kind.INTERFACE_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_EXTENSION:
        if (!node.kind.startsWith('Interface')) objects.add(node.name.value)
        for (const wide of node.interfaces ?? []) add(wide.name.value, node.name.value)
        for (const field of node.fields ?? []) {
          fieldNames.add(field.name.value)
          for (const directive of field.directives ?? []) collectRequired(directive, requiredWithArguments)
        }
        break
      case Kind.UNION_TYPE_DEFINITION:
      case Kind.UNION_TYPE_EXTENSION:
        for (const member of node.types ?? []) add(node.name.value, member.name.value)
        break
    }
  }
  return {
    isObject: (name) => objects.has(name),
    matches: (condition, name) => condition === name || narrower.get(condition)?.has(name) === true,
    fieldNames,
    requiredWithArguments,
  }
}

const collectRequired = (directive: ConstDirectiveNode, into: Set<string>): void => {
  const requires = directive.arguments?.find(({ name }) => name.value === 'requires')?.value
  if (directive.name.value !== 'join__field' || requires?.kind !== Kind.STRING || !requires.value.includes('(')) return
  const selection: ASTNode = parse(`{${requires.value}}`, { noLocation: true })
  visit(selection, {
    Field: (field: FieldNode) => {
      if (field.arguments?.length) into.add(field.name.value)
    },
  })
}
