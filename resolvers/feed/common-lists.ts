import type { EntityChanged } from '../../ingest/changes.ts'
import type { IndexPage } from '../../search/entity-index.ts'

/** Most lists that are remembered at once. */
const maxLists = 1_000

/** What the lists are made by; popularity is left to `ttlMs`, since the index's copy of it is older anyway. */
const decisive = ['status', 'category', 'startedAt']

/** Whether who is in a list, rather than where, may be another after this change. */
export const changesLists = ({ entity, operation, changed }: Pick<EntityChanged, 'entity' | 'operation' | 'changed'>): boolean =>
  entity.startsWith('livestream:') && (operation !== 'updated' || decisive.some((field) => field in changed))

/**
 * Remembers lists that do not depend on the person, for `ttlMs`: many feeds a second then cost the index a few queries
 * instead of a few each. Who is shown is still checked when answering. What failed is forgotten at once.
 *
 * @param clock milliseconds since the epoch
 */
export function createCommonLists({ ttlMs, clock }: { ttlMs: number; clock: () => number }) {
  const lists = new Map<string, { page: Promise<IndexPage>; until: number }>()
  const common = (name: string, ask: () => Promise<IndexPage>): Promise<IndexPage> => {
    const now = clock()
    const known = lists.get(name)
    if (known && known.until > now) return known.page
    if (lists.size >= maxLists) for (const [key, { until }] of lists) if (until <= now) lists.delete(key)
    const page = ask()
    if (lists.size < maxLists || known) lists.set(name, { page, until: now + ttlMs })
    page.catch(() => {
      if (lists.get(name)?.page === page) lists.delete(name)
    })
    return page
  }
  /** What is applied must be in the next answer: to be called once `changesLists` holds for a change. */
  const forget = (): void => lists.clear()
  return Object.assign(common, { forget })
}
