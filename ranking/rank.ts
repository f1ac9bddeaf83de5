import type { Candidate, Profile } from './candidate.ts'
import { diversify, type Diversity } from './diversify.ts'
import { explore, type Placed } from './explore.ts'
import { featuresOf, scalesOf, type Features } from './features.ts'
import { scoreOf, type Model, type ScorePart } from './score.ts'

export interface Ranked {
  candidate: Candidate
  features: Features
  score: number
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

/** Features and scores of all candidates, best first (ties by id). */
export function scoreAll(candidates: readonly Candidate[], profile: Profile, model: Model, now: number): Ranked[] {
  const scales = scalesOf(candidates, profile)
  return candidates
    .map((candidate): Ranked => {
      const features = featuresOf(candidate, profile, scales, now)
      return { candidate, features, ...scoreOf(features, model) }
    })
    .sort((a, b) => b.score - a.score || (a.candidate.id < b.candidate.id ? -1 : 1))
}

/** Candidates → score → diversify → explore. Pure: the same input gives the same feed. */
export function rank(candidates: readonly Candidate[], profile: Profile, options: RankOptions): Placed<Ranked>[] {
  const { model, diversity, exploreEvery, count, now, random } = options
  const scored = scoreAll(candidates, profile, model, now)
  const chosen = diversify(scored, count, diversity)
  if (exploreEvery === 0) return chosen.map((item) => ({ item, propensity: 1 }))
  return explore(chosen, explorableOf(scored, chosen, diversity), { every: exploreEvery, random })
}

/** What may be tried beside what was chosen: one stream, the best, of each new seller who is below the cap. */
function explorableOf(scored: readonly Ranked[], chosen: readonly Ranked[], { perSeller }: Diversity): Ranked[] {
  const ofSeller = new Map<string | undefined, number>()
  for (const { candidate: { sellerId } } of chosen) ofSeller.set(sellerId, (ofSeller.get(sellerId) ?? 0) + 1)
  const already = new Set(chosen)
  const tried = new Set<string | undefined>()
  return scored.filter((item) => {
    const { sellerId, sources } = item.candidate
    if (!sources.has('NEW_SELLER') || already.has(item) || tried.has(sellerId) || (ofSeller.get(sellerId) ?? 0) >= perSeller) return false
    tried.add(sellerId)
    return true
  })
}
