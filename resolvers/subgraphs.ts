import { resolvers as embeddings } from './embeddings/resolvers.ts'
import { resolvers as events } from './events/resolvers.ts'
import { resolvers as feed } from './feed/resolvers.ts'
import { resolvers as livestreams } from './livestreams/resolvers.ts'
import { resolvers as metrics } from './metrics/resolvers.ts'
import { resolvers as sellers } from './sellers/resolvers.ts'
import { resolvers as users } from './users/resolvers.ts'

/**
 * THE list of Freshet's own subgraphs. Composition, servers, codegen and tests derive from it. The SDL of each is
 * `schema/NAME.graphql` together with what it uses of `schema/shared.graphql` (schema/load.ts).
 */
export const subgraphResolvers = { users, sellers, livestreams, metrics, embeddings, feed, events } as const

export type SubgraphName = keyof typeof subgraphResolvers
export const subgraphNames = Object.keys(subgraphResolvers) as SubgraphName[]
