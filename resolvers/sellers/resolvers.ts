import { listConnection } from '../connections.ts'
import { DateTime } from '../scalars.ts'
import { stored } from '../stored.ts'
import type { Resolvers } from './generated/types.ts'

export const resolvers: Resolvers = {
  DateTime,
  Query: {
    seller: (_, { id }, { loaders }) => loaders.entity.seller.load(id),
    sellers: (_, args, context) => listConnection(context, 'seller', args),
  },
  Seller: {
    __resolveReference: ({ id }, { loaders }) => loaders.entity.seller.load(id),
    name: stored('seller', 'name'),
    description: stored('seller', 'description'),
    categories: stored('seller', 'categories'),
    language: stored('seller', 'language'),
    country: stored('seller', 'country'),
    verified: stored('seller', 'verified'),
    rating: stored('seller', 'rating'),
    registeredAt: stored('seller', 'registeredAt'),
  },
}
