import { hasSource, type Candidate, type Profile } from './candidate.ts'
import { diversify, type Diversity, type Scored } from './diversify.ts'
import { explore, type Placed } from './explore.ts'
import { featuresOf, scalesOf, type Features } from './features.ts'
import { partsOf, scoreOf, type Model, type ScorePart } from './score.ts'

export interface Ranked extends Scored {
  features: Features
  parts: readonly ScorePart[]
}

export interface RankOptions {
  model: Model
  diversity: Diversity
  /** One place in so many explores new sellers; 0 turns exploration off. */
  exploreEvery: number
  /** How many items are wanted. */
  count: number
  /** The moment, ms since the epoch. */
  now: number
  /** Uniform in [0, 1). */
  random: () => number
}

export const defaultDiversity: Diversity = { lambda: 0.85, perSeller: 2 }

/** Scores of all candidates, best first (ties by id). */
export function scoreAll(candidates: readonly Candidate[], profile: Profile, model: Model, now: number, scales = scalesOf(candidates, profile)): Scored[] {
  const features = {}
  return candidates
    .map((candidate) => ({ candidate, score: scoreOf(featuresOf(candidate, profile, scales, now, features), model) }))
    .sort((a, b) => b.score - a.score || (a.candidate.id < b.candidate.id ? -1 : 1))
}

/** Candidates → score → diversify → explore. Pure: the same input gives the same feed. */
export function rank(candidates: readonly Candidate[], profile: Profile, options: RankOptions): Placed<Ranked>[] {
  const { model, diversity, exploreEvery, count, now, random } = options
  const scales = scalesOf(candidates, profile)
  const scored = scoreAll(candidates, profile, model, now, scales)
  const chosen = diversify(scored, count, diversity)
  const placed = exploreEvery === 0
    ? chosen.map((item) => ({ item, propensity: 1 }))
    : explore(chosen, explorableOf(scored, chosen, diversity), { every: exploreEvery, random })
  return placed.map(({ item, propensity }) => {
    const features = featuresOf(item.candidate, profile, scales, now)
    return { item: { ...item, features, parts: partsOf(features, model) }, propensity }
  })
}

/** What may be tried beside what was chosen: one stream, the best, of each new seller who is below the cap. */
function explorableOf(scored: readonly Scored[], chosen: readonly Scored[], { perSeller }: Diversity): Scored[] {
  const ofSeller = new Map<string | undefined, number>()
  for (const { candidate: { sellerId } } of chosen) ofSeller.set(sellerId, (ofSeller.get(sellerId) ?? 0) + 1)
  const already = new Set(chosen)
  const tried = new Set<string | undefined>()
  return scored.filter((item) => {
    const { sellerId, sources } = item.candidate
    if (!hasSource(sources, 'NEW_SELLER') || already.has(item) || tried.has(sellerId) || (ofSeller.get(sellerId) ?? 0) >= perSeller) return false
    tried.add(sellerId)
    return true
  })
}
