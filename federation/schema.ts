import {
  buildASTSchema, getNamedType, isCompositeType, Kind, parse, TypeInfo, visit, visitWithTypeInfo, type ASTNode,
  type ConstDirectiveNode, type ConstValueNode, type DocumentNode, type FieldNode, type GraphQLSchema,
} from 'graphql'

/** What execution must know of the whole supergraph, inaccessible parts included. */
export interface SupergraphTypes {
  isObject(name: string): boolean
  /**
   * Whether a value of type `name` (an interface's own name, too, as interface objects answer it) satisfies the
   * condition.
   */
  matches(condition: string, name: string): boolean
  /** Names of all fields of object and interface types. */
  fieldNames: ReadonlySet<string>
  /** Fields that some `@requires` asks for with arguments. */
  requiredWithArguments: ReadonlySet<string>
  /** The fields at the top of each key by which a subgraph resolves entities of a type; nothing where it has none. */
  keysOf(service: string, type: string): readonly (readonly string[])[] | undefined
  /** The first field in the operation that gives an object and selects nothing of it. */
  unselected(document: DocumentNode): string | undefined
}

/** Reads type relations and field names from a supergraph's SDL. */
export const supergraphTypes = (supergraph: DocumentNode): SupergraphTypes => {
  const schema = buildASTSchema(supergraph, { assumeValid: true, assumeValidSDL: true })
  const objects = new Set<string>()
  const narrower = new Map<string, Set<string>>()
  const fieldNames = new Set<string>()
  const requiredWithArguments = new Set<string>()
  const services = new Map<string, string>()
  const keys = new Map<string, string[][]>()
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
        for (const directive of node.directives ?? []) collectKey(directive, node.name.value, keys)
        for (const field of node.fields ?? []) {
          fieldNames.add(field.name.value)
          for (const directive of field.directives ?? []) collectRequired(directive, requiredWithArguments)
        }
        break
      case Kind.ENUM_TYPE_DEFINITION:
        for (const { name, directives } of node.values ?? []) {
          const service = directives?.find((directive) => directive.name.value === 'join__graph')
          const named = service && valueOf(service, 'name')
          if (named?.kind === Kind.STRING) services.set(named.value, name.value)
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
    keysOf: (service, type) => keys.get(keyed(services.get(service) ?? '', type)),
    unselected: (document) => firstUnselected(document, schema),
  }
}

const firstUnselected = (document: DocumentNode, schema: GraphQLSchema): string | undefined => {
  const info = new TypeInfo(schema)
  let found: string | undefined
  visit(document, visitWithTypeInfo(info, {
    Field: (node) => {
      if (!node.selectionSet && isCompositeType(getNamedType(info.getType()))) found ??= node.name.value
    },
  }))
  return found
}

const keyed = (graph: string, type: string): string => `${graph} ${type}`

const valueOf = ({ arguments: given }: ConstDirectiveNode, argument: string): ConstValueNode | undefined =>
  given?.find(({ name }) => name.value === argument)?.value

const collectKey = (directive: ConstDirectiveNode, type: string, into: Map<string, string[][]>): void => {
  if (directive.name.value !== 'join__type') return
  const [graph, key, resolvable] = ['graph', 'key', 'resolvable'].map((argument) => valueOf(directive, argument))
  if (graph?.kind !== Kind.ENUM || key?.kind !== Kind.STRING) return
  if (resolvable?.kind === Kind.BOOLEAN && !resolvable.value) return
  const [selection] = parse(`{${key.value}}`, { noLocation: true }).definitions
  if (selection?.kind !== Kind.OPERATION_DEFINITION) return
  const fields = selection.selectionSet.selections.flatMap((node) => node.kind === Kind.FIELD ? node.name.value : [])
  const name = keyed(graph.value, type)
  into.set(name, [...into.get(name) ?? [], fields])
}

const collectRequired = (directive: ConstDirectiveNode, into: Set<string>): void => {
  const requires = valueOf(directive, 'requires')
  if (directive.name.value !== 'join__field' || requires?.kind !== Kind.STRING || !requires.value.includes('(')) return
  const selection: ASTNode = parse(`{${requires.value}}`, { noLocation: true })
  visit(selection, {
    Field: (field: FieldNode) => {
      if (field.arguments?.length) into.add(field.name.value)
    },
  })
}
