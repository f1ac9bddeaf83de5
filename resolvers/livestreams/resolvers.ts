import type { StoredEntity } from '../../search/entity-index.ts'
import type { EntityFields } from '../../search/entities.ts'
import { listConnection } from '../connections.ts'
import type { FilteredChange } from '../context.ts'
import { toLiveFilter } from '../filters.ts'
import { nearest } from '../nearest.ts'
import { DateTime } from '../scalars.ts'
import { stored } from '../stored.ts'
import type { Auction, LivestreamStatus, Resolvers } from './generated/types.ts'
import { searchLivestreams } from './search.ts'

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
  DateTime,
  Query: {
    livestream: (_, { id }, { loaders }) => loaders.entity.livestream.load(id),
    livestreams: (_, args, context) => listConnection(context, 'livestream', args),
    searchLivestreams: (_, args, context) => searchLivestreams(context, args),
  },
  Subscription: {
    livestream: {
      subscribe: (_, { id }, { services }) => services.live.livestream(id),
      resolve: (livestream: StoredEntity | null) => livestream,
    },
    livestreams: {
      subscribe: (_, { filter }, { services }) => services.live.livestreams(toLiveFilter('livestream', filter)),
      resolve: (change: FilteredChange) => change,
    },
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
