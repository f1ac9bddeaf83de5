import { createEngine, inProcessSubgraph, type EngineOptions, type SubgraphTransport } from '../federation/index.ts'
import { mergedName, mergeOwnSubgraphs } from '../resolvers/merged.ts'
import { Documents } from './documents.ts'
import type { Door } from './door.ts'
import { EngineHost } from './engine-host.ts'
import { explain } from './errors.ts'

/** All own subgraphs as one, for other federation routers; its engine is made when it is first asked for. */
export interface MergedSubgraph {
  /** The way in to it: the same rules, limits and services, another engine. */
  doorOf(door: Door): Door
  close(): Promise<void>
}

/**
 * An engine of its own, over the own subgraphs alone: a changed supergraph changes nothing of it. It shares them, and what is
 * known of writes, with the engine that serves clients.
 */
export function createMergedSubgraph({ own, writes, onError }: {
  own: ReadonlyMap<string, SubgraphTransport>
  writes: EngineOptions['writes']
  onError: (error: unknown) => void
}): MergedSubgraph {
  let host: EngineHost | undefined
  // Routers send operations that they plan themselves: none of them can be trusted beforehand.
  const documents = new Documents({ trusted: undefined })
  const build = (): EngineHost => {
    const { supergraphSdl, schema } = mergeOwnSubgraphs()
    const entities = inProcessSubgraph({ schema, onError, explain })
    return new EngineHost(createEngine({ supergraphSdl, subgraphs: new Map([...own, [mergedName, entities]]), writes }))
  }
  return {
    doorOf: (door) => ({ ...door, host: host ??= build(), documents }),
    close: async () => host?.close(),
  }
}
