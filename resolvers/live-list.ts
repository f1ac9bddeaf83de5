import type { HybridQuery, IndexHit, Ordering, StoredEntity } from '../search/entity-index.ts'
import type { Filter } from '../search/filter.ts'
import type { FeedItem } from './feed/feed-service.ts'
import type { Near } from './near.ts'
import type { Scope } from './scope.ts'

/**
 * What a live query says of its list: first all of it, then changes. A change is applied in this order: take out what was
 * removed and what has moved, then put what was added and what has moved at their ranks, the smallest rank first; an
 * item whose place changes by that alone is not mentioned.
 */
export interface ListUpdate<Item> {
  kind: 'SNAPSHOT' | 'DIFF'
  /** By rank. Of a snapshot: all. */
  added: readonly Placed<Item>[]
  /** Ids. */
  removed: readonly string[]
  /** By rank. */
  moved: readonly { id: string; rank: number }[]
  /** Those that were there before and are not what they were, by rank. */
  updated: readonly Placed<Item>[]
  /** The list as it is after the change. */
  items: readonly Item[]
  /** Whether more match than are shown. */
  hasNextPage: boolean
}

export interface Placed<Item> {
  item: Item
  /** Its place, from 0. */
  rank: number
}

/** Why an item is in a change: `ADVANCED` and `OUTRANKED` match as before, and come or go by their rank. */
export type ChangeKind = 'ENTERED' | 'ADVANCED' | 'UPDATED' | 'LEFT' | 'OUTRANKED'

/** One for each item that a change adds, removes or updates, with the fields that changed. */
export interface Reason {
  id: string
  kind: ChangeKind
  fields: readonly string[]
}

/** A livestream that matches, with the fields that change records hold; as it was announced. */
export interface ListedLivestream extends StoredEntity {
  /** To what the list is near. */
  similarity?: number
}

/** Which livestreams, in which order, and how many of the first are shown. */
export interface ListQuery {
  /** `validateFilter` has passed it. */
  filter: Filter | undefined
  /** Without it by id; with `near`, the nearest first. */
  orderBy: readonly Ordering[]
  first: number
  near?: Near
}

export interface LivestreamsUpdate extends ListUpdate<ListedLivestream> {
  reasons: readonly Reason[]
}

export interface SearchQuery {
  hybrid: HybridQuery
  filter: Filter | undefined
  first: number
}

export type SearchUpdate = ListUpdate<IndexHit>

export interface FeedListUpdate extends ListUpdate<FeedItem> {
  feedId: string
}

/** What equal subscriptions share is never shared with another scope. */
export interface LiveQueryOptions {
  scope: Scope
  /** Least time between two evaluations, ms. */
  throttleMs: number
}
