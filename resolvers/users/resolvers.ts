import { listConnection } from '../connections.ts'
import { DateTime } from '../scalars.ts'
import { stored } from '../stored.ts'
import type { Resolvers } from './generated/types.ts'

export const resolvers: Resolvers = {
  DateTime,
  Query: {
    user: (_, { id }, { loaders }) => loaders.entity.user.load(id),
    users: (_, args, context) => listConnection(context, 'user', args),
  },
  User: {
    __resolveReference: ({ id }, { loaders }) => loaders.entity.user.load(id),
    name: stored('user', 'name'),
    bio: stored('user', 'bio'),
    interests: stored('user', 'interests'),
    language: stored('user', 'language'),
    country: stored('user', 'country'),
    registeredAt: stored('user', 'registeredAt'),
  },
}
