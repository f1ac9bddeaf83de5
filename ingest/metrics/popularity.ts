import { decayedValue, viewersNow } from './read.ts'
import type { Metrics } from './index.ts'

/**
 * How much goes on at an entity, one number for orderings and filters of the index (its rate-limited copy): people there
 * now, and what happened within the last hours, decayed. Deeds that cost more effort or money weigh more; the logarithm
 * keeps a giant from being a million times a dwarf. Not the feed's ranking, which has scores of its own.
 */
export function popularityOf(state: Metrics, now: number): number {
  let weight = 10 * viewersNow(state, now)
  for (const [name, factor] of weights) weight += factor * decayedValue(state, name, now)
  return Math.log1p(weight)
}

const weights = [
  ['views', 0.1], ['likes', 1], ['chats', 1], ['shares', 3], ['bids', 5], ['purchases', 20],
] as const
