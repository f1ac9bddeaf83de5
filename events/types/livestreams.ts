import Type from 'typebox'
import { Amount, Currency, DateTime, Id, Label, Labels, Language, LongText, Title, Url } from './fields.ts'

const listing = {
  sellerId: Type.Optional(Id),
  title: Type.Optional(Title),
  description: Type.Optional(LongText),
  category: Type.Optional(Label),
  tags: Type.Optional(Labels),
  language: Type.Optional(Language),
  thumbnailUrl: Type.Optional(Url),
  scheduledFor: Type.Optional(DateTime),
}

export const LivestreamScheduled = Type.Object({ ...listing, sellerId: Id, title: Title })
/** May carry the listing of a stream that was never scheduled. */
export const LivestreamStarted = Type.Object(listing)
export const LivestreamChanged = Type.Object(listing)
export const LivestreamEnded = Type.Object({ reason: Type.Optional(Label) })

export const AuctionStarted = Type.Object({
  auctionId: Id,
  title: Type.Optional(Title),
  startingPrice: Amount,
  currency: Currency,
})
/** Carries seller and category, so that whom it counts for never depends on what was read before it. */
export const BidPlaced = Type.Object({
  auctionId: Id,
  userId: Id,
  sellerId: Id,
  category: Type.Optional(Label),
  amount: Amount,
  currency: Currency,
})
export const AuctionEnded = Type.Object({
  auctionId: Id,
  winnerId: Type.Optional(Id),
  amount: Type.Optional(Amount),
  currency: Type.Optional(Currency),
})
export const GiveawayStarted = Type.Object({ giveawayId: Id, title: Type.Optional(Title) })
export const GiveawayEnded = Type.Object({ giveawayId: Id, winnerIds: Type.Optional(Type.Array(Id, { maxItems: 100 })) })
