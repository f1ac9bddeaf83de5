import { composeSubgraphs, createEngine, inProcessSubgraph, type EngineOptions, type SubgraphTransport } from '../federation/index.ts'
import { ownDefinitions } from '../resolvers/compose.ts'
import { mergedName, mergeOwnSubgraphs } from '../resolvers/merged.ts'
import { Documents } from './documents.ts'
import type { Door } from './door.ts'
import { EngineHost } from './engine-host.ts'
import { explain } from './errors.ts'

/** All own subgraphs as one, for other federation routers, and each alone; engines are made when they are first asked for. */
export interface MergedSubgraph {
  /** The way in to it: the same rules, limits and services, another engine. */
  doorOf(door: Door): Door
  /** The way in to one own subgraph alone, for subscriptions; undefined where none has the name. */
  aloneOf(name: string, door: Door): Door | undefined
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
  const alone = new Map<string, EngineHost>()
  // Routers send operations that they plan themselves: none of them can be trusted beforehand.
  const documents = new Documents({ trusted: undefined })
  const build = (): EngineHost => {
    const { supergraphSdl, schema } = mergeOwnSubgraphs()
    const entities = inProcessSubgraph({ schema, onError, explain })
    return new EngineHost(createEngine({ supergraphSdl, subgraphs: new Map([...own, [mergedName, entities]]), writes }))
  }
  const buildAlone = (name: string): EngineHost | undefined => {
    const [definition, transport] = [ownDefinitions().find((each) => each.name === name), own.get(name)]
    if (!definition || !transport) return undefined
    const made = new EngineHost(createEngine({ supergraphSdl: composeSubgraphs([definition]).supergraphSdl, subgraphs: new Map([[name, transport]]), writes }))
    alone.set(name, made)
    return made
  }
  return {
    aloneOf: (name, door) => {
      const asked = alone.get(name) ?? buildAlone(name)
      return asked && { ...door, host: asked, documents }
    },
    doorOf: (door) => ({ ...door, host: host ??= build(), documents }),
    close: async () => {
      await Promise.all([host, ...alone.values()].map((each) => each?.close()))
    },
  }
}
