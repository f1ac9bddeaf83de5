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
  const explorable = scored.filter(({ candidate }) => candidate.sources.has('NEW_SELLER'))
  return explore(chosen, explorable, { every: exploreEvery, random })
}
