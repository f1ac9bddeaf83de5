import type { CounterName } from '../effects.ts'

/**
 * What popularity is made of, in seconds watched: a chat or like shows more attention than a moment of watching, a bid more
 * than a chat, a purchase most. Applied to the decayed totals (half-life one hour), so popularity falls as time passes.
 */
const worth: Partial<Record<CounterName, number>> = { watchSeconds: 1, chats: 20, likes: 10, shares: 60, bids: 60, purchases: 300 }

/** Popularity of an entity from its decayed totals: the one definition for index copies, filters, orderings and ranking. */
export function popularityOf(decayed: Readonly<Record<CounterName, number>>): number {
  let popularity = 0
  for (const name in worth) popularity += (worth[name as CounterName] ?? 0) * decayed[name as CounterName]
  return popularity
}
