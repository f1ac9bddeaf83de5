import { featureNames, type FeatureName, type Features } from './features.ts'

/** A linear model over the features. */
export interface Model {
  /** Logged with every prediction. */
  name: string
  weights: Readonly<Record<FeatureName, number>>
}

/**
 * The blend that serves until one is learned. Repeat consumption (recency and frequency of a seller) leads, as it does
 * in measurements on live streams; taste and popularity carry those of whom little is known yet.
 */
export const blend: Model = {
  name: 'blend-1',
  weights: {
    recency: 0.6,
    frequency: 0.9,
    purchases: 0.7,
    follow: 0.6,
    category: 0.9,
    interest: 0.4,
    similarity: 1.2,
    popularity: 0.5,
    crowd: 0.2,
    freshness: 0.15,
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

/** The score and what it is made of, greatest first; parts that add nothing are left out. */
export function scoreOf(features: Features, model: Model): { score: number; parts: ScorePart[] } {
  let score = 0
  const parts: ScorePart[] = []
  for (const name of featureNames) {
    const value = features[name]
    const contribution = value * model.weights[name]
    score += contribution
    if (contribution !== 0) parts.push({ name, value, contribution })
  }
  return { score, parts: parts.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)) }
}
