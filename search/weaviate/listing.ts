import { Filters, type FilterValue } from 'weaviate-client'
import type { EntityKind } from '../../events/entity.ts'
import { decodeCursor, encodeCursor, queryFingerprint, type CursorPosition } from '../cursors.ts'
import { fieldOf } from '../entities.ts'
import { InvalidCursorError, type IndexHit, type IndexPage, type IndexQuery, type Ordering, type StoredEntity } from '../entity-index.ts'
import { foldFilter } from '../matches.ts'
import { compareValue, isMissing, toWeaviate } from './filters.ts'
import { comparedProperty, heldProperty } from './properties.ts'
import { entityIn, fetchObjects, returned, type FetchOptions } from './reader.ts'
import type { Target } from './target.ts'

/** Listings: pages that begin after a hit's values, not at an offset, so that writes between two pages shift nothing. */
export async function listing(target: Target, query: IndexQuery): Promise<IndexPage> {
  const { kind, withVectors } = query
  const fingerprint = queryFingerprint(query)
  const orderings = totalOrder(query)
  const conditions: FilterValue[] = []
  if (query.after !== undefined) conditions.push(isAfter(kind, orderings, positionIn(decodeCursor(fingerprint, query.after), orderings)))
  const filter = query.filter ? foldFilter(query.filter) : true
  if (filter === false) return { hits: [], hasNextPage: false }
  if (filter !== true) conditions.push(toWeaviate(kind, filter))
  const options: FetchOptions = {
    ...await returned(target, kind, withVectors, query.signal),
    ...(conditions.length > 0 && { filters: conditions.length === 1 ? unlimited(conditions[0]!) : Filters.and(...conditions) }),
    sort: sortingOf(kind, orderings),
    limit: query.limit + 1,
  }
  const { objects } = await fetchObjects(target, kind, options, query.signal)
  const hits = objects.slice(0, query.limit).map((object): IndexHit => {
    const entity = entityIn(kind, object, withVectors)
    return { entity, score: 0, cursor: encodeCursor(fingerprint, orderings.map(({ field }) => valueOf(entity, field))) }
  })
  return { hits, hasNextPage: objects.length > query.limit }
}

/**
 * The server stops collecting the matches of a lone comparison at the limit, before it sorts them (1.38). Inside a
 * negation it collects all.
 */
const unlimited = (filter: FilterValue): FilterValue => Filters.not(Filters.not(filter))

/** Every listing ends with the id: a total order is what makes cursors exact. */
function totalOrder({ orderBy = [] }: IndexQuery): readonly Ordering[] {
  const byId = orderBy.findIndex(({ field }) => field === 'id')
  return byId < 0 ? [...orderBy, { field: 'id', direction: 'asc' }] : orderBy.slice(0, byId + 1)
}

const valueOf = (entity: StoredEntity, field: string): string | number | null =>
  field === 'id' ? entity.id : (entity.fields[field] as string | number | undefined) ?? null

/** The engine takes a missing value for the least: downwards it comes last by itself. */
function sortingOf(kind: EntityKind, orderings: readonly Ordering[]): FetchOptions['sort'] {
  const sorts = orderings.flatMap(({ field, direction }) => [
    ...(direction === 'asc' && field !== 'id' ? [{ property: heldProperty(field), ascending: false }] : []),
    { property: comparedProperty(field, fieldOf(kind, field)), ascending: direction === 'asc' },
  ])
  return { sorts } as FetchOptions['sort']
}

function positionIn(position: CursorPosition, orderings: readonly Ordering[]): readonly (string | number | null)[] {
  const valid = position.length === orderings.length && position.every((value) => typeof value !== 'boolean') && position.at(-1) !== null
  if (!valid) throw new InvalidCursorError('The cursor names no place in this query. Send the `cursor` of one of its hits unchanged.')
  return position as readonly (string | number | null)[]
}

/** Behind the position: equal in the first orderings, and behind in the next one. */
function isAfter(kind: EntityKind, orderings: readonly Ordering[], position: readonly (string | number | null)[]): FilterValue {
  const alternatives: FilterValue[] = []
  orderings.forEach(({ field, direction }, at) => {
    const value = position[at]!
    // Nothing comes after a missing value.
    if (value === null) return
    const behind = compareValue(kind, field, direction === 'asc' ? 'gt' : 'lt', value)
    const equal = orderings.slice(0, at).map((former, index) => {
      const held = position[index]
      return held === null || held === undefined ? isMissing(kind, former.field) : compareValue(kind, former.field, 'eq', held)
    })
    alternatives.push(allOf([...equal, field === 'id' ? behind : Filters.or(behind, isMissing(kind, field))]))
  })
  return alternatives.length === 1 ? alternatives[0]! : Filters.or(...alternatives)
}

const allOf = (parts: FilterValue[]): FilterValue => (parts.length === 1 ? parts[0]! : Filters.and(...parts))
