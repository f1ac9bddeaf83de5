import {
  Kind, parse, type ConstDirectiveNode, type ConstValueNode, type DefinitionNode, type DocumentNode,
} from 'graphql'

/**
 * Definitions of the federation specification's directives, by their bare names; `FieldSet` and the other scalars
 * stand for the specification's own.
 * https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives
 */
const directives: Record<string, string> = {
  key: '(fields: FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE',
  requires: '(fields: FieldSet!) on FIELD_DEFINITION',
  provides: '(fields: FieldSet!) on FIELD_DEFINITION',
  external: '(reason: String) on OBJECT | FIELD_DEFINITION',
  extends: 'on OBJECT | INTERFACE',
  shareable: 'repeatable on OBJECT | FIELD_DEFINITION',
  inaccessible: 'on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE '
    + '| INPUT_OBJECT | INPUT_FIELD_DEFINITION',
  tag: '(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR '
    + '| ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION | SCHEMA',
  override: '(from: String!, label: String) on FIELD_DEFINITION',
  composeDirective: '(name: String!) repeatable on SCHEMA',
  interfaceObject: 'on OBJECT',
  authenticated: 'on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM',
  requiresScopes: '(scopes: [[Scope!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM',
  policy: '(policies: [[Policy!]!]!) on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM',
  context: '(name: String!) repeatable on INTERFACE | OBJECT | UNION',
  fromContext: '(field: ContextFieldValue) on ARGUMENT_DEFINITION',
  cost: '(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR',
  listSize: '(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], '
    + 'requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION',
}

const scalars = ['FieldSet', 'Scope', 'Policy', 'ContextFieldValue']
const scalarNames = new RegExp(`\\b(${scalars.join('|')})\\b`, 'g')

const linkDefinitions = `
  scalar link__Import
  enum link__Purpose { SECURITY EXECUTION }
  directive @link(url: String!, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
`

/** How a subgraph's SDL calls the parts of the federation specification. */
export interface FederationNames {
  /** Local name of a directive, without `@`. */
  directive(name: string): string
}

/** Reads the federation `@link` of a document; without one the document is Federation v1 and the names are bare. */
export const federationNames = (document: DocumentNode): FederationNames => {
  const link = linkOf(document)
  if (!link) return { directive: (name) => name }
  return { directive: (name) => localName(link, `@${name}`).replace(/^@/, '') }
}

/** Whether a document says by its `@link` that it is a Federation v2 subgraph. */
export const isFederation2 = (document: DocumentNode): boolean => linkOf(document) !== undefined

/** Directives of the federation specification, by their bare names. */
export const knownDirectives: ReadonlySet<string> = new Set(Object.keys(directives))

/** Definitions of what the document may use of the federation specification and does not define itself. */
export const federationDefinitions = (document: DocumentNode): readonly DefinitionNode[] => {
  const link = linkOf(document)
  const local = (name: string): string => link ? localName(link, name) : name === 'FieldSet' ? '_FieldSet' : name
  const sdl = [
    ...scalars.map((name) => `scalar ${local(name)}`),
    ...Object.entries(directives).map(([name, definition]) =>
      `directive ${local(`@${name}`)} ${definition.replace(scalarNames, (scalar) => local(scalar))}`),
    linkDefinitions,
  ].join('\n')
  const own = new Set(document.definitions.map(identity))
  return parse(sdl, { noLocation: true }).definitions.filter((node) => !own.has(identity(node)))
}

const identity = (node: DefinitionNode): string => {
  const name = 'name' in node ? node.name?.value : undefined
  return `${node.kind === Kind.DIRECTIVE_DEFINITION ? '@' : ''}${name}`
}

interface Link {
  namespace: string
  /** Imported name → local name, both with `@` for directives. */
  imports: ReadonlyMap<string, string>
}

const localName = (link: Link, name: string): string => {
  const imported = link.imports.get(name)
  if (imported !== undefined) return imported
  return name.startsWith('@') ? `@${link.namespace}__${name.slice(1)}` : `${link.namespace}__${name}`
}

const linkOf = (document: DocumentNode): Link | undefined => {
  for (const node of document.definitions) {
    if (node.kind !== Kind.SCHEMA_DEFINITION && node.kind !== Kind.SCHEMA_EXTENSION) continue
    for (const directive of node.directives ?? []) {
      const url = argument(directive, 'url')
      if (directive.name.value !== 'link' || url?.kind !== Kind.STRING) continue
      if (!/^https:\/\/specs\.apollo\.dev\/federation\/v2\.\d+$/.test(url.value)) continue
      const as = argument(directive, 'as')
      return {
        namespace: as?.kind === Kind.STRING ? as.value : 'federation',
        imports: importsOf(argument(directive, 'import')),
      }
    }
  }
  return undefined
}

const importsOf = (value: ConstValueNode | undefined): ReadonlyMap<string, string> => {
  const imports = new Map<string, string>()
  for (const item of value?.kind === Kind.LIST ? value.values : []) {
    if (item.kind === Kind.STRING) imports.set(item.value, item.value)
    if (item.kind !== Kind.OBJECT) continue
    const [name, as] = ['name', 'as'].map((key) => {
      const field = item.fields.find((candidate) => candidate.name.value === key)?.value
      return field?.kind === Kind.STRING ? field.value : undefined
    })
    if (name !== undefined) imports.set(name, as ?? name)
  }
  return imports
}

const argument = (directive: ConstDirectiveNode, name: string): ConstValueNode | undefined =>
  directive.arguments?.find((node) => node.name.value === name)?.value
