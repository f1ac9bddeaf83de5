import type { EntityIndex } from '../../search/entity-index.ts'

/** How long it is remembered which vector spaces there are, ms. */
const ttlMs = 10_000

/**
 * The vector spaces that there are, the texts' own last: vectors that were computed from behaviour say more of a person's
 * taste than those of their texts. They seldom change: once they are known, nobody waits for the next answer.
 */
export function vectorSpaces(
  { index, textSpace, clock }: { index: Pick<EntityIndex, 'stats'>; textSpace: string; clock: () => number },
): () => Promise<readonly string[]> {
  let known: { names: Promise<readonly string[]>; until: number } | undefined

  async function ask(): Promise<readonly string[]> {
    const { spaces } = await index.stats()
    return [...Object.keys(spaces).filter((name) => name !== textSpace).sort(), textSpace]
  }

  return () => {
    const now = clock()
    const former = known?.names
    if (known && known.until >= now) return known.names
    const asked = ask()
    const keep = (names: Promise<readonly string[]> | undefined) => {
      known = names && { names, until: now + ttlMs }
    }
    keep(former ?? asked)
    asked.then(() => keep(asked), () => keep(former))
    return former ?? asked
  }
}
