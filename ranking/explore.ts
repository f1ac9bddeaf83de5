/** An item with the probability that it was shown at this place. */
export interface Placed<T> {
  item: T
  propensity: number
}

/**
 * Gives new sellers a chance that can be learned from: in every block of `every` places the last is drawn uniformly from
 * the explorable items that the ranking did not choose, and its probability is kept. Everything else stays in order with
 * probability 1.
 *
 * @param random uniform in [0, 1)
 */
export function explore<T>(
  ranked: readonly T[], explorable: readonly T[], { every, random }: { every: number; random: () => number },
): Placed<T>[] {
  const placed: Placed<T>[] = ranked.map((item) => ({ item, propensity: 1 }))
  const chosen = new Set(ranked)
  const pool = explorable.filter((item) => !chosen.has(item))
  for (let place = every - 1; place < placed.length && pool.length > 0; place += every) {
    const drawn = Math.floor(random() * pool.length)
    placed[place] = { item: pool[drawn]!, propensity: 1 / pool.length }
    pool.splice(drawn, 1)
  }
  return placed
}
