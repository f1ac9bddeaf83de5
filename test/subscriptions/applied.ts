import type { ListDiff } from '../../subscriptions/list-diff.ts'

/** A list after a diff, as clients are told to apply it. */
export function applied(before: readonly string[], { added, removed, moved }: ListDiff): string[] {
  const out = new Set([...removed, ...moved.map(({ id }) => id)])
  const list = before.filter((id) => !out.has(id))
  for (const { id, rank } of [...added, ...moved].sort((a, b) => a.rank - b.rank)) list.splice(rank, 0, id)
  return list
}
