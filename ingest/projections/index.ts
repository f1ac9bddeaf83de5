import type { DomainEvent } from '../../events/vocabulary.ts'
import type { Effect } from '../effects.ts'
import { embeddingComputed } from './embeddings.ts'
import * as engagements from './engagements.ts'
import * as livestreams from './livestreams.ts'
import * as sellers from './sellers.ts'
import * as users from './users.ts'

/** Raise it when a projection decides differently: states of another version are void and are rebuilt by a replay. */
export const projectionVersion = 1

/**
 * What an event does, purely: nothing but the event decides. The first effect is on the event's own subject (empty where
 * the event says nothing of it); the others are on other entities, at most one each, and are re-keyed to their writers.
 *
 * @param at the event's time, milliseconds since the epoch
 */
export function project(event: DomainEvent, at: number): Effect[] {
  switch (event.type) {
    case 'UserRegistered': return users.userRegistered(event, at)
    case 'UserProfileChanged': return users.userProfileChanged(event)
    case 'UserDeleted': return users.userDeleted(event)
    case 'SellerRegistered': return sellers.sellerRegistered(event, at)
    case 'SellerProfileChanged': return sellers.sellerProfileChanged(event)
    case 'SellerDeleted': return sellers.sellerDeleted(event)
    case 'LivestreamScheduled': return livestreams.livestreamScheduled(event)
    case 'LivestreamStarted': return livestreams.livestreamStarted(event, at)
    case 'LivestreamChanged': return livestreams.livestreamChanged(event)
    case 'LivestreamEnded': return livestreams.livestreamEnded(event, at)
    case 'AuctionStarted': return livestreams.auctionStarted(event)
    case 'BidPlaced': return livestreams.bidPlaced(event, at)
    case 'AuctionEnded': return livestreams.auctionEnded(event)
    case 'GiveawayStarted': return livestreams.giveawayStarted(event)
    case 'GiveawayEnded': return livestreams.giveawayEnded(event)
    case 'LivestreamViewed': return engagements.livestreamViewed(event, at)
    case 'ChatPosted': return engagements.chatPosted(event, at)
    case 'LivestreamLiked': return engagements.livestreamLiked(event, at)
    case 'SellerFollowed': return engagements.sellerFollowed(event, at)
    case 'SellerUnfollowed': return engagements.sellerUnfollowed(event, at)
    case 'LivestreamShared': return engagements.livestreamShared(event, at)
    case 'PurchaseMade': return engagements.purchaseMade(event, at)
    case 'EmbeddingComputed': return embeddingComputed(event)
    default: return unprojected(event)
  }
}

/** The parameter's type makes the compiler name the event type that has no case above. */
function unprojected(event: never): never {
  const { type } = event as DomainEvent
  throw new TypeError(`No projection for events of type ${type}: add a case to project (ingest/projections/index.ts).`)
}
