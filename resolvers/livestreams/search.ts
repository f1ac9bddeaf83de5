import type { HybridQuery, IndexHit } from '../../search/entity-index.ts'
import { pageInfoOf, queryPage, type PageInfo } from '../connections.ts'
import type { RequestContext } from '../context.ts'
import { badInput, checkText } from '../errors.ts'
import { toFilter } from '../filters.ts'
import { directionOf } from '../near.ts'
import type { HybridInput, QuerySearchLivestreamsArgs } from './generated/types.ts'
import type { StoredEntity } from '../../search/entity-index.ts'

interface SearchEdge {
  cursor: string
  node: StoredEntity
  score: number
  scoreParts: { name: string; value: number; contribution: number }[]
}

/** `searchLivestreams`: hybrid search as a Relay connection whose edges explain their scores. */
export async function searchLivestreams(
  context: RequestContext, { hybrid, filter, first, after }: Pick<QuerySearchLivestreamsArgs, 'hybrid' | 'filter' | 'first' | 'after'>,
): Promise<{ edges: SearchEdge[]; nodes: StoredEntity[]; pageInfo: PageInfo }> {
  const page = await queryPage(context, {
    kind: 'livestream',
    hybrid: await toHybrid(context, hybrid),
    filter: toFilter(filter),
    limit: first,
    after: after ?? undefined,
  })
  for (const { entity } of page.hits) context.loaders.entity.livestream.prime(entity.id, entity)
  return {
    edges: page.hits.map(searchEdgeOf),
    nodes: page.hits.map(({ entity }) => entity),
    pageInfo: pageInfoOf(page, after),
  }
}

export const searchEdgeOf = (hit: IndexHit): SearchEdge =>
  ({ cursor: hit.cursor, node: hit.entity, score: hit.score, scoreParts: scorePartsOf(hit) })

const maxTextLength = 1_000

/** Embeds the text where the vector leg needs it, that is unless a vector is given or alpha shuts that leg off. */
export async function toHybrid(context: RequestContext, input: HybridInput): Promise<HybridQuery> {
  const { text, vector, model, alpha, fusion } = input
  const { embedder } = context.services
  const words = text?.trim() ? text : undefined
  if (words === undefined && !vector) throw badInput('"hybrid" needs "text", "vector" or both.')
  if (words !== undefined) checkText('hybrid.text', words, maxTextLength)
  if (alpha < 0 || alpha > 1) throw badInput(`"hybrid.alpha" must be from 0 (text alone) to 1 (vector alone), but is ${alpha}.`)
  if (model && model !== embedder.model && !vector && alpha > 0)
    throw badInput(`"hybrid.text" is embedded by "${embedder.model}"; to search the space "${model}" give a "vector" of that model.`)

  const query: HybridQuery = { alpha, fusion: fusion === 'RANKED' ? 'ranked' : 'relativeScore' }
  if (words !== undefined) query.text = words
  if (vector) query.vector = { space: model ?? embedder.model, values: directionOf('hybrid.vector', vector) }
  else if (words !== undefined && alpha > 0) {
    const [values] = await embedder.embed([words], context.signal)
    if (values) query.vector = { space: embedder.model, values }
  }
  return query
}

export function scorePartsOf({ parts }: IndexHit): SearchEdge['scoreParts'] {
  const found: SearchEdge['scoreParts'] = []
  if (parts?.text) found.push({ name: 'text', value: parts.text.score, contribution: parts.text.part })
  if (parts?.vector) found.push({ name: 'vector', value: parts.vector.similarity, contribution: parts.vector.part })
  return found
}
