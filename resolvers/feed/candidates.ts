import { bitOf, type Candidate, type CandidateSource, type CandidateSources, type Profile } from '../../ranking/candidate.ts'
import { attention } from '../../ranking/features.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import type { Filter } from '../../search/filter.ts'
import { bothFilters } from '../filters.ts'
import { isLive, type LiveStream, type LiveStreams } from './live-streams.ts'
import type { LiveVectors } from './live-vectors.ts'

/** How many candidates these sources may bring; `LiveStreams` says it of the others. */
const limits = { sellers: 200, nearest: 100 }
/** So many of a person's strongest sellers and categories are looked at. */
const strongest = { sellers: 100, categories: 5 }

/** A vector of the person, in its space. */
export interface Taste {
  space: string
  values: Float32Array
}

export interface Found {
  stream: LiveStream
  sources: CandidateSources
  similarity: number | undefined
}

/**
 * Live streams that may matter to a person: of followed and repeat sellers, nearest to the person's vector, trending in
 * the person's categories and over all, and of sellers who are new. The index is asked for the nearest alone,
 * and where `vectors` knows them, for nothing.
 *
 * @param filter `validateFilter` has passed it
 * @param isNew whether a seller is so little known that it deserves a chance
 */
export async function findCandidates(
  { index, live, vectors }: { index: EntityIndex; live: LiveStreams; vectors?: Pick<LiveVectors, 'nearest'> | undefined },
  profile: Profile, taste: Taste | undefined, filter: Filter | undefined,
  { isNew, signal }: { isNew: (sellerId: string) => boolean; signal: AbortSignal | undefined },
): Promise<Map<string, Found>> {
  const accepts = filter && live.matcher(filter)
  const isMeant = (id: string): boolean => {
    const stream = live.get(id)
    return stream !== undefined && (!accepts || accepts(stream))
  }
  const near = taste && (vectors?.nearest(taste, limits.nearest, isMeant) ?? await askNearest())

  const found = new Map<string, Found>()
  const add = (stream: LiveStream, source: CandidateSource, similarity?: number) => {
    const known = found.get(stream.id)
    if (known) {
      known.sources |= bitOf(source)
      known.similarity ??= similarity
    } else found.set(stream.id, { stream, sources: bitOf(source), similarity })
  }

  let ofSellers = 0
  for (const sellerId of strongestSellers(profile)) {
    const affinity = profile.sellers.get(sellerId)
    for (const stream of live.ofSeller(sellerId)) {
      if (accepts && !accepts(stream)) continue
      if (++ofSellers > limits.sellers) break
      if (profile.follows.has(sellerId)) add(stream, 'FOLLOWED_SELLER')
      if (affinity && affinity.purchases > 0) add(stream, 'BOUGHT_BEFORE')
      if (affinity) add(stream, 'REPEAT_SELLER')
    }
  }
  for (const { id, similarity } of near ?? []) {
    const stream = live.get(id)
    if (stream) add(stream, 'SIMILAR_TO_TASTE', similarity)
  }
  const { inCategory, trending, newest } = live.standings(filter)
  for (const category of strongestCategories(profile))
    for (const stream of inCategory.get(category) ?? []) add(stream, 'TRENDING_IN_CATEGORY')
  for (const stream of trending) add(stream, 'TRENDING')
  for (const stream of newest) {
    const { sellerId } = stream.fields
    if (sellerId !== undefined && isNew(sellerId)) add(stream, 'NEW_SELLER')
  }
  return found

  async function askNearest(): Promise<{ id: string; similarity: number | undefined }[]> {
    const { hits } = await index.query({
      kind: 'livestream', filter: bothFilters(isLive, filter), limit: limits.nearest, withFields: false, signal,
      hybrid: { vector: taste as Taste, alpha: 1, fusion: 'relativeScore' },
    })
    return hits.map(({ entity: { id }, parts }) => ({ id, similarity: parts?.vector?.similarity }))
  }
}

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
  { stream: { id, fields }, sources, similarity }: Found, measured: { viewersNow: number; popularity: number }, vector?: Float32Array,
): Candidate {
  return {
    id,
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
