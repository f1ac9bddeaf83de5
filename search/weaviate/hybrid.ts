import type { FilterValue } from 'weaviate-client'
import { decodeCursor, encodeCursor, queryFingerprint } from '../cursors.ts'
import { nameOnly, type HybridQuery, type IndexHit, type IndexPage, type IndexQuery } from '../entity-index.ts'
import { fuse, legWeights, type Leg, type LegHit } from '../fusion.ts'
import { firstPosition, hybridPosition, startAfter } from '../hybrid-position.ts'
import { foldFilter } from '../matches.ts'
import { toWeaviate } from './filters.ts'
import { idProperty, searchedProperties } from './properties.ts'
import { entitiesOf } from './reader.ts'
import type { Target } from './target.ts'
import { wordsOf } from './texts.ts'

/**
 * Hybrid queries. The legs are two searches at the same time, fused here: the server's own hybrid search gives raw scores
 * only as prose (`explainScore`), and with one fusion for all adapters a page's order is the same whichever serves it. It
 * costs little: 5.8 ms of the server's time against 5.4 for its own (3,000 objects, two filters, 20 hits).
 */
export async function hybridPage(target: Target, query: IndexQuery, hybrid: HybridQuery): Promise<IndexPage> {
  const fingerprint = queryFingerprint(query)
  const from = query.after === undefined
    ? firstPosition(query.limit)
    : hybridPosition(decodeCursor(fingerprint, query.after))
  const filter = query.filter ? foldFilter(query.filter) : true
  if (filter === false) return { hits: [], hasNextPage: false }
  const fused = fuse(await legsOf(target, query, hybrid, from.depth, filter === true ? undefined : toWeaviate(query.kind, filter)), hybrid.fusion)
  const start = startAfter(fused, from)
  const page = fused.slice(start, start + query.limit)
  const entities = query.withFields === false ? undefined
    : await entitiesOf(target, query.kind, page.map(({ id }) => id), query.withVectors, query.signal)
  const hits = page.flatMap((hit, index): IndexHit[] => {
    const entity = entities ? entities.get(hit.id) : nameOnly(query.kind, hit.id)
    // Deleted since the legs were run.
    if (!entity) return []
    return [{ entity, score: hit.score, parts: hit.parts, cursor: encodeCursor(fingerprint, [from.depth, start + index + 1, hit.id]) }]
  })
  return { hits, hasNextPage: hits.length > 0 && fused.length > start + page.length }
}

async function legsOf(
  target: Target, query: IndexQuery, hybrid: HybridQuery, depth: number, filters: FilterValue | undefined,
): Promise<{ text?: Leg; vector?: Leg }> {
  const weights = legWeights(hybrid)
  const [text, vector] = await Promise.all([
    weights.text > 0 ? textLeg(target, query, hybrid.text!, depth, filters) : undefined,
    weights.vector > 0 ? vectorLeg(target, query, hybrid.vector!, depth, filters) : undefined,
  ])
  return {
    ...(text && { text: { hits: text, weight: weights.text } }),
    ...(vector && { vector: { hits: vector, weight: weights.vector } }),
  }
}

/**
 * The server (1.38) takes little more than the limit's best of each property and adds them up, so that a text which is
 * middling in two properties loses one of its scores. Of 10,000 texts its best 20 were 75% of the exact ones; asked for
 * 2.5 times as many, 89%. (Its BLOCKMAX_WAND_PER_SEGMENT_LIMIT does the same for less, where one may set it.)
 */
const reach = 2.5

async function textLeg(
  target: Target, { kind, signal }: IndexQuery, text: string, limit: number, filters: FilterValue | undefined,
): Promise<LegHit[]> {
  const words = wordsOf(text)
  if (words === '') return []
  const { objects } = await target.connection.read(target.nameOf(kind), signal, (collection, abortSignal) =>
    collection.query.bm25(words, {
      queryProperties: searchedProperties(kind), limit: Math.ceil(limit * reach), ...(filters && { filters }),
      returnProperties: [idProperty], returnMetadata: ['score'],
    }, { abortSignal }))
  return sorted(objects.map(({ properties, metadata }) => ({ id: String(properties[idProperty]), score: metadata?.score ?? 0 }))).slice(0, limit)
}

async function vectorLeg(
  target: Target, { kind, signal }: IndexQuery, { space, values }: NonNullable<HybridQuery['vector']>, limit: number,
  filters: FilterValue | undefined,
): Promise<LegHit[] | undefined> {
  const [known] = await target.vectorsOf(kind, [space], signal)
  if (!known) return undefined
  const { objects } = await target.connection.read(target.nameOf(kind), signal, (collection, abortSignal) =>
    collection.query.nearVector(Array.from(values), {
      targetVector: known.vector, limit, ...(filters && { filters }),
      returnProperties: [idProperty], returnMetadata: ['distance'],
    }, { abortSignal }))
  return sorted(objects.map(({ properties, metadata }) => ({ id: String(properties[idProperty]), score: 1 - (metadata?.distance ?? 1) })))
}

/** The engine breaks ties by the order of insertion. */
const sorted = (hits: LegHit[]): LegHit[] => hits.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
