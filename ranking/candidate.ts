import type { Affinity } from '../search/metrics.ts'

/** Where a candidate was found. It may come from several sources; each becomes a reason that the person can be shown. */
export const candidateSources = [
  'FOLLOWED_SELLER', 'BOUGHT_BEFORE', 'REPEAT_SELLER', 'SIMILAR_TO_TASTE', 'TRENDING_IN_CATEGORY', 'TRENDING', 'NEW_SELLER',
] as const
export type CandidateSource = (typeof candidateSources)[number]

/** Some of these, one bit each, in their order: a feed looks at a thousand candidates, and most of them are never shown. */
export type CandidateSources = number

const bits = Object.fromEntries(candidateSources.map((source, place) => [source, 1 << place])) as Record<CandidateSource, CandidateSources>

/** The bit of a source. */
export const bitOf = (source: CandidateSource): CandidateSources => bits[source]

export const hasSource = (sources: CandidateSources, source: CandidateSource): boolean => (sources & bitOf(source)) !== 0

export const sourcesIn = (sources: CandidateSources): CandidateSource[] => candidateSources.filter((source) => hasSource(sources, source))

/** A livestream that may be shown, with all that ranking knows of it: values as of the moment of ranking. */
export interface Candidate {
  id: string
  sellerId: string | undefined
  category: string | undefined
  /** ms since the epoch */
  startedAt: number | undefined
  auctionActive: boolean
  giveawayActive: boolean
  viewersNow: number
  /** Decayed popularity, on a logarithmic scale already (ingest/metrics/popularity.ts). */
  popularity: number
  /** Cosine similarity to the person's vector; undefined where one of both has none. */
  similarity: number | undefined
  /** Unit vector for diversity; undefined where there is none. */
  vector: Float32Array | undefined
  sources: CandidateSources
}

/** What ranking knows of the person. */
export interface Profile {
  follows: ReadonlySet<string>
  sellers: ReadonlyMap<string, Affinity>
  categories: ReadonlyMap<string, Affinity>
  /** Categories that the person says to like. */
  interests: ReadonlySet<string>
}
