import { encodeCursor, queryFingerprint } from '../../search/cursors.ts'
import type { IndexHit, IndexQuery, Ordering, StoredEntity } from '../../search/entity-index.ts'
import { validateQuery } from '../../search/validate.ts'
import { maxPageSize, toOrdering } from '../connections.ts'
import type { RequestContext } from '../context.ts'
import { checkAsIndex, checkSize } from '../errors.ts'
import { toFilter } from '../filters.ts'
import type { ListedLivestream, ListQuery, LivestreamsUpdate, Placed, SearchQuery } from '../live-list.ts'
import { toNear } from '../near.ts'
import { checkThrottle } from '../throttle.ts'
import type { LivestreamEdge, SubscriptionLivestreamsArgs, SubscriptionSearchLivestreamsArgs } from './generated/types.ts'
import { scorePartsOf, toHybrid } from './search.ts'

/** A list of livestreams with the query whose pages its cursors belong to. */
export interface ShownList extends LivestreamsUpdate {
  query: IndexQuery
}

type ListArguments = Pick<SubscriptionLivestreamsArgs, 'filter' | 'orderBy' | 'first' | 'near'>
type SearchArguments = Pick<SubscriptionSearchLivestreamsArgs, 'hybrid' | 'filter' | 'first' | 'throttleMs'>

const toIndexQuery = ({ filter, orderBy }: Pick<ListArguments, 'filter' | 'orderBy'>): IndexQuery =>
  ({ kind: 'livestream', filter: toFilter(filter), orderBy: orderBy?.map(toOrdering), limit: 1 })

/** @throws GraphQLError `BAD_USER_INPUT` for what the index would refuse */
export async function toListQuery({ filter, orderBy, first, near }: ListArguments, context: RequestContext): Promise<ListQuery> {
  checkSize('first', first, { max: maxPageSize })
  const query = toIndexQuery({ filter, orderBy })
  checkAsIndex(() => validateQuery(query))
  return { filter: query.filter, orderBy: query.orderBy ?? [], first, ...near && { near: await toNear(near, context) } }
}

/** @throws GraphQLError `BAD_USER_INPUT` for what the index would refuse */
export async function toSearchQuery({ hybrid: input, filter: tree, first, throttleMs }: SearchArguments, context: RequestContext): Promise<SearchQuery> {
  checkSize('first', first, { max: maxPageSize })
  checkThrottle(throttleMs)
  const [hybrid, filter] = [await toHybrid(context, input), toFilter(tree)]
  checkAsIndex(() => validateQuery({ kind: 'livestream', hybrid, filter, limit: 1 }))
  return { hybrid, filter, first }
}

export const shown = (update: LivestreamsUpdate, args: Pick<ListArguments, 'filter' | 'orderBy'>): ShownList =>
  ({ ...update, query: toIndexQuery(args) })

/** The livestreams as they are now; as they were announced where they are gone since. */
export const nodesOf = (items: readonly ListedLivestream[], { loaders }: RequestContext): Promise<StoredEntity[]> =>
  Promise.all(items.map(async (item) => await loaders.entity.livestream.load(item.id) ?? item))

export async function placesOf(placed: readonly Placed<ListedLivestream>[], context: RequestContext) {
  const nodes = await nodesOf(placed.map(({ item }) => item), context)
  return placed.map(({ item, rank }, at) => ({ rank, node: nodes[at] as StoredEntity, similarity: item.similarity ?? null }))
}

/** Cursors are those of the query of the same filter and order. */
function cursorsOf({ items, query }: ShownList): string[] {
  const fingerprint = queryFingerprint(query)
  const orderings = totalOrder(query.orderBy ?? [])
  return items.map(({ id, fields }) =>
    encodeCursor(fingerprint, orderings.map(({ field }) => field === 'id' ? id : (fields[field] ?? null) as string | number | null)))
}

function totalOrder(orderBy: readonly Ordering[]): readonly Ordering[] {
  const byId = orderBy.findIndex(({ field }) => field === 'id')
  return byId < 0 ? [...orderBy, { field: 'id', direction: 'asc' }] : orderBy.slice(0, byId + 1)
}

export async function edgesOf(list: ShownList, context: RequestContext): Promise<(Omit<LivestreamEdge, 'node'> & { node: StoredEntity })[]> {
  const [cursors, nodes] = [cursorsOf(list), await nodesOf(list.items, context)]
  return nodes.map((node, rank) => ({ cursor: cursors[rank] as string, node }))
}

export function listInfoOf(list: ShownList) {
  const cursors = cursorsOf(list)
  return { hasNextPage: list.hasNextPage, hasPreviousPage: false, startCursor: cursors[0] ?? null, endCursor: cursors.at(-1) ?? null }
}

export const foundOf = ({ item, rank }: Placed<IndexHit>) => ({ rank, node: item.entity, score: item.score, scoreParts: scorePartsOf(item) })
