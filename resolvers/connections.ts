import type { EntityKind } from '../events/entity.ts'
import type { IndexPage, IndexQuery, Ordering, StoredEntity } from '../search/entity-index.ts'
import type { RequestContext } from './context.ts'
import { checkSize, readable } from './errors.ts'
import { toFilter } from './filters.ts'

/** Most edges of one page. */
export const maxPageSize = 100

export interface PageInfo {
  hasNextPage: boolean
  hasPreviousPage: boolean
  startCursor: string | null
  endCursor: string | null
}

export interface EntityConnection {
  edges: { cursor: string; node: StoredEntity }[]
  nodes: StoredEntity[]
  pageInfo: PageInfo
}

/** The index's refusals of a query become errors that the client can read. */
export async function askIndex<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw readable(error)
  }
}

/** Runs a query of one page and checks its size first. */
export const queryPage = async (context: RequestContext, query: Omit<IndexQuery, 'signal'>): Promise<IndexPage> => {
  checkSize('first', query.limit, { max: maxPageSize })
  const ask = (limit: number) => askIndex(() => context.services.index.query({ ...query, limit, signal: context.signal }))
  if (query.limit > 0) return ask(query.limit)
  // An empty page says whether anything follows, and refuses what any other page would.
  const { hits } = await ask(1)
  return { hits: [], hasNextPage: hits.length > 0 }
}

export interface ListArguments {
  filter?: object | null
  orderBy?: readonly { field: string; direction: 'ASC' | 'DESC' }[] | null
  first: number
  after?: string | null
}

/** A listing by filter and ordering as a Relay connection. `also` must hold besides the filter. */
export async function listConnection(
  context: RequestContext, kind: EntityKind, { filter, orderBy, first, after }: ListArguments,
): Promise<EntityConnection> {
  const page = await queryPage(context, {
    kind,
    filter: toFilter(filter),
    orderBy: orderBy?.map(toOrdering),
    limit: first,
    after: after ?? undefined,
  })
  for (const { entity } of page.hits) context.loaders.entity[kind].prime(entity.id, entity)
  return { ...edgesOf(page), pageInfo: pageInfoOf(page, after) }
}

const edgesOf = (page: IndexPage): Pick<EntityConnection, 'edges' | 'nodes'> => ({
  edges: page.hits.map(({ cursor, entity }) => ({ cursor, node: entity })),
  nodes: page.hits.map(({ entity }) => entity),
})

export const pageInfoOf = (page: IndexPage, after: string | null | undefined): PageInfo => ({
  hasNextPage: page.hasNextPage,
  hasPreviousPage: after !== null && after !== undefined,
  startCursor: page.hits[0]?.cursor ?? null,
  endCursor: page.hits.at(-1)?.cursor ?? null,
})

/** `STARTED_AT` → `startedAt`: the enum's names are the fields' names in GraphQL's notation. */
export const toOrdering = ({ field, direction }: { field: string; direction: 'ASC' | 'DESC' }): Ordering => ({
  field: field.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  direction: direction === 'ASC' ? 'asc' : 'desc',
})
