import type { EntityKey } from '../events/entity.ts'
import type { EventType } from '../events/vocabulary.ts'
import type { Embedder } from '../search/embedder.ts'
import type { EntityIndex, StoredEntity } from '../search/entity-index.ts'
import type { EntityMetrics, MetricView } from '../search/metrics.ts'
import { createLoaders, type Loaders } from './loaders.ts'
import type { Publisher } from './events/publisher.ts'
import type { FeedRequest, FeedService } from './feed/feed-service.ts'
import type { FeedListUpdate, ListQuery, LivestreamsUpdate, LiveQueryOptions, SearchQuery, SearchUpdate } from './live-list.ts'
import type { DeliveryRequest, SourceEvent } from './live.ts'
import type { Near } from './near.ts'
import type { Scope } from './scope.ts'

/** An event as the `events` subscription shows it. Times in ms since the epoch. */
export interface AppendedEvent {
  id: string
  source: string
  type: string
  subject: string
  time: number
  appendedAt: number
  data: unknown
}

/** Which events are followed. */
export interface WantedEvents {
  /** An empty list means all. */
  types: readonly EventType[]
  near?: Near
}

/** An entity whose metrics moved, and what they are as of the source event's cut; null where nothing was ever counted. */
export interface MovedMetrics {
  entity: EntityKey
  metrics: EntityMetrics | null
}

/**
 * Where subscriptions come from. The port that `subscriptions/` fulfils, so that resolvers need not know how changes
 * travel. Every iterable ends when the client leaves (`return()`).
 */
export interface LiveSource {
  livestream(id: string, delivery: DeliveryRequest): AsyncIterable<SourceEvent<StoredEntity | null>>
  livestreams(query: ListQuery, options: Pick<LiveQueryOptions, 'scope'>, delivery: DeliveryRequest): AsyncIterable<SourceEvent<LivestreamsUpdate>>
  search(query: SearchQuery, options: LiveQueryOptions, delivery: DeliveryRequest): AsyncIterable<SourceEvent<SearchUpdate>>
  /** Of the first page: `request.after` and its signal are left out of account. */
  feed(request: FeedRequest, throttleMs: number, delivery: DeliveryRequest): AsyncIterable<SourceEvent<FeedListUpdate>>
  metrics(entities: readonly EntityKey[], delivery: DeliveryRequest): AsyncIterable<SourceEvent<MovedMetrics>>
  /** Without a value where it only tells of a gap. */
  events(wanted: WantedEvents, delivery: DeliveryRequest): AsyncIterable<SourceEvent<AppendedEvent>>
}

/** What a gateway process has, shared by all requests. */
export interface Services {
  index: EntityIndex
  view: MetricView
  embedder: Embedder
  feed: FeedService
  publisher: Publisher
  live: LiveSource
  /** Milliseconds since the epoch. */
  clock: () => number
}

/** What resolvers of one request share. */
export interface RequestContext {
  services: Services
  scope: Scope
  readonly loaders: Loaders
  /** The request's moment in ms: every value of one answer is as of the same one. In a subscription, the payload's. */
  readonly now: number
  /** Aborted when the client leaves or the time is up. */
  readonly signal: AbortSignal | undefined
  /** Of a subscription: what its source is to give, where that is not for the field's arguments to say. */
  readonly delivery?: DeliveryRequest
}

/** `live` is for subscriptions: nothing is remembered between their payloads, and each payload has its own moment. */
export interface RequestOptions {
  scope: Scope
  /** Read when a resolver asks for it, and not before: it may be made then. */
  readonly signal?: AbortSignal
  live?: boolean
  readonly delivery?: DeliveryRequest
}

/** The context of one request; in a subscription, of many payloads. */
export const createRequestContext = (services: Services, options: RequestOptions): RequestContext => new Context(services, options)

class Context implements RequestContext {
  readonly services: Services
  readonly scope: Scope
  readonly #options: RequestOptions
  readonly #startedAt: number
  #loaders: Loaders | undefined

  constructor(services: Services, options: RequestOptions) {
    this.services = services
    this.scope = options.scope
    this.#options = options
    this.#startedAt = services.clock()
  }

  get signal(): AbortSignal | undefined {
    return this.#options.signal
  }

  get delivery(): DeliveryRequest | undefined {
    return this.#options.delivery
  }

  /** Made when they are first needed: many operations are answered without. */
  get loaders(): Loaders {
    return this.#loaders ??= createLoaders(this.services, { cache: !this.#options.live, signal: this.signal })
  }

  get now(): number {
    return this.#options.live ? this.services.clock() : this.#startedAt
  }
}
