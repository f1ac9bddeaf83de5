import type { GraphQLSchema } from 'graphql'
import { buildSubgraph, composeSubgraphs, type SubgraphDefinition } from '../federation/index.ts'
import { loadSubgraph, loadSubgraphSdl } from '../schema/load.ts'
import { subgraphNames, subgraphResolvers, type SubgraphName } from './subgraphs.ts'

/** The executable schema of one of Freshet's own subgraphs, `_service` and `_entities` included. */
export const buildOwnSubgraph = (name: SubgraphName): GraphQLSchema =>
  buildSubgraph({ typeDefs: loadSubgraphSdl(name), resolvers: subgraphResolvers[name] })

/** Where a gateway with default settings is. */
const defaultUrl = 'http://localhost:4000'

/** Freshet's own subgraphs as composition sees them. @param gatewayUrl where another router finds the gateway that serves them */
export const ownDefinitions = (gatewayUrl = defaultUrl): SubgraphDefinition[] =>
  subgraphNames.map((name) => {
    const { sdl, placeOf } = loadSubgraph(name)
    return { name, url: `${gatewayUrl}/subgraphs/${name}`, typeDefs: sdl, place: `schema/${name}.graphql`, placeOf }
  })

/**
 * Composes Freshet's own subgraphs.
 *
 * @throws CompositionError that names every conflict
 */
export function composeOwnSubgraphs(): string {
  const { supergraphSdl } = composeSubgraphs(ownDefinitions())
  return `${supergraphSdl.trim()}\n`
}
