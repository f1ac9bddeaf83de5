import { askIndex, maxPageSize } from '../connections.ts'
import { badInput, checkSize } from '../errors.ts'
import { toFilter, toLiveFilter } from '../filters.ts'
import type { FeedPage } from './feed-service.ts'
import type { FeedConnection, Resolvers } from './generated/types.ts'

/** Shortest and longest time between two payloads of a live feed, ms. */
const throttle = { min: 100, max: 60_000 }

function checkUser(userId: string): string {
  if (userId.length === 0 || userId.length > 128) throw badInput('"userId" must have 1 to 128 characters.')
  return userId
}

function toConnection({ feedId, items, hasNextPage }: FeedPage, after?: string | null): FeedConnection {
  const edges = items.map(({ livestreamId, rank, score, scoreParts, reasons, cursor }) => ({
    cursor, rank, score, node: { id: livestreamId }, scoreParts: [...scoreParts], reasons: [...reasons],
  }))
  return {
    feedId,
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage,
      hasPreviousPage: after !== null && after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

export const resolvers: Resolvers = {
  Query: {
    feed: async (_, { userId, first, after, filter }, { services, scope, signal }) => {
      checkSize('first', first, { max: maxPageSize })
      checkUser(userId)
      const request = { userId, first, after: after ?? undefined, filter: toFilter(filter), scope, signal }
      return toConnection(await askIndex(() => services.feed.serve(request)), after)
    },
  },
  Subscription: {
    feed: {
      subscribe: (_, { userId, first, filter, throttleMs }, { services, scope }) => {
        checkSize('first', first, { max: maxPageSize })
        checkSize('throttleMs', throttleMs, throttle)
        return services.live.feed({ userId: checkUser(userId), first, filter: toLiveFilter('livestream', filter), scope }, throttleMs)
      },
      resolve: (page: FeedPage) => toConnection(page),
    },
  },
}
