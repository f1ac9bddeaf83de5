import type { Filter } from '../../search/filter.ts'
import type { Scope } from '../scope.ts'
import type { FeedReason } from './generated/types.ts'

export interface FeedRequest {
  userId: string
  /** 0…100 */
  first: number
  after?: string
  filter?: Filter
  scope: Scope
  /** Uniform in [0, 1): decides who is tried; the service's own where it is absent. */
  random?: () => number
  signal?: AbortSignal
}

export interface FeedItem {
  livestreamId: string
  /** From 0, across the pages of one feed. */
  rank: number
  score: number
  scoreParts: readonly { name: string; value: number; contribution: number }[]
  reasons: readonly FeedReason[]
  cursor: string
}

export interface FeedPage {
  feedId: string
  items: readonly FeedItem[]
  hasNextPage: boolean
}

/**
 * Serves ranked feeds and logs what it served without delaying the answer.
 *
 * @throws InvalidCursorError where `after` is not a cursor of this person's feed.
 */
export interface FeedService {
  /** Answers a page and notes that it was served. */
  serve(request: FeedRequest): Promise<FeedPage>
  /** Answers a page that may never be shown (a live feed compares first): `note` says that it was. */
  evaluate(request: FeedRequest): Promise<{ page: FeedPage; note: () => void }>
}
