import type { HybridQuery, ScoreParts } from './entity-index.ts'

/**
 * Fusion of the text leg and the vector leg of a hybrid query: pure, and the meaning that every adapter keeps to.
 * Weaviate computes the same: `rankedFusion` and `relativeScoreFusion`.
 */

/** One leg's find. Legs come best first. */
export interface LegHit {
  id: string
  score: number
}

export interface FusedHit {
  id: string
  score: number
  parts: ScoreParts
}

export interface Leg {
  hits: readonly LegHit[]
  weight: number
}

/** What a query fetches per leg at least: Weaviate's QUERY_HYBRID_MAXIMUM_RESULTS. */
const minimumDepth = 100

/**
 * How many hits each leg contributes. It depends on the first page's limit alone, never on how far a reader has paged:
 * with another depth the legs' minima move, and the order of pages with them. So the cursor carries it along.
 */
export const legDepth = (limit: number): number => Math.max(minimumDepth, limit)

const ranked = 60

/**
 * The weights of a query's legs; a leg of weight 0 is not run. A query with one leg is that leg alone, whatever alpha
 * says. A blank text is no leg.
 */
export function legWeights({ text, vector, alpha }: HybridQuery): { text: number; vector: number } {
  if (text === undefined || text.trim() === '') return { text: 0, vector: vector ? 1 : 0 }
  if (!vector) return { text: 1, vector: 0 }
  return { text: 1 - alpha, vector: alpha }
}

/** Each hit's share in the fused score, in the order of the leg. */
export function partsOf({ hits, weight }: Leg, fusion: HybridQuery['fusion']): number[] {
  if (fusion === 'ranked') return hits.map((_, rank) => weight / (ranked + rank))
  let min = Infinity
  let max = -Infinity
  for (const { score } of hits) {
    if (score < min) min = score
    if (score > max) max = score
  }
  return hits.map(({ score }) => (max === min ? weight : (weight * (score - min)) / (max - min)))
}

/** Best first; equal scores by id, ascending. */
export function fuse(legs: { text?: Leg; vector?: Leg }, fusion: HybridQuery['fusion']): FusedHit[] {
  const fused = new Map<string, FusedHit>()
  const hitOf = (id: string): FusedHit => {
    let hit = fused.get(id)
    if (!hit) fused.set(id, (hit = { id, score: 0, parts: {} }))
    return hit
  }
  if (legs.text) {
    const parts = partsOf(legs.text, fusion)
    legs.text.hits.forEach(({ id, score }, rank) => {
      const hit = hitOf(id)
      hit.parts.text = { score, part: parts[rank]! }
      hit.score += parts[rank]!
    })
  }
  if (legs.vector) {
    const parts = partsOf(legs.vector, fusion)
    legs.vector.hits.forEach(({ id, score }, rank) => {
      const hit = hitOf(id)
      hit.parts.vector = { similarity: score, part: parts[rank]! }
      hit.score += parts[rank]!
    })
  }
  return [...fused.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}
