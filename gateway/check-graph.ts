import { parse, Source } from 'graphql'
import { CompositionError } from '../federation/index.ts'
import { apiSchemaOf, subgraphsOf } from './build-engine.ts'
import type { GraphSettings } from './foreign.ts'
import { graphFault } from './graph-fault.ts'
import type { Graph, GraphSource } from './graph-source.ts'
import { remote } from './transports.ts'

export interface CheckedGraph {
  source: GraphSource
  settings: GraphSettings
  /** Names of Freshet's own subgraphs, which are in this process. */
  own: readonly string[]
  signal: AbortSignal
}

/**
 * What keeps a gateway with these settings from serving: what cannot be had, does not parse or compose, subgraphs that nobody
 * knows where to call, an API that is no GraphQL schema. Nothing is connected.
 * @returns each fault with its place, `FILE:LINE:COLUMN` where that is known; none where all is well
 */
export async function graphFaults({ source, settings, own, signal }: CheckedGraph): Promise<string[]> {
  let graph: Graph | undefined
  try {
    graph = await source.load(signal)
    if (!graph) return []
    const { place } = graph
    const document = parse(new Source(graph.supergraphSdl, place))
    const faults: string[] = []
    for (const { name, url, line, column } of subgraphsOf(document)) {
      const listed = settings.subgraphs.find((subgraph) => subgraph.name === name)
      if (listed?.events || (!listed && own.includes(name))) continue
      try {
        await remote({ headers: {}, forwardHeaders: [], events: false, name, url, ...listed, subscriptions: undefined }).close?.()
      } catch (error) {
        faults.push(`${place}:${line}:${column}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    apiSchemaOf(graph.supergraphSdl)
    return faults
  } catch (error) {
    return error instanceof CompositionError ? error.lines : [graphFault(error, graph?.place)]
  }
}
