import {
  Kind, parse, print, visit, type ConstDirectiveNode, type DocumentNode, type FieldDefinitionNode, type SelectionNode,
} from 'graphql'
import { federationNames } from './federation-spec.ts'
import { argument, graphNames, isJoinField, withArgument, type Service } from './supergraph-sdl.ts'

/**
 * Writes out what `@requires` asks of interfaces, type by type: `... on I { a }` as `... on A { a } ... on B { a }`. Composition (0.27)
 * finds no way to fulfil a fragment on an interface other than the field's own, and refuses what can be answered.
 */
export const withPlainRequires = <T extends Service>(services: readonly T[]): T[] => services.map((service) => {
  const types = new Types(service.typeDefs)
  return { ...service, typeDefs: requiring(service.typeDefs, (text, type) => types.plain(text, type)) }
})

/** Puts what the subgraphs say into the supergraph, where it was written out. */
export const withOwnRequires = (supergraphSdl: string, services: readonly Service[]): string => {
  const own = new Map<string, string>()
  for (const { name, typeDefs } of services) {
    const types = new Types(typeDefs)
    requiring(typeDefs, (text, type, field) => {
      if (types.plain(text, type) !== text) own.set(`${name} ${type}.${field}`, text)
      return text
    })
  }
  if (own.size === 0) return supergraphSdl
  const document = parse(supergraphSdl, { noLocation: true })
  const graphs = new Map([...graphNames(document)].map(([name, graph]) => [graph, name]))
  return print(fieldsMapped(document, (field, type) => ({
    ...field,
    directives: field.directives?.map((directive) => {
      const text = own.get(`${graphs.get(String(argument(directive, 'graph')))} ${type}.${field.name.value}`)
      return isJoinField(directive) && text !== undefined && argument(directive, 'requires') !== undefined
        ? withArgument(directive, 'requires', { kind: Kind.STRING, value: text.replace(/\s+/g, ' ').trim() }) : directive
    }),
  })))
}

/** With other texts of `@requires`. */
const requiring = (document: DocumentNode, change: (text: string, type: string, field: string) => string): DocumentNode => {
  const name = federationNames(document).directive('requires')
  return fieldsMapped(document, (field, type) => ({
    ...field,
    directives: field.directives?.map((directive: ConstDirectiveNode) => {
      const text = directive.name.value === name ? argument(directive, 'fields') : undefined
      if (typeof text !== 'string') return directive
      const changed = change(text, type, field.name.value)
      return changed === text ? directive : withArgument(directive, 'fields', { kind: Kind.STRING, value: changed })
    }),
  }))
}

const fieldsMapped = (document: DocumentNode, map: (field: FieldDefinitionNode, type: string) => FieldDefinitionNode): DocumentNode => {
  const mapped = <N extends { name: { value: string }, fields?: readonly FieldDefinitionNode[] | undefined }>(node: N): N =>
    ({ ...node, fields: node.fields?.map((field) => map(field, node.name.value)) })
  return visit(document, { ObjectTypeDefinition: mapped, ObjectTypeExtension: mapped, InterfaceTypeDefinition: mapped, InterfaceTypeExtension: mapped })
}

/** The types of one subgraph, as far as fragments go by them. */
class Types {
  /** By the names of types, those of their fields' types. */
  readonly #fields = new Map<string, Map<string, string>>()
  /** The object types of interfaces and unions. */
  readonly #objects = new Map<string, Set<string>>()

  constructor({ definitions }: DocumentNode) {
    for (const node of definitions) {
      if (node.kind === Kind.UNION_TYPE_DEFINITION || node.kind === Kind.UNION_TYPE_EXTENSION)
        for (const { name } of node.types ?? []) this.#add(node.name.value, name.value)
      const isObject = node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION
      if (!isObject && node.kind !== Kind.INTERFACE_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_EXTENSION) continue
      const fields = this.#fields.get(node.name.value) ?? new Map<string, string>()
      this.#fields.set(node.name.value, fields)
      for (const { name, type } of node.fields ?? []) fields.set(name.value, print(type).replace(/[[\]!]/g, ''))
      if (isObject) for (const { name } of node.interfaces ?? []) this.#add(name.value, node.name.value)
    }
  }

  #add(abstract: string, object: string): void {
    this.#objects.set(abstract, (this.#objects.get(abstract) ?? new Set()).add(object))
  }

  /** The field set with fragments on object types alone, as it is where it has no others, or does not parse. */
  plain(text: string, type: string): string {
    try {
      const [operation] = parse(`{${text}}`, { noLocation: true }).definitions
      if (operation?.kind !== Kind.OPERATION_DEFINITION) return text
      const { selections } = operation.selectionSet
      return this.#needsNone(selections, type) ? text : print({ kind: Kind.SELECTION_SET, selections: this.#plain(selections, type) }).slice(1, -1).replace(/\s+/g, ' ').trim()
    } catch {
      // Composition says what is wrong with it.
      return text
    }
  }

  #needsNone(selections: readonly SelectionNode[], type: string): boolean {
    return selections.every((node) => {
      if (node.kind === Kind.FIELD) return !node.selectionSet || this.#needsNone(node.selectionSet.selections, this.#typeOf(type, node.name.value))
      if (node.kind !== Kind.INLINE_FRAGMENT) return true
      const on = node.typeCondition?.name.value ?? type
      return (on === type || !this.#objects.has(on)) && this.#needsNone(node.selectionSet.selections, on)
    })
  }

  #plain(selections: readonly SelectionNode[], type: string): SelectionNode[] {
    return selections.flatMap((node): SelectionNode[] => {
      if (node.kind === Kind.FIELD) {
        if (!node.selectionSet) return [node]
        return [{ ...node, selectionSet: { ...node.selectionSet, selections: this.#plain(node.selectionSet.selections, this.#typeOf(type, node.name.value)) } }]
      }
      if (node.kind !== Kind.INLINE_FRAGMENT) return [node]
      const on = node.typeCondition?.name.value ?? type
      const within = this.#objectsOf(on)
      // Of an object, a fragment holds all or nothing.
      if (on === type || (!this.#objects.has(type) && within.includes(type))) return this.#plain(node.selectionSet.selections, type)
      return this.#objectsOf(type).filter((object) => within.includes(object)).map((object) => ({
        ...node,
        typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: object } },
        selectionSet: { ...node.selectionSet, selections: this.#plain(node.selectionSet.selections, object) },
      }))
    })
  }

  #objectsOf(type: string): string[] {
    return [...this.#objects.get(type) ?? [type]]
  }

  #typeOf(type: string, field: string): string {
    return this.#fields.get(type)?.get(field) ?? ''
  }
}
