import {
  assertValidSchema, buildSchema, Kind, parse, printSchema, Source, type ConstDirectiveNode, type DocumentNode, type EnumTypeDefinitionNode, type GraphQLSchema,
} from 'graphql'
import { createEngine, publicSchema, type Engine, type EngineOptions, type SubgraphTransport } from '../federation/index.ts'
import type { ForeignSubgraph } from './foreign.ts'
import type { Graph } from './graph-source.ts'
import { maxStaleDirective } from './max-stale.ts'
import type { Lease, Transports } from './transports.ts'

export interface EngineParts {
  /** Freshet's own subgraphs, in this process. */
  own: ReadonlyMap<string, SubgraphTransport>
  /** As the settings list them. */
  foreign: readonly ForeignSubgraph[]
  transports: Transports
  writes?: EngineOptions['writes']
}

/**
 * Builds the engine of a graph and connects it: own subgraphs in process, unless the settings list that name, all others as the
 * settings say, or else at the address that the supergraph has for them. Closing it gives its connections back.
 *
 * @throws Error for what is no supergraph, or names a subgraph that nobody knows where to find
 */
export async function buildEngine({ supergraphSdl, sdl, place }: Graph, { own, foreign, transports, writes }: EngineParts): Promise<Engine> {
  const listed = new Map(foreign.map((subgraph) => [subgraph.name, subgraph]))
  const leases: Lease[] = []
  const release = async (): Promise<void> => {
    await Promise.all(leases.splice(0).map((lease) => lease.release()))
  }
  let engine: Engine | undefined
  try {
    const subgraphs = new Map<string, SubgraphTransport>()
    for (const { name, url } of subgraphsOf(parse(new Source(supergraphSdl, place)))) {
      const inProcess = listed.has(name) ? undefined : own.get(name)
      const lease = inProcess ? undefined : await transports.lease(listed.get(name) ?? { name, url, headers: {}, forwardHeaders: [], events: false }, sdl.get(name))
      if (lease) leases.push(lease)
      subgraphs.set(name, (inProcess ?? lease?.transport) as SubgraphTransport)
    }
    engine = createEngine({ supergraphSdl, subgraphs, writes, directives: [maxStaleDirective] })
    assertWhole(engine.schema)
    const { close } = engine
    return { ...engine, close: async () => {
      await close()
      await release()
    } }
  } catch (error) {
    await engine?.close()
    await release()
    throw error
  }
}

/** What clients are told about must hold by itself: composition elsewhere may have been wrong. */
const assertWhole = (schema: GraphQLSchema): void => assertValidSchema(buildSchema(printSchema(schema)))

/** What clients would see of a supergraph. @throws Error where that is no whole schema */
export function apiSchemaOf(supergraphSdl: string): GraphQLSchema {
  const schema = publicSchema(supergraphSdl)
  assertWhole(schema)
  return schema
}

/**
 * Names and addresses, from the supergraph's `join__Graph`, and where they stand there (from 1).
 * @throws Error where there is none
 */
export function subgraphsOf(supergraph: DocumentNode): { name: string; url: string | undefined; line: number; column: number }[] {
  const graphs = supergraph.definitions.find(
    (node): node is EnumTypeDefinitionNode => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph')
  if (!graphs?.values?.length) throw new Error('It is no supergraph: there is no "join__Graph" that names its subgraphs.')
  return graphs.values.map(({ name, directives, loc }) => {
    const graph = directives?.find((directive) => directive.name.value === 'join__graph')
    const url = textOf(graph, 'url')
    return { line: loc?.startToken.line ?? 1, column: loc?.startToken.column ?? 1, name: textOf(graph, 'name') ?? name.value, url: url !== undefined && /^https?:\/\//i.test(url) && URL.canParse(url) ? url : undefined }
  })
}

const textOf = (directive: ConstDirectiveNode | undefined, argument: string): string | undefined => {
  const value = directive?.arguments?.find(({ name }) => name.value === argument)?.value
  return value?.kind === Kind.STRING ? value.value : undefined
}
