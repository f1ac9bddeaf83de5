import Type from 'typebox'
import { Amount, Currency, Id, Label } from './fields.ts'

/**
 * What a person did in a stream. Each carries the person, the seller and (where known) the category, so that whom it
 * counts for never depends on what was read before it; and the feed that led there, for learning from outcomes.
 */
const engagement = {
  userId: Id,
  sellerId: Id,
  category: Type.Optional(Label),
  feedId: Type.Optional(Id),
  /** Rank of the stream in that feed, from 0. */
  position: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
}

/** A heartbeat while somebody watches: the seconds watched since the former one. */
export const LivestreamViewed = Type.Object({ ...engagement, watchSeconds: Type.Integer({ minimum: 0, maximum: 86_400 }) })
export const ChatPosted = Type.Object({ ...engagement, message: Type.String({ minLength: 1, maxLength: 2_000 }) })
export const LivestreamLiked = Type.Object(engagement)
export const SellerFollowed = Type.Object(engagement)
export const SellerUnfollowed = Type.Object(engagement)
export const LivestreamShared = Type.Object({ ...engagement, channel: Type.Optional(Label) })
export const PurchaseMade = Type.Object({
  ...engagement,
  orderId: Id,
  amount: Amount,
  currency: Currency,
  quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
})
