import type { Affinity } from '../search/metrics.ts'
import { hasSource, type Candidate, type Profile } from './candidate.ts'

/** The features of a candidate for a person, each 0…1. They are logged with what was served, and learned from later. */
export const featureNames = [
  'recency', 'frequency', 'purchases', 'follow', 'category', 'interest', 'similarity', 'popularity', 'crowd', 'freshness',
  'auction', 'giveaway', 'novelty',
] as const
export type FeatureName = (typeof featureNames)[number]
export type Features = Readonly<Record<FeatureName, number>>

/** What turns raw values into 0…1, taken over all candidates of one ranking. */
export interface Scales {
  popularity: number
  crowd: number
  sellerWatch: number
  categoryWatch: number
}

export function scalesOf(candidates: readonly Candidate[], profile: Profile): Scales {
  const greatest = (values: Iterable<number>) => {
    let most = 0
    for (const value of values) most = Math.max(most, value)
    return most
  }
  return {
    popularity: greatest(candidates.map(({ popularity }) => popularity)),
    crowd: Math.log1p(greatest(candidates.map(({ viewersNow }) => viewersNow))),
    sellerWatch: Math.log1p(greatest(profile.sellers.values().map(attention))),
    categoryWatch: Math.log1p(greatest(profile.categories.values().map(attention))),
  }
}

const hour = 3_600_000

/** Half-lives of what was long ago (recency of a seller) and of what began long ago (freshness of a stream), ms. */
const recencyHalfLife = 24 * hour
const freshnessHalfLife = hour / 2

/** Features as of `now` (ms), written into `into` where it is given: of most candidates nobody wants more than the score. */
export function featuresOf(
  candidate: Candidate, profile: Profile, scales: Scales, now: number, into: Partial<Record<FeatureName, number>> = {},
): Features {
  const seller = candidate.sellerId === undefined ? undefined : profile.sellers.get(candidate.sellerId)
  const category = candidate.category === undefined ? undefined : profile.categories.get(candidate.category)
  into.recency = seller ? halved(now - seller.lastAt, recencyHalfLife) : 0
  into.frequency = seller ? scaled(attention(seller), scales.sellerWatch) : 0
  into.purchases = seller ? seller.purchases / (seller.purchases + 1) : 0
  into.follow = candidate.sellerId !== undefined && profile.follows.has(candidate.sellerId) ? 1 : 0
  into.category = category ? scaled(attention(category), scales.categoryWatch) : 0
  into.interest = candidate.category !== undefined && profile.interests.has(candidate.category) ? 1 : 0
  // Rounding takes a cosine a little beyond 1.
  into.similarity = Math.min(1, Math.max(0, candidate.similarity ?? 0))
  into.popularity = scales.popularity > 0 ? candidate.popularity / scales.popularity : 0
  into.crowd = scaled(candidate.viewersNow, scales.crowd)
  into.freshness = candidate.startedAt === undefined ? 0 : halved(now - candidate.startedAt, freshnessHalfLife)
  into.auction = candidate.auctionActive ? 1 : 0
  into.giveaway = candidate.giveawayActive ? 1 : 0
  into.novelty = hasSource(candidate.sources, 'NEW_SELLER') ? 1 : 0
  return into as Features
}

/** One measure of attention, in seconds watched: an engagement is worth half a minute of it, a purchase ten minutes. */
export const attention = ({ watchSeconds, engagements, purchases }: Affinity): number =>
  watchSeconds + 30 * engagements + 600 * purchases

const scaled = (value: number, logOfGreatest: number): number => (logOfGreatest > 0 ? Math.log1p(value) / logOfGreatest : 0)

const halved = (age: number, halfLife: number): number => 2 ** (-Math.max(0, age) / halfLife)
