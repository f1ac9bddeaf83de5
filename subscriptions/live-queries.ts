import { hash } from 'node:crypto'
import type { DeliveryRequest, SourceEvent } from '../resolvers/live.ts'
import type { FeedListUpdate, ListQuery, LivestreamsUpdate, LiveQueryOptions, SearchQuery, SearchUpdate } from '../resolvers/live-list.ts'
import type { FeedItem, FeedPage, FeedRequest, FeedService } from '../resolvers/feed/feed-service.ts'
import type { EntityIndex, IndexHit } from '../search/entity-index.ts'
import type { ChangeLog } from './change-gaps.ts'
import { feedConcerns, searchConcerns } from './concerns.ts'
import type { Cursors } from './cursor.ts'
import { deliver } from './deliver.ts'
import { EvaluatedList, type Evaluated } from './evaluated-list.ts'
import type { EvaluationBudget } from './evaluation-budget.ts'
import { isSeenAlike } from './images.ts'
import { partsOf, type LiveList } from './live-list.ts'
import { LivestreamList } from './livestream-list.ts'
import { SharedLists } from './shared-lists.ts'
import { SteadyDraws } from './steady-draws.ts'

export interface LiveQueriesOptions {
  changes: ChangeLog
  /** Resolves once all that is applied when it is called was announced. */
  settled: (signal: AbortSignal) => Promise<void>
  cursors: Cursors
  index: EntityIndex
  feed: FeedService
  budget: EvaluationBudget
  clock: () => number
  /** Uniform in [0, 1). */
  random: () => number
  /** Names this run of this process: versions of results are counted anew in each. */
  boot: string
  onError: (error: unknown) => void
}

/** Time alone changes ranks: an evaluated query is evaluated so often at least, ms. */
const idleMs = 10_000

type Closing = { close(error?: Error): void }

/** Live queries. Equal ones of one scope are one list, which is filtered or evaluated once for all who follow it. */
export class LiveQueries {
  readonly #options: LiveQueriesOptions
  readonly #lists = new SharedLists<Closing>()
  #versions = 0

  constructor(options: LiveQueriesOptions) {
    this.#options = options
  }

  /** How many different lists are followed. */
  get size(): number {
    return this.#lists.size
  }

  livestreams(query: ListQuery, { scope }: Pick<LiveQueryOptions, 'scope'>, request: DeliveryRequest): AsyncIterableIterator<SourceEvent<LivestreamsUpdate>> {
    const { changes, index, settled } = this.#options
    return this.#deliver(keyOf(['livestreams', scope, query]), request, () => new LivestreamList({ changes, index, query, settled }))
  }

  search(query: SearchQuery, { scope, throttleMs }: LiveQueryOptions, request: DeliveryRequest): AsyncIterableIterator<SourceEvent<SearchUpdate>> {
    const { index } = this.#options
    const { hybrid, filter, first } = query
    const evaluate = async (signal: AbortSignal): Promise<{ page: Evaluated<IndexHit> }> => {
      if (first === 0) return { page: { items: [], hasNextPage: false } }
      const { hits, hasNextPage } = await index.query({ kind: 'livestream', hybrid, filter, limit: first, signal })
      return { page: { items: hits, hasNextPage } }
    }
    const key = keyOf(['search', scope, query, throttleMs])
    return this.#deliver(key, request, () => new EvaluatedList<IndexHit, Evaluated<IndexHit>>({
      ...this.#evaluation(key, throttleMs), evaluate, concerns: searchConcerns(query), idOf: ({ entity }) => entity.id,
      isSame: (before, after) => isSeenAlike(before.entity, after.entity),
    }))
  }

  feed(asked: FeedRequest, throttleMs: number, request: DeliveryRequest): AsyncIterableIterator<SourceEvent<FeedListUpdate>> {
    const { feed, clock, random } = this.#options
    const { userId, first, filter, scope } = asked
    const key = keyOf(['feed', scope, userId, first, filter, throttleMs])
    return this.#deliver(key, request, () => {
      const draws = new SteadyDraws({ clock, random })
      return new EvaluatedList<FeedItem, FeedPage>({
        ...this.#evaluation(key, throttleMs),
        evaluate: (signal) => feed.evaluate({ userId, first, filter, scope, signal, random: draws.again() }),
        concerns: feedConcerns(userId), idOf: ({ livestreamId }) => livestreamId,
        isSame: (before, after) => before.reasons.join() === after.reasons.join(),
      })
    })
  }

  #evaluation(key: string, throttleMs: number) {
    const { changes: { hub }, budget, clock, boot, onError } = this.#options
    return { hub, budget, clock, onError, throttleMs, idleMs: Math.max(idleMs, throttleMs), lane: `live/${boot}:${key}`, nextVersion: () => ++this.#versions }
  }

  #deliver<T>(key: string, request: DeliveryRequest, make: () => LiveList<T> & Closing): AsyncIterableIterator<SourceEvent<T>> {
    const follow = () => {
      const { list, release } = this.#lists.follow(key, () => {
        const made = make()
        // One that has nothing to show is tried anew by whoever comes next.
        made.ready.catch(() => this.#lists.forget(key, made))
        return made
      })
      return { list: list as unknown as LiveList<T>, release }
    }
    return deliver(request, partsOf(follow, request), this.#options.cursors)
  }
}

/** Equal for equal queries of one scope, and for no others. */
const keyOf = (parts: readonly unknown[]): string =>
  hash('sha256', JSON.stringify(parts, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value)), 'base64url').slice(0, 22)
