import { featureNames, type FeatureName, type Features } from './features.ts'

/** A linear model over the features. */
export interface Model {
  /** Logged with every prediction. */
  name: string
  weights: Readonly<Record<FeatureName, number>>
}

/**
 * The blend that serves until one is learned. Taste and popularity lead, because a live feed is mostly of streams that a
 * person has never seen; what the person came back to before (sellers and categories, by recency and frequency) decides
 * among these. Weights were chosen on seeds 1 and 2 of the simulated market; `npm run bench:feed` judges them on others.
 */
export const blend: Model = {
  name: 'blend-1',
  weights: {
    recency: 0.4,
    frequency: 0.6,
    purchases: 0.6,
    follow: 0.5,
    category: 0.8,
    interest: 0.4,
    similarity: 2,
    popularity: 0.9,
    crowd: 0.4,
    freshness: 0.2,
    auction: 0.1,
    giveaway: 0.05,
    novelty: 0.05,
  },
}

export interface ScorePart {
  name: FeatureName
  value: number
  contribution: number
}

export function scoreOf(features: Features, { weights }: Model): number {
  let score = 0
  for (const name of featureNames) score += features[name] * weights[name]
  return score
}

/** What a score is made of, greatest first; parts that add nothing are left out. */
export function partsOf(features: Features, { weights }: Model): ScorePart[] {
  return featureNames
    .map((name) => ({ name, value: features[name], contribution: features[name] * weights[name] }))
    .filter(({ contribution }) => contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
}
