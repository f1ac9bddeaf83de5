import type { EntityKey } from '../events/entity.ts'
import type { Embedder } from '../search/embedder.ts'
import type { EntityIndex, StoredEntity } from '../search/entity-index.ts'
import type { Filter } from '../search/filter.ts'
import type { MetricView } from '../search/metrics.ts'
import { createLoaders, type Loaders } from './loaders.ts'
import type { Publisher } from './events/publisher.ts'
import type { FeedPage, FeedRequest, FeedService } from './feed/feed-service.ts'
import type { DeliveryRequest } from './live.ts'
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

/** A livestream seen from a filter. */
export interface FilteredChange {
  kind: 'ENTERED' | 'UPDATED' | 'LEFT'
  id: string
  livestream: StoredEntity | null
}

/**
 * Where subscriptions come from. The port that `subscriptions/` fulfils, so that resolvers need not know how changes
 * travel. Every iterable ends when the client leaves (`return()`).
 */
export interface LiveSource {
  livestream(id: string): AsyncIterable<StoredEntity | null>
  livestreams(filter: Filter | undefined): AsyncIterable<FilteredChange>
  feed(request: FeedRequest, throttleMs: number): AsyncIterable<FeedPage>
  /** The key of an entity whose metrics moved. */
  metrics(entities: readonly EntityKey[]): AsyncIterable<EntityKey>
  /** Types: an empty list means all. */
  events(types: readonly string[]): AsyncIterable<AppendedEvent>
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
