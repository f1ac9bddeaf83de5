import {
  Kind, parse, valueFromASTUntyped, type ConstDirectiveNode, type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode, type ObjectTypeDefinitionNode, type TypeNode, type UnionTypeDefinitionNode,
} from 'graphql'
import { collect, wantedByFieldSet, type Wanted } from './wanted.ts'

/** A field's type as one subgraph has it. */
export interface FieldType {
  name: string
  isList: boolean
  /** Equal for types that one response key may have in a selection: only leaves are told apart by their names. */
  shape: string
}

/** A field as one subgraph has it. */
export interface GraphField {
  type: FieldType
  provides: readonly Wanted[]
  requires: FieldSet | undefined
  /** Whether the subgraph only mentions it: another one answers it. */
  external: boolean
}

export interface FieldSet {
  text: string
  wanted: readonly Wanted[]
  /** The same where it shares no object with what is selected beside: under response keys of its own. */
  isolated: readonly Wanted[]
}

/** A subgraph that answers a field of a type, under the name by which it knows the type. */
export interface Source {
  graph: string
  as: string
  requires: FieldSet | undefined
}

interface Type {
  isAbstract: boolean
  graphs: Map<string, { keys: FieldSet[], isInterfaceObject: boolean }>
  fields: Map<string, Map<string, GraphField>>
  /** The type of a field for clients. */
  types: Map<string, FieldType>
  /** Interfaces by subgraph, for objects and interfaces. */
  implements: Map<string, Set<string>>
  interfaces: Set<string>
  /** Members by subgraph, for unions. */
  members: Map<string, Set<string>>
}

/**
 * What a supergraph's join directives say: which subgraph has what.
 * https://specs.apollo.dev/join/v0.5
 */
export class Supergraph {
  /** The subgraphs' names by their names in the enum `join__Graph`. */
  readonly graphs = new Map<string, string>()
  readonly rootTypes = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' }
  readonly #types = new Map<string, Type>()
  readonly #fieldSets = new Map<string, FieldSet>()
  readonly #withArguments = new Set<string>()
  readonly #requiredKeys = new Map<string, string>()
  readonly #sources = new Map<string, readonly Source[]>()
  readonly #possible = new Map<string, readonly string[]>()

