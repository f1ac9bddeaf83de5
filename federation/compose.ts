import {
  composeServices, compositionHasErrors, transformSupergraphToPublicSchema,
} from '@theguild/federation-composition'
import { buildASTSchema, GraphQLError, Kind, parse, print, Source, type DocumentNode, type GraphQLSchema } from 'graphql'
import { withCommonTypes } from './common-types.ts'
import { isEventDriven, readEventGraph } from './edfs/graph.ts'
import { withExternals } from './interface-object-externals.ts'
import { withKnownLink } from './newer-links.ts'
import { withOwnRequires, withPlainRequires } from './requires-fragments.ts'

/** A subgraph as composition sees it. */
export interface SubgraphDefinition {
  name: string
  /** Where other routers reach it; not used in process. */
  url?: string
  /** SDL with the federation `@link`. */
  typeDefs: string
  /** Where that comes from, for problems: a file or an address; the name unless said otherwise. */
  place?: string
  /** Where a line of `typeDefs` comes from, where they are put together of several files. */
  placeOf?: (line: number) => { place: string; line: number }
}

export interface CompositionProblem {
  message: string
  /** A stable code of the composition rules, such as `FIELD_TYPE_MISMATCH`. */
  code?: string
  /** Absent when several subgraphs are at fault together. */
  subgraph?: string
  /** Of that subgraph, where it was given. */
  place?: string
  /** Counted from 1, in the subgraph's SDL, or the file of it that `place` names. */
  line?: number
  column?: number
}

/** Composition failed; `problems` has every reason found. */
export class CompositionError extends Error {
  override name = 'CompositionError'
  readonly problems: readonly CompositionProblem[]
  constructor(problems: readonly CompositionProblem[]) {
    super(`The subgraphs do not compose:\n${problems.map((problem) => `- ${describe(problem)}`).join('\n')}`)
    this.problems = problems
  }

  /** One for each problem: `PLACE:LINE:COLUMN: message (CODE)`, as far as that is known. */
  get lines(): string[] {
    return this.problems.map(describe)
  }
}

const describe = ({ message, code, subgraph, place = subgraph, line, column }: CompositionProblem): string => {
  const at = place === undefined ? '' : line === undefined ? `${place}: ` : `${place}:${line}:${column}: `
  return `${at}${message}${code === undefined ? '' : ` (${code})`}`
}

/**
 * Composes subgraphs to a supergraph.
 * @throws CompositionError with every problem, each with its place where that is known.
 */
export const composeSubgraphs = (subgraphs: readonly SubgraphDefinition[]): { supergraphSdl: string } => {
  const problems: CompositionProblem[] = []
  const failure = (found: readonly CompositionProblem[]): CompositionError => new CompositionError(found.map((problem) => {
    const { place, placeOf } = subgraphs.find(({ name }) => name === problem.subgraph) ?? {}
    return { ...problem, ...place !== undefined && { place }, ...problem.line !== undefined && placeOf?.(problem.line) }
  }))
  const services = subgraphs.flatMap(({ name, url, typeDefs }) => {
    try {
      const document = withKnownLink(parse(new Source(typeDefs, name)))
      if (!isEventDriven(document)) return [{ name, url, typeDefs: document }]
      const graph = readEventGraph(document)
      problems.push(...graph.problems.map((problem) => ({ ...problem, subgraph: name })))
      return [{ name, url, typeDefs: graph.document }]
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      problems.push({ message: error.message, code: 'INVALID_GRAPHQL', subgraph: name, ...error.locations?.[0] })
      return []
    }
  })
  if (problems.length > 0) throw failure(problems)
  const result = composed(withPlainRequires(services))
  if (compositionHasErrors(result)) {
    throw failure(result.errors.map((error) => problemOf(error, services)))
  }
  const mended = [withOwnRequires, withExternals, withCommonTypes].reduce((sdl, mend) => mend(sdl, services), result.supergraphSdl)
  return { supergraphSdl: mended }
}

const composed = (services: Parameters<typeof composeServices>[0]): ReturnType<typeof composeServices> => {
  try {
    return composeServices(services)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CompositionError([{
      message: 'Composition does not come to an end: fields named in @requires need each other. Break the circle.',
      code: 'REQUIRES_CIRCLE',
    }])
  }
}

/**
 * What clients see of a supergraph: neither its machinery nor anything inaccessible.
 * @throws GraphQLError when the SDL does not parse.
 */
export const publicSchema = (supergraphSdl: string): GraphQLSchema =>
  buildASTSchema(transformSupergraphToPublicSchema(parse(supergraphSdl, { noLocation: true })), {
    assumeValid: true, assumeValidSDL: true,
  })

const problemOf = (
  error: GraphQLError, services: readonly { name: string, typeDefs: DocumentNode }[],
): CompositionProblem => {
  const prefix = /^\[([^\]]+)\] /.exec(error.message)
  const named = services.find(({ name }) => name === prefix?.[1])?.name
    ?? (error.source && services.find(({ name }) => name === error.source?.name)?.name)
    ?? lastNamed(error.message, services)
  const message = prefix && named === prefix[1] ? error.message.slice(prefix[0].length) : error.message
  const code = typeof error.extensions.code === 'string' ? error.extensions.code : undefined
  const definition = services.find(({ name }) => name === named)?.typeDefs
  const place = error.locations?.[0] ?? (definition && (coordinatePlace(message, definition) ?? (code?.includes('LINK') ? linkPlace(message, definition) : undefined)))
  return { message, ...code !== undefined && { code }, ...named !== undefined && { subgraph: named }, ...place }
}

/** Messages quote the subgraphs that they are about. Of several the last one given has joined the others, and does not fit. */
const lastNamed = (message: string, services: readonly { name: string }[]): string | undefined => {
  const lists = message.match(/\bsubgraphs? (?:"[^"]+"(?:, and |, | and |))+/g)?.join(' ') ?? ''
  return services.findLast(({ name }) => lists.includes(`"${name}"`))?.name
}

/** The place of the import that the message quotes, or of the first `@link` of federation. */
const linkPlace = (message: string, document: DocumentNode): { line: number, column: number } | undefined => {
  const links = document.definitions.flatMap((node) => 'directives' in node ? node.directives ?? [] : []).filter(({ name }) => name.value === 'link')
  const quoted = new Set(message.match(/"[^"]*"/g))
  const imports = links.flatMap((link) => link.arguments ?? []).flatMap(({ value }) => value.kind === Kind.LIST ? value.values : [])
  const node = imports.find((item) => quoted.has(print(item))) ?? links.find((link) => print(link).includes('/federation/'))
  const start = node?.loc?.startToken
  return start && { line: start.line, column: start.column }
}

/** The place of the first schema coordinate (`Type` or `Type.field`) that the message quotes. */
const coordinatePlace = (message: string, document: DocumentNode): { line: number, column: number } | undefined => {
  for (const [, type, field] of message.matchAll(/"([A-Za-z_]\w*)(?:\.(\w+))?[^"]*"/g)) {
    for (const node of document.definitions) {
      if (!('name' in node) || node.name?.value !== type) continue
      const inner = field !== undefined && 'fields' in node
        ? node.fields?.find(({ name }) => name.value === field)
        : field === undefined ? node : undefined
      const start = inner?.loc?.startToken
      if (start) return { line: start.line, column: start.column }
    }
  }
  return undefined
}
