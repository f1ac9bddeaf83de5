import { Kind, parse, print, printSchema, visit, type ConstDirectiveNode, type GraphQLSchema } from 'graphql'
import { buildSubgraph, composeSubgraphs, publicSchema } from '../federation/index.ts'
import { committedSupergraph } from '../schema/supergraph.ts'
import { ownDefinitions } from './compose.ts'
import { subgraphNames } from './subgraphs.ts'

/** Under which name all of Freshet's own subgraphs are served as one; none of them may have it. */
export const mergedName = 'freshet'

/** The own subgraphs as one. */
export interface MergedSubgraph {
  /** Federation v2: the own public graph, with `@key` on its entities and `@shareable` where the own subgraphs say so. */
  sdl: string
  /** Of the own subgraphs and of a further one, `mergedName`, that has `_service` and `_entities` as root fields. */
  supergraphSdl: string
  /** That further subgraph. It makes entities of representations; their fields are the other subgraphs'. */
  schema: GraphQLSchema
}

/** What another router needs of a type beside its fields. */
interface Marks {
  /** Fields of each key by which some own subgraph resolves the type. */
  keys: Set<string>
  /** Whether the whole type is shareable, and which of its fields are. */
  shareable: boolean
  shareableFields: Set<string>
}

const link = (...directives: string[]): string =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ${JSON.stringify(directives)})\n`

/** Composition drops what begins with one underscore from a subgraph, so these names are written with a prefix and cut later. */
const prefix = 'merged_'

/** @throws Error where an own subgraph has what cannot be merged */
export function mergeOwnSubgraphs(): MergedSubgraph {
  if ((subgraphNames as string[]).includes(mergedName)) throw new Error(`No own subgraph may be called "${mergedName}": it is the merged one's name.`)
  const marks = marksOf()
  const entities = [...marks].filter(([, { keys }]) => keys.size > 0)
  const stubs = (resolvable: boolean): string =>
    entities.map(([name, { keys }]) => stubOf(name, keys, resolvable)).join('\n')
  const roots = `
    scalar ${prefix}_Any
    type ${prefix}_Service { sdl: String! }
    union ${prefix}_Entity = ${entities.map(([name]) => name).join(' | ')}
    type Query {
      ${prefix}_entities(representations: [${prefix}_Any!]!): [${prefix}_Entity]!
      ${prefix}_service: ${prefix}_Service!
    }
  `
  const typeDefs = link('@key') + stubs(false) + roots
  const { supergraphSdl } = composeSubgraphs([...ownDefinitions(), { name: mergedName, typeDefs }])
  const sdl = sdlOf(marks)
  return {
    sdl,
    supergraphSdl: supergraphSdl.replaceAll(`${prefix}_`, '_'),
    schema: buildSubgraph({ typeDefs: link('@key') + stubs(true), sdl }),
  }
}

function marksOf(): Map<string, Marks> {
  const marks = new Map<string, Marks>()
  for (const { typeDefs } of ownDefinitions())
    for (const node of parse(typeDefs, { noLocation: true }).definitions) {
      if (node.kind !== Kind.OBJECT_TYPE_DEFINITION) continue
      const { keys, shareable, shareableFields } = marks.get(node.name.value) ?? { keys: new Set<string>(), shareable: false, shareableFields: new Set<string>() }
      const named = (name: string) => (directive: ConstDirectiveNode) => directive.name.value === name
      for (const key of node.directives?.filter(named('key')) ?? []) {
        const fields = argument(key, 'fields')
        if (fields?.kind === Kind.STRING && !isFalse(argument(key, 'resolvable'))) keys.add(fields.value)
      }
      for (const field of node.fields ?? []) if (field.directives?.some(named('shareable'))) shareableFields.add(field.name.value)
      marks.set(node.name.value, { keys, shareable: shareable || node.directives?.some(named('shareable')) === true, shareableFields })
    }
  return marks
}

const argument = (directive: ConstDirectiveNode, name: string) => directive.arguments?.find((each) => each.name.value === name)?.value
const isFalse = (value: ReturnType<typeof argument>): boolean => value?.kind === Kind.BOOLEAN && !value.value

function stubOf(name: string, keys: ReadonlySet<string>, resolvable: boolean): string {
  const fields = new Set([...keys].flatMap((key) => key.trim().split(/\s+/)))
  const strange = [...fields].find((field) => field !== 'id')
  if (strange !== undefined) throw new Error(`The merged subgraph knows entities by "id" alone; the key of ${name} has "${strange}".`)
  return `type ${name} ${[...keys].map((key) => `@key(fields: "${key}"${resolvable ? '' : ', resolvable: false'})`).join(' ')} { id: ID! }`
}

function sdlOf(marks: ReadonlyMap<string, Marks>): string {
  const directive = (name: string, fields?: string): ConstDirectiveNode => ({
    kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: name },
    ...fields !== undefined && { arguments: [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'fields' }, value: { kind: Kind.STRING, value: fields } }] },
  })
  const document = visit(parse(printSchema(publicSchema(committedSupergraph())), { noLocation: true }), {
    ObjectTypeDefinition: (node) => {
      const { keys, shareable, shareableFields } = marks.get(node.name.value) ?? { keys: [], shareable: false, shareableFields: new Set() }
      return {
        ...node,
        directives: [...node.directives ?? [], ...[...keys].map((fields) => directive('key', fields)), ...shareable ? [directive('shareable')] : []],
        fields: node.fields?.map((field) => shareableFields.has(field.name.value)
          ? { ...field, directives: [...field.directives ?? [], directive('shareable')] } : field),
      }
    },
  })
  return `${link('@key', '@shareable')}\n${print(document)}\n`
}