  /** @throws GraphQLError when the SDL does not parse. */
  constructor(sdl: string) {
    const { definitions } = parse(sdl, { noLocation: true })
    const composite: (ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode)[] = []
    for (const node of definitions) {
      if (node.kind === Kind.SCHEMA_DEFINITION) {
        for (const { operation, type } of node.operationTypes) this.rootTypes[operation] = type.name.value
      } else if (node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph') {
        for (const value of node.values ?? []) {
          const [graph] = applied(value.directives, 'join__graph')
          this.graphs.set(value.name.value, String(graph?.name ?? value.name.value))
        }
      } else if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION) {
        composite.push(node)
        for (const field of node.fields ?? []) if (field.arguments?.length) this.#withArguments.add(field.name.value)
      } else if (node.kind === Kind.UNION_TYPE_DEFINITION) {
        composite.push(node)
      }
    }
    const names = new Set(composite.map(({ name }) => name.value))
    for (const node of composite) this.#types.set(node.name.value, this.#type(node, names))
  }

  isAbstract(type: string): boolean {
    return this.#types.get(type)?.isAbstract === true
  }

  /** Whether a value that is known by the type's name in the subgraph may be of different types there. */
  isAbstractIn(graph: string, type: string): boolean {
    return this.isAbstract(type) && this.#types.get(type)?.graphs.get(graph)?.isInterfaceObject !== true
  }

  /** Whether every value of `type` satisfies the condition, in the eyes of clients. */
  readonly applies = (condition: string, type: string): boolean => condition === type
    || this.#types.get(type)?.interfaces.has(condition) === true
    || [...this.#types.get(condition)?.members.values() ?? []].some((members) => members.has(type))

  /** The object types that values of an abstract type may have in the subgraph. */
  possible(graph: string, abstract: string): readonly string[] {
    const id = `${graph} ${abstract}`
    let names = this.#possible.get(id)
    if (!names) {
      names = [...this.#types].filter(([name, { isAbstract, graphs, implements: own }]) => !isAbstract
        && graphs.has(graph)
        && (own.get(graph)?.has(abstract) || this.#types.get(abstract)?.members.get(graph)?.has(name)))
        .map(([name]) => name)
      this.#possible.set(id, names)
    }
    return names
  }

  /** What fields require. */
  * requirements(): Generator<[type: string, field: string, requirement: FieldSet]> {
    for (const [type, { fields }] of this.#types) {
      for (const [name, byGraph] of fields) {
        for (const { requires } of byGraph.values()) if (requires) yield [type, name, requires]
      }
    }
  }

  /** The keys of all types. */
  * keySets(): Generator<[type: string, key: FieldSet]> {
    for (const [type, { graphs }] of this.#types) {
      for (const { keys } of graphs.values()) for (const key of keys) yield [type, key]
    }
  }

  /** Whether a field of the subgraph that is part of no key, if it fails, takes with it the object that has it. */
  mayFail(graph: string, type: string, name: string): boolean {
    const types = this.isAbstractIn(graph, type) ? [type, ...this.possible(graph, type)] : [type]
    return types.some((one) => this.field(graph, one, name)?.type.shape.endsWith('!')
      && ![...this.#types.get(one)?.graphs.values() ?? []].some(({ keys }) =>
        keys.some(({ wanted }) => wanted.some((key) => key.kind === 'field' && key.name === name))))
  }

  /** Whether values of the type may stand where one of several types does. */
  isMember(type: string): boolean {
    return this.isAbstract(type) || this.#types.get(type)?.interfaces.size !== 0
      || [...this.#types.values()].some(({ members }) => [...members.values()].some((names) => names.has(type)))
  }

  /** Names of fields that object types have from interface objects alone. */
  addedByInterfaceObjects(): Set<string> {
    const names = new Set<string>()
    for (const [type, { isAbstract, fields }] of this.#types) {
      for (const name of isAbstract ? [] : fields.keys()) {
        const sources = this.sources(type, name)
        if (sources.length > 0 && sources.every(({ as }) => as !== type)) names.add(name)
      }
    }
    return names
  }

  /** Whether some object type belongs to the abstract one. */
  hasObjects(abstract: string): boolean {
    return [...this.#types].some(([name, { isAbstract }]) => !isAbstract && this.applies(abstract, name))
  }

  /** The field as the subgraph has it, be it only by mention. */
  field(graph: string, type: string, name: string): GraphField | undefined {
    return this.#types.get(type)?.fields.get(name)?.get(graph)
  }

  /** The type of a field for clients. */
  fieldType(type: string, name: string): FieldType | undefined {
    return this.#types.get(type)?.types.get(name)
  }

  /** By what the subgraph finds entities of the type. */
  keys(graph: string, type: string): readonly FieldSet[] {
    return this.#types.get(type)?.graphs.get(graph)?.keys ?? []
  }

  /** The subgraphs that have the type. */
  graphsOf(type: string): readonly string[] {
    return [...this.#types.get(type)?.graphs.keys() ?? []]
  }

  /** Who answers a field of an object type, or of an interface where only the interface is known. */
  sources(type: string, name: string): readonly Source[] {
    const id = `${type}.${name}`
    let sources = this.#sources.get(id)
    if (!sources) {
      const wide = [...this.#types.get(type)?.interfaces ?? []]
      sources = [type, ...wide].flatMap((as) => [...this.#types.get(as)?.fields.get(name) ?? []]
        .filter(([graph, { external }]) => !external && !this.isAbstractIn(graph, as))
        .map(([graph, { requires }]): Source => ({ graph, as, requires })))
      this.#sources.set(id, sources)
    }
    return sources
  }

  #type(
    node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode, composite: ReadonlySet<string>,
  ): Type {
    const type: Type = {
      isAbstract: node.kind !== Kind.OBJECT_TYPE_DEFINITION,
      graphs: new Map(), fields: new Map(), types: new Map(), implements: new Map(), members: new Map(),
      interfaces: new Set('interfaces' in node ? node.interfaces?.map(({ name }) => name.value) : []),
    }
    for (const { graph, key, resolvable, isInterfaceObject } of applied(node.directives, 'join__type')) {
      const name = String(graph)
      const known = type.graphs.get(name) ?? { keys: [], isInterfaceObject: isInterfaceObject === true }
      type.graphs.set(name, known)
      if (key !== undefined && resolvable !== false) known.keys.push(this.#fieldSet(String(key)))
    }
    for (const { graph, interface: name } of applied(node.directives, 'join__implements')) {
      addTo(type.implements, String(graph), String(name))
    }
    for (const { graph, member } of applied(node.directives, 'join__unionMember')) {
      addTo(type.members, String(graph), String(member))
    }
    for (const field of 'fields' in node ? node.fields ?? [] : []) {
      type.fields.set(field.name.value, this.#fieldByGraph(field, type, composite))
      type.types.set(field.name.value, fieldType(field.type, composite))
    }
    return type
  }

  #fieldByGraph(
    field: FieldDefinitionNode, { graphs }: Type, composite: ReadonlySet<string>,
  ): Map<string, GraphField> {
    const byGraph = new Map<string, GraphField>()
    const type = fieldType(field.type, composite)
    const joins = applied(field.directives, 'join__field')
    // Without a word on it, the field is where its type is.
    if (joins.length === 0) {
      for (const graph of graphs.keys()) {
        byGraph.set(graph, { type, provides: [], requires: undefined, external: false })
      }
    }
    for (const { graph, type: own, requires, provides, external, usedOverridden, override, overrideLabel } of joins) {
      if (graph === undefined) continue
      // Progressive overrides: no labels are active, so what would take the field over does not.
      const inactive = override !== undefined && overrideLabel !== undefined
      byGraph.set(String(graph), {
        type: own === undefined ? type : typeByText(String(own), composite),
        provides: provides === undefined ? [] : this.#fieldSet(String(provides)).wanted,
        requires: requires === undefined ? undefined : this.#fieldSet(String(requires)),
        external: external === true || usedOverridden === true || inactive,
      })
    }
    return byGraph
  }

  #fieldSet(text: string): FieldSet {
    let set = this.#fieldSets.get(text)
    if (!set) {
      const wanted = wantedByFieldSet(text, (name, args) => this.#requiredKey(name, args))
      const isolated = wantedByFieldSet(text, (name, args, below) =>
        below ? this.#ownKey(name + args + JSON.stringify(below)) : this.#requiredKey(name, args))
      this.#fieldSets.set(text, set = { text, wanted, isolated })
    }
    return set
  }

  /** Clients may ask for the same field with other arguments: where it has any, a requirement has a key of its own. */
  #requiredKey(name: string, args: string): string {
    return this.#withArguments.has(name) ? this.#ownKey(name + args) : name
  }

  #ownKey(id: string): string {
    let key = this.#requiredKeys.get(id)
    if (key === undefined) this.#requiredKeys.set(id, key = `_required_${this.#requiredKeys.size}`)
    return key
  }
}

/** What `@provides` promises of a field: what is below it, or nothing when the field is not among it. */
export const providedOf = (
  provided: readonly Wanted[], type: string, name: string, applies: Supergraph['applies'],
): readonly Wanted[] | undefined => {
  if (provided.length === 0) return undefined
  const field = collect(provided, type, applies).fields.find((one) => one.name === name)
  return field && (field.selections ?? [])
}

const addTo = (map: Map<string, Set<string>>, key: string, value: string): void => {
  const set = map.get(key) ?? new Set()
  set.add(value)
  map.set(key, set)
}

const applied = (directives: readonly ConstDirectiveNode[] | undefined, name: string): Record<string, unknown>[] =>
  directives?.filter((directive) => directive.name.value === name).map(({ arguments: args }) =>
    Object.fromEntries(args?.map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)]) ?? [])) ?? []

const fieldType = (node: TypeNode, composite: ReadonlySet<string>): FieldType => {
  switch (node.kind) {
    case Kind.NAMED_TYPE:
      return { name: node.name.value, isList: false, shape: composite.has(node.name.value) ? '*' : node.name.value }
    case Kind.LIST_TYPE: {
      const inner = fieldType(node.type, composite)
      return { ...inner, isList: true, shape: `[${inner.shape}]` }
    }
    default: {
      const inner = fieldType(node.type, composite)
      return { ...inner, shape: `${inner.shape}!` }
    }
  }
}

const typeByText = (text: string, composite: ReadonlySet<string>): FieldType => {
  const [definition] = parse(`type T { f: ${text} }`, { noLocation: true }).definitions
  const field = definition?.kind === Kind.OBJECT_TYPE_DEFINITION ? definition.fields?.[0] : undefined
  if (!field) throw new Error(`The supergraph has a type that cannot be read: "${text}".`)
  return fieldType(field.type, composite)
}
