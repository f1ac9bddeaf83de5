import type { Candidate } from './candidate.ts'

export interface Scored {
  candidate: Candidate
  score: number
}

export interface Diversity {
  /** Weight of the score against likeness to what is already chosen: 1 is the score alone. */
  lambda: number
  /** Most items of one seller in `count`. */
  perSeller: number
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998) with a cap per seller: picks, one after the other, the
 * item with the greatest `lambda · score − (1 − lambda) · likeness to the most similar item already chosen`. Scores are
 * scaled to 0…1 first. Items over the cap are left out, also where fewer than `count` remain.
 *
 * Each round compares with the last chosen item only (the greatest likeness so far is remembered), so `count` picks
 * from n cost count · n comparisons.
 */
export function diversify<T extends Scored>(items: readonly T[], count: number, { lambda, perSeller }: Diversity): T[] {
  const chosen: T[] = []
  const scale = items.reduce((most, { score }) => Math.max(most, score), 0) || 1
  const open = items.map((item) => ({ item, relevance: item.score / scale, likeness: 0 }))
  const ofSeller = new Map<string, number>()

  while (chosen.length < count && open.length > 0) {
    let best = -1
    let bestValue = -Infinity
    for (let index = 0; index < open.length; index++) {
      const { item, relevance, likeness } = open[index]!
      const value = lambda * relevance - (1 - lambda) * likeness
      if (value > bestValue || (value === bestValue && item.candidate.id < open[best]!.item.candidate.id)) {
        best = index
        bestValue = value
      }
    }
    const { item } = open[best]!
    open[best] = open.at(-1)!
    open.pop()

    const { sellerId } = item.candidate
    if (sellerId !== undefined) {
      const already = ofSeller.get(sellerId) ?? 0
      if (already >= perSeller) continue
      ofSeller.set(sellerId, already + 1)
    }
    chosen.push(item)
    for (const other of open) other.likeness = Math.max(other.likeness, likenessOf(item.candidate, other.item.candidate))
  }
  return chosen
}

/** 1 for the same seller, else the cosine of the vectors where both have one, and at least 0.5 within a category. */
export function likenessOf(a: Candidate, b: Candidate): number {
  if (a.sellerId !== undefined && a.sellerId === b.sellerId) return 1
  const sameCategory = a.category !== undefined && a.category === b.category ? 0.5 : 0
  if (!a.vector || !b.vector || a.vector.length !== b.vector.length) return sameCategory
  let dot = 0
  for (let i = 0; i < a.vector.length; i++) dot += a.vector[i]! * b.vector[i]!
  return Math.min(1, Math.max(sameCategory, dot))
}
