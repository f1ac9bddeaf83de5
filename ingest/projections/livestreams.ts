import type { FreshetEvent } from '../../events/vocabulary.ts'
import type { Effect } from '../effects.ts'
import { counted } from './counted.ts'
import { given } from './given.ts'

/**
 * The life of a stream and of what runs in it. Every event writes the fields that it decides, and last write wins per
 * field by event time, so a status that arrives out of order loses to the later one: there is no state machine to upset.
 */

type Listing = FreshetEvent<'LivestreamChanged'>['data']

const listing = ({ sellerId, title, description, category, tags, language, thumbnailUrl, scheduledFor }: Listing) => ({
  sellerId, title, description, category, tags, language, thumbnailUrl,
  scheduledFor: scheduledFor === undefined ? undefined : Date.parse(scheduledFor),
})

export const livestreamScheduled = (event: FreshetEvent<'LivestreamScheduled'>): Effect[] =>
  [{ entity: event.subject, fields: given({ ...listing(event.data), status: 'SCHEDULED' }) }]

/** A stream that starts again has not ended. */
export const livestreamStarted = (event: FreshetEvent<'LivestreamStarted'>, at: number): Effect[] =>
  [{ entity: event.subject, fields: given({ ...listing(event.data), status: 'LIVE', startedAt: at, endedAt: null }) }]

export const livestreamChanged = (event: FreshetEvent<'LivestreamChanged'>): Effect[] =>
  [{ entity: event.subject, fields: given(listing(event.data)) }]

/** What runs in a stream ends with it, though nobody said so. */
export const livestreamEnded = (event: FreshetEvent<'LivestreamEnded'>, at: number): Effect[] =>
  [{ entity: event.subject, fields: { status: 'ENDED', endedAt: at, auctionActive: false, giveawayActive: false } }]

export const auctionStarted = ({ subject, data }: FreshetEvent<'AuctionStarted'>): Effect[] => [{
  entity: subject,
  fields: {
    auctionId: data.auctionId, auctionActive: true, currentBid: data.startingPrice, bidCurrency: data.currency,
    highestBidderId: null,
  },
}]

/** The latest bid is the highest: an auction takes no lower one. It does not reopen an auction. */
export function bidPlaced(event: FreshetEvent<'BidPlaced'>, at: number): Effect[] {
  const { amount, currency, userId, sellerId, category } = event.data
  const [livestream, ...others] = counted({
    livestream: event.subject, sellerId, userId, category, at,
    counts: [{ count: 'bids', at, amount: 1 }], affinity: { signal: 'engagements', amount: 1 },
  })
  return [{ ...livestream, fields: { currentBid: amount, bidCurrency: currency, highestBidderId: userId } }, ...others]
}

export const auctionEnded = ({ subject, data }: FreshetEvent<'AuctionEnded'>): Effect[] => [{
  entity: subject,
  fields: given({
    auctionActive: false, currentBid: data.amount, bidCurrency: data.currency, highestBidderId: data.winnerId,
  }),
}]

export const giveawayStarted = (event: FreshetEvent<'GiveawayStarted'>): Effect[] =>
  [{ entity: event.subject, fields: { giveawayActive: true } }]

export const giveawayEnded = (event: FreshetEvent<'GiveawayEnded'>): Effect[] =>
  [{ entity: event.subject, fields: { giveawayActive: false } }]
