import type { Candidate, CandidateSource, Profile } from '../../ranking/candidate.ts'
import { attention } from '../../ranking/features.ts'
import type { EntityFields } from '../../search/entities.ts'
import type { EntityIndex, IndexPage, IndexQuery, StoredEntity } from '../../search/entity-index.ts'
import type { Filter } from '../../search/filter.ts'
import { bothFilters } from '../filters.ts'

/** How many candidates each source may bring. */
const limits = { sellers: 200, nearest: 100, category: 30, trending: 60, newest: 60 }
/** So many of a person's strongest sellers and categories are looked at. */
const strongest = { sellers: 100, categories: 5 }

const live: Filter = { field: 'status', op: 'eq', value: 'LIVE' }

/** A vector of the person, in its space. */
export interface Taste {
  space: string
  values: Float32Array
}

export interface Found {
  entity: StoredEntity
  sources: Set<CandidateSource>
  similarity: number | undefined
}

/** Lists that are the same for everybody, asked once for many feeds (`undefined` filter only). */
export type CommonLists = (name: string, ask: () => Promise<IndexPage>) => Promise<IndexPage>

/**
 * Live streams that may matter to a person: of followed and repeat sellers, nearest to the person's vector, trending in
 * the person's categories and over all, and of sellers who are new. All sources are asked at once.
 *
 * @param isNew whether a seller is so little known that it deserves a chance
 * @param common remembers what does not depend on the person for a moment
 */
export async function findCandidates(
  index: EntityIndex, profile: Profile, taste: Taste | undefined, filter: Filter | undefined,
  { isNew, signal, common }: { isNew: (sellerId: string) => boolean; signal: AbortSignal | undefined; common: CommonLists },
): Promise<Map<string, Found>> {
  const sellers = strongestSellers(profile)
  const categories = strongestCategories(profile)
  const ask = (also: Filter | undefined, rest: Pick<IndexQuery, 'limit' | 'orderBy' | 'hybrid'>) =>
    index.query({ kind: 'livestream', filter: bothFilters(bothFilters(live, also), filter), signal, ...rest })
  const mostPopular = [{ field: 'popularity', direction: 'desc' }] as const
  // A shared list must not end with the request that happened to ask for it.
  const shared = (name: string, also: Filter | undefined, rest: Pick<IndexQuery, 'limit' | 'orderBy'>) =>
    filter ? ask(also, rest)
      : common(name, () => index.query({ kind: 'livestream', filter: bothFilters(live, also), ...rest }))

  const [ofSellers, near, trending, newest, ...inCategories] = await Promise.all([
    sellers.length > 0 ? ask({ field: 'sellerId', op: 'in', value: sellers }, { limit: limits.sellers }) : undefined,
    taste ? ask(undefined, { limit: limits.nearest, hybrid: { vector: taste, alpha: 1, fusion: 'relativeScore' } }) : undefined,
    shared('trending', undefined, { limit: limits.trending, orderBy: mostPopular }),
    shared('newest', undefined, { limit: limits.newest, orderBy: [{ field: 'startedAt', direction: 'desc' }] }),
    ...categories.map((category) =>
      shared(`category ${category}`, { field: 'category', op: 'eq', value: category }, { limit: limits.category, orderBy: mostPopular })),
  ])

  const found = new Map<string, Found>()
  const add = (entity: StoredEntity, source: CandidateSource, similarity?: number) => {
    const known = found.get(entity.id)
    if (known) {
      known.sources.add(source)
      known.similarity ??= similarity
    } else found.set(entity.id, { entity, sources: new Set([source]), similarity })
  }

  for (const { entity } of ofSellers?.hits ?? []) {
    const sellerId = sellerOf(entity)
    if (sellerId === undefined) continue
    if (profile.follows.has(sellerId)) add(entity, 'FOLLOWED_SELLER')
    const affinity = profile.sellers.get(sellerId)
    if (affinity && affinity.purchases > 0) add(entity, 'BOUGHT_BEFORE')
    if (affinity) add(entity, 'REPEAT_SELLER')
  }
  for (const { entity, parts } of near?.hits ?? []) add(entity, 'SIMILAR_TO_TASTE', parts?.vector?.similarity)
  for (const page of inCategories) for (const { entity } of page?.hits ?? []) add(entity, 'TRENDING_IN_CATEGORY')
  for (const { entity } of trending?.hits ?? []) add(entity, 'TRENDING')
  for (const { entity } of newest?.hits ?? []) {
    const sellerId = sellerOf(entity)
    if (sellerId !== undefined && isNew(sellerId)) add(entity, 'NEW_SELLER')
  }
  return found
}

const sellerOf = ({ fields }: StoredEntity): string | undefined => (fields as EntityFields<'livestream'>).sellerId

const strongestSellers = ({ follows, sellers }: Profile): string[] => {
  const repeat = [...sellers.values()].sort((a, b) => attention(b) - attention(a)).slice(0, strongest.sellers)
  return [...new Set([...[...follows].slice(0, 500), ...repeat.map(({ id }) => id)])]
}

function strongestCategories({ categories, interests }: Profile): string[] {
  const repeat = [...categories.values()].sort((a, b) => attention(b) - attention(a)).map(({ id }) => id)
  return [...new Set([...repeat.slice(0, strongest.categories), ...interests])].slice(0, 2 * strongest.categories)
}

/** What ranking sees of a found livestream, with its metrics of this moment. */
export function toCandidate(
  { entity, sources, similarity }: Found, measured: { viewersNow: number; popularity: number }, vector?: Float32Array,
): Candidate {
  const fields = entity.fields as EntityFields<'livestream'>
  return {
    id: entity.id,
    sellerId: fields.sellerId,
    category: fields.category,
    startedAt: fields.startedAt,
    auctionActive: fields.auctionActive ?? false,
    giveawayActive: fields.giveawayActive ?? false,
    viewersNow: measured.viewersNow,
    popularity: measured.popularity,
    similarity,
    vector,
    sources,
  }
}
