import { decodeCursor, encodeCursor, queryFingerprint, type CursorPosition } from '../cursors.ts'
import { nameOnly, type IndexHit, type IndexPage, type IndexQuery, type Ordering } from '../entity-index.ts'
import { badPosition } from '../hybrid-position.ts'
import { foldFilter } from '../matches.ts'
import { toWeaviate } from './filters.ts'
import { OrderedSearch, valueOf, type Position } from './ordered.ts'
import type { Target } from './target.ts'

/** Listings: pages that begin after a hit's values, not at an offset, so that writes between two pages shift nothing. */
export async function listing(target: Target, query: IndexQuery): Promise<IndexPage> {
  const fingerprint = queryFingerprint(query)
  const orderings = totalOrder(query)
  const after = query.after === undefined ? undefined : positionIn(decodeCursor(fingerprint, query.after), orderings)
  const filter = query.filter ? foldFilter(query.filter) : true
  if (filter === false) return { hits: [], hasNextPage: false }
  const search = new OrderedSearch(target, query, orderings, filter === true ? [] : [toWeaviate(query.kind, filter)])
  const entities = await search.find(after, query.limit + 1)
  const hits = entities.slice(0, query.limit).map((entity): IndexHit =>
    ({ entity: query.withFields === false ? nameOnly(query.kind, entity.id) : entity, score: 0, cursor: encodeCursor(fingerprint, orderings.map(({ field }) => valueOf(entity, field))) }))
  return { hits, hasNextPage: entities.length > query.limit }
}

/** Every listing ends with the id: a total order is what makes cursors exact. */
function totalOrder({ orderBy = [] }: IndexQuery): readonly Ordering[] {
  const byId = orderBy.findIndex(({ field }) => field === 'id')
  return byId < 0 ? [...orderBy, { field: 'id', direction: 'asc' }] : orderBy.slice(0, byId + 1)
}

function positionIn(position: CursorPosition, orderings: readonly Ordering[]): Position {
  const valid = position.length === orderings.length && position.every((value) => typeof value !== 'boolean') && position.at(-1) !== null
  return valid ? position as Position : badPosition()
}
