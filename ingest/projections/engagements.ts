import { entityKey } from '../../events/entity.ts'
import type { FreshetEvent } from '../../events/vocabulary.ts'
import { tieOf } from '../stamp.ts'
import type { AffinitySignal, CounterName, Effect, Increment } from '../effects.ts'
import { counted } from './counted.ts'

type Engagement = 'LivestreamViewed' | 'ChatPosted' | 'LivestreamLiked' | 'LivestreamShared' | 'PurchaseMade'

function engaged(
  { subject, data }: FreshetEvent<Engagement>, at: number, counts: readonly Increment[], signal: AffinitySignal, amount: number,
): Effect[] {
  const { sellerId, userId, category } = data
  return counted({ livestream: subject, sellerId, userId, category, at, counts, affinity: { signal, amount } })
}

const one = (count: CounterName, at: number): Increment => ({ count, at, amount: 1 })

/** A person counts as their own viewer too: 1 while they watch anything. */
export function livestreamViewed(event: FreshetEvent<'LivestreamViewed'>, at: number): Effect[] {
  const { userId, watchSeconds } = event.data
  const counts: Increment[] = [one('views', at), { viewer: userId, at }]
  if (watchSeconds > 0) counts.push({ count: 'watchSeconds', at, amount: watchSeconds })
  return engaged(event, at, counts, 'watchSeconds', watchSeconds)
}

export const chatPosted = (event: FreshetEvent<'ChatPosted'>, at: number): Effect[] =>
  engaged(event, at, [one('chats', at)], 'engagements', 1)

export const livestreamLiked = (event: FreshetEvent<'LivestreamLiked'>, at: number): Effect[] =>
  engaged(event, at, [one('likes', at)], 'engagements', 1)

export const livestreamShared = (event: FreshetEvent<'LivestreamShared'>, at: number): Effect[] =>
  engaged(event, at, [one('shares', at)], 'engagements', 1)

/** An order counts once, whatever its quantity; `amount` is the whole order's, in minor units of its own currency. */
export function purchaseMade(event: FreshetEvent<'PurchaseMade'>, at: number): Effect[] {
  const counts: Increment[] = [one('purchases', at), { count: 'revenue', at, amount: event.data.amount }]
  return engaged(event, at, counts, 'purchases', 1)
}

/** Following says nothing of the stream (or seller) itself, which is why its effect is empty. */
function follow(event: FreshetEvent<'SellerFollowed' | 'SellerUnfollowed'>, at: number, following: boolean): Effect[] {
  const { userId, sellerId } = event.data
  return [
    { entity: event.subject },
    { entity: entityKey('user', userId), increments: [{ follow: sellerId, following, at, tie: tieOf(event) }] },
  ]
}

export const sellerFollowed = (event: FreshetEvent<'SellerFollowed'>, at: number): Effect[] => follow(event, at, true)
export const sellerUnfollowed = (event: FreshetEvent<'SellerUnfollowed'>, at: number): Effect[] => follow(event, at, false)
