import type { Affinity } from '../search/metrics.ts'
import type { Candidate, Profile } from './candidate.ts'

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

/** Features as of `now` (ms). Pure: everything that it knows is passed in. */
export function featuresOf(candidate: Candidate, profile: Profile, scales: Scales, now: number): Features {
  const seller = candidate.sellerId === undefined ? undefined : profile.sellers.get(candidate.sellerId)
  const category = candidate.category === undefined ? undefined : profile.categories.get(candidate.category)
  return {
    recency: seller ? halved(now - seller.lastAt, recencyHalfLife) : 0,
    frequency: seller ? scaled(attention(seller), scales.sellerWatch) : 0,
    purchases: seller ? seller.purchases / (seller.purchases + 1) : 0,
    follow: candidate.sellerId !== undefined && profile.follows.has(candidate.sellerId) ? 1 : 0,
    category: category ? scaled(attention(category), scales.categoryWatch) : 0,
    interest: candidate.category !== undefined && profile.interests.has(candidate.category) ? 1 : 0,
    // Rounding takes a cosine a little beyond 1.
    similarity: Math.min(1, Math.max(0, candidate.similarity ?? 0)),
    popularity: scales.popularity > 0 ? candidate.popularity / scales.popularity : 0,
    crowd: scaled(candidate.viewersNow, scales.crowd),
    freshness: candidate.startedAt === undefined ? 0 : halved(now - candidate.startedAt, freshnessHalfLife),
    auction: candidate.auctionActive ? 1 : 0,
    giveaway: candidate.giveawayActive ? 1 : 0,
    novelty: candidate.sources.has('NEW_SELLER') ? 1 : 0,
  }
}

/** One measure of attention, in seconds watched: an engagement is worth half a minute of it, a purchase ten minutes. */
export const attention = ({ watchSeconds, engagements, purchases }: Affinity): number =>
  watchSeconds + 30 * engagements + 600 * purchases

const scaled = (value: number, logOfGreatest: number): number => (logOfGreatest > 0 ? Math.log1p(value) / logOfGreatest : 0)

const halved = (age: number, halfLife: number): number => 2 ** (-Math.max(0, age) / halfLife)
