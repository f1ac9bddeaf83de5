import { askIndex, maxPageSize } from '../connections.ts'
import { badInput, checkSize } from '../errors.ts'
import { toFilter, toLiveFilter } from '../filters.ts'
import { deliveryOf } from '../delivery.ts'
import type { FeedListUpdate } from '../live-list.ts'
import type { SourceEvent } from '../live.ts'
import { Cursor, DateTime } from '../scalars.ts'
import { checkThrottle } from '../throttle.ts'
import type { FeedItem, FeedPage } from './feed-service.ts'
import type { FeedConnection, FeedEdge, PageInfo, Resolvers } from './generated/types.ts'

function checkUser(userId: string): string {
  if (userId.length === 0 || userId.length > 128) throw badInput('"userId" must have 1 to 128 characters.')
  return userId
}

const edgeOf = ({ livestreamId, rank, score, scoreParts, reasons, cursor }: FeedItem): FeedEdge =>
  ({ cursor, rank, score, node: { id: livestreamId }, scoreParts: [...scoreParts], reasons: [...reasons] })

function infoOf({ items, hasNextPage }: Pick<FeedPage, 'items' | 'hasNextPage'>, after?: string | null): PageInfo {
  return {
    hasNextPage,
    hasPreviousPage: after !== null && after !== undefined,
    startCursor: items[0]?.cursor ?? null,
    endCursor: items.at(-1)?.cursor ?? null,
  }
}

const toConnection = ({ feedId, items, hasNextPage }: FeedPage, after?: string | null): FeedConnection => ({
  feedId, edges: items.map(edgeOf), nodes: items.map(({ livestreamId }) => ({ id: livestreamId })), pageInfo: infoOf({ items, hasNextPage }, after),
})

export const resolvers: Resolvers = {
  Cursor,
  DateTime,
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
      subscribe: (_, { userId, first, filter, throttleMs, ...delivery }, context) => {
        checkSize('first', first, { max: maxPageSize })
        const request = { userId: checkUser(userId), first, filter: toLiveFilter('livestream', filter), scope: context.scope }
        return context.services.live.feed(request, checkThrottle(throttleMs), deliveryOf(delivery, context))
      },
      resolve: ({ value }: SourceEvent<FeedListUpdate>) => value,
    },
  },
  FeedUpdate: {
    added: ({ added }) => added.map(({ item }) => edgeOf(item)),
    removed: ({ removed }) => [...removed],
    moved: ({ moved }) => [...moved],
    updated: ({ updated }) => updated.map(({ item }) => edgeOf(item)),
    edges: ({ items }) => items.map(edgeOf),
    nodes: ({ items }) => items.map(({ livestreamId }) => ({ id: livestreamId })),
    pageInfo: (page) => infoOf(page),
  },
}
