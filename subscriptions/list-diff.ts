/** An item and its place, from 0. */
export interface Placement {
  id: string
  rank: number
}

/**
 * What makes one ranked list of another. To be applied in this order: take out what was `removed` and what has `moved`; then
 * put what was `added` and what has `moved` at their ranks, the smallest rank first. Whose place changes by that alone is
 * not mentioned.
 */
export interface ListDiff {
  /** By rank. */
  added: readonly Placement[]
  removed: readonly string[]
  /** By rank. */
  moved: readonly Placement[]
}

/** The least that makes `after` of `before`; both without repetitions. */
export function diffOf(before: readonly string[], after: readonly string[]): ListDiff {
  const ranks = new Map(after.map((id, rank) => [id, rank]))
  const former = new Set(before)
  const kept = before.flatMap((id) => ranks.get(id) ?? [])
  const steady = longestRise(kept)
  return {
    added: after.flatMap((id, rank) => (former.has(id) ? [] : [{ id, rank }])),
    removed: before.filter((id) => !ranks.has(id)),
    moved: kept.filter((rank) => !steady.has(rank)).sort((a, b) => a - b).map((rank) => ({ id: after[rank] as string, rank })),
  }
}

export const isEmptyDiff = ({ added, removed, moved }: ListDiff): boolean => added.length + removed.length + moved.length === 0

/** The longest rising subsequence of distinct numbers: those that can stay where they are (patience sorting, n log n). */
function longestRise(numbers: readonly number[]): ReadonlySet<number> {
  // By length of a rise: where its smallest possible last number stands.
  const ends: number[] = []
  const previous: number[] = []
  for (const [at, number] of numbers.entries()) {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (numbers[ends[middle]!]! < number) low = middle + 1
      else high = middle
    }
    previous[at] = ends[low - 1] ?? -1
    ends[low] = at
  }
  const rise = new Set<number>()
  for (let at = ends.at(-1) ?? -1; at >= 0; at = previous[at]!) rise.add(numbers[at]!)
  return rise
}
