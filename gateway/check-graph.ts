import { GraphQLError, parse, Source } from 'graphql'
import { CompositionError } from '../federation/index.ts'
import { apiSchemaOf, subgraphsOf } from './build-engine.ts'
import type { GraphSettings } from './foreign.ts'
import type { GraphSource } from './graph-source.ts'
import { remote } from './transports.ts'

export interface CheckedGraph {
  source: GraphSource
  settings: GraphSettings
  /** Names of Freshet's own subgraphs, which are in this process. */
  own: readonly string[]
  /** Where the supergraph comes from, for people. */
  place: string
  signal: AbortSignal
}

/**
 * What keeps a gateway with these settings from serving: what cannot be had, does not parse or compose, subgraphs that nobody
 * knows where to call, an API that is no GraphQL schema. Nothing is connected.
 * @returns each fault with its place, `FILE:LINE:COLUMN` where that is known; none where all is well
 */
export async function graphFaults({ source, settings, own, place, signal }: CheckedGraph): Promise<string[]> {
  try {
    const graph = await source.load(signal)
    if (!graph) return []
    const document = parse(new Source(graph.supergraphSdl, place))
    const faults: string[] = []
    for (const { name, url, line, column } of subgraphsOf(document)) {
      const listed = settings.subgraphs.find((subgraph) => subgraph.name === name)
      if (listed?.events || (!listed && own.includes(name))) continue
      try {
        await remote({ headers: {}, forwardHeaders: [], events: false, name, url, ...listed, subscriptions: undefined }, undefined).close?.()
      } catch (error) {
        faults.push(`${place}:${line}:${column}: ${wordsOf(error)}`)
      }
    }
    apiSchemaOf(graph.supergraphSdl)
    return faults
  } catch (error) {
    if (error instanceof CompositionError) return error.problems.map((problem) => described(problem, settings))
    if (error instanceof GraphQLError && error.locations?.[0]) {
      const { line, column } = error.locations[0]
      return [`${place}:${line}:${column}: ${error.message}`]
    }
    return [wordsOf(error).startsWith('The ') ? wordsOf(error) : `${place}: ${wordsOf(error)}`]
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Lines are those of the file, where the subgraph has one; otherwise those of the SDL that it tells. */
function described({ message, code, subgraph, line, column }: CompositionError['problems'][number], { subgraphs }: GraphSettings): string {
  const file = subgraphs.find(({ name }) => name === subgraph)?.sdl ?? subgraph
  const at = file === undefined ? '' : line === undefined ? `${file}: ` : `${file}:${line}:${column}: `
  return `${at}${message}${code === undefined ? '' : ` (${code})`}`
}
