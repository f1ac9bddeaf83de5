import type { StoredEntity } from '../../search/entity-index.ts'
import type { EntityFields } from '../../search/entities.ts'
import { listConnection, pageInfoOf } from '../connections.ts'
import { deliveryOf } from '../delivery.ts'
import type { LivestreamsUpdate, SearchUpdate } from '../live-list.ts'
import type { SourceEvent } from '../live.ts'
import { nearest } from '../nearest.ts'
import { Cursor, DateTime } from '../scalars.ts'
import { stored } from '../stored.ts'
import type { Auction, LivestreamStatus, Resolvers, SubscriptionLivestreamsArgs } from './generated/types.ts'
import { edgesOf, foundOf, listInfoOf, nodesOf, placesOf, shown, toListQuery, toSearchQuery } from './live.ts'
import { searchEdgeOf, searchLivestreams } from './search.ts'

/** The auction's fields stand on the livestream, whose partition decides their order. */
function auctionOf({ fields }: StoredEntity): (Omit<Auction, 'highestBidder'> & { highestBidder: { id: string } | null }) | null {
  const { auctionId, auctionActive, currentBid, bidCurrency, highestBidderId } = fields as EntityFields<'livestream'>
  if (auctionId === undefined) return null
  return {
    id: auctionId,
    active: auctionActive ?? false,
    currentBid: currentBid ?? null,
    currency: bidCurrency ?? null,
    highestBidder: highestBidderId === undefined ? null : { id: highestBidderId },
  }
}

export const resolvers: Resolvers = {
  Cursor,
  DateTime,
  Query: {
    livestream: (_, { id }, { loaders }) => loaders.entity.livestream.load(id),
    livestreams: (_, args, context) => listConnection(context, 'livestream', args),
    searchLivestreams: (_, args, context) => searchLivestreams(context, args),
  },
  Subscription: {
    livestream: {
      subscribe: (_, { id, ...delivery }, context) => context.services.live.livestream(id, deliveryOf(delivery, context)),
      resolve: ({ value }: SourceEvent<StoredEntity | null>) => value,
    },
    livestreams: {
      subscribe: async (_, { filter, orderBy, first, near, ...delivery }, context) =>
        context.services.live.livestreams(await toListQuery({ filter, orderBy, first, near }, context), context, deliveryOf(delivery, context)),
      resolve: ({ value }: SourceEvent<LivestreamsUpdate>, { filter, orderBy }: Pick<SubscriptionLivestreamsArgs, 'filter' | 'orderBy'>) =>
        shown(value, { filter, orderBy }),
    },
    searchLivestreams: {
      subscribe: async (_, { hybrid, filter, first, throttleMs, ...delivery }, context) => {
        const query = await toSearchQuery({ hybrid, filter, first, throttleMs }, context)
        return context.services.live.search(query, { scope: context.scope, throttleMs }, deliveryOf(delivery, context))
      },
      resolve: ({ value }: SourceEvent<SearchUpdate>) => value,
    },
  },
  LivestreamsUpdate: {
    added: ({ added }, _, context) => placesOf(added, context),
    removed: ({ removed }) => [...removed],
    moved: ({ moved }) => [...moved],
    updated: ({ updated }, _, context) => placesOf(updated, context),
    changes: ({ reasons }) => reasons.map(({ id, kind, fields }) => ({ id, kind, fields: [...fields] })),
    edges: (list, _, context) => edgesOf(list, context),
    nodes: ({ items }, _, context) => nodesOf(items, context),
    pageInfo: listInfoOf,
  },
  LivestreamSearchUpdate: {
    added: ({ added }) => added.map(foundOf),
    removed: ({ removed }) => [...removed],
    moved: ({ moved }) => [...moved],
    updated: ({ updated }) => updated.map(foundOf),
    edges: ({ items }) => items.map(searchEdgeOf),
    nodes: ({ items }) => items.map(({ entity }) => entity),
    pageInfo: ({ items, hasNextPage }) => pageInfoOf({ hits: items, hasNextPage }, undefined),
  },
  Livestream: {
    __resolveReference: ({ id }, { loaders }) => loaders.entity.livestream.load(id),
    seller: ({ fields }) => (typeof fields.sellerId === 'string' ? { id: fields.sellerId } : null),
    title: stored('livestream', 'title'),
    description: stored('livestream', 'description'),
    category: stored('livestream', 'category'),
    tags: stored('livestream', 'tags'),
    language: stored('livestream', 'language'),
    thumbnailUrl: stored('livestream', 'thumbnailUrl'),
    status: ({ fields }) => (fields.status ?? null) as LivestreamStatus | null,
    scheduledFor: stored('livestream', 'scheduledFor'),
    startedAt: stored('livestream', 'startedAt'),
    endedAt: stored('livestream', 'endedAt'),
    auction: auctionOf,
    giveawayActive: ({ fields }) => fields.giveawayActive === true,
    similar: async ({ id }, { first, filter }, context) => {
      const found = await nearest(context, 'livestream', id, { model: null, first, filter })
      return found.map(({ entity }) => entity)
    },
  },
  Seller: {
    __resolveReference: ({ id }) => ({ id }),
    livestreams: ({ id }, { filter, ...args }, context) =>
      listConnection(context, 'livestream', { ...args, filter: { and: [{ sellerId: { eq: id } }, filter ?? {}] } }),
  },
}
