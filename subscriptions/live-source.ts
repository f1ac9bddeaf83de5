import DataLoader from 'dataloader'
import type { EntityKey } from '../events/entity.ts'
import type { EventLog } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import { eventTypes, type EventType } from '../events/vocabulary.ts'
import type { Embedder } from '../search/embedder.ts'
import type { EntityIndex, StoredEntity } from '../search/entity-index.ts'
import type { MetricView } from '../search/metrics.ts'
import { queryLimits } from '../search/validate.ts'
import type { AppendedEvent, LiveSource, WantedEvents } from '../resolvers/context.ts'
import type { ChangeHub } from './change-hub.ts'
import type { Cursors } from './cursor.ts'
import { deliver, type Parts } from './deliver.ts'
import { eventParts } from './event-source.ts'
import type { EventTail } from './event-tail.ts'
import type { LiveQueries } from './live-queries.ts'
import { metricsParts } from './metrics-source.ts'
import { NearEvents } from './near-events.ts'
import { SharedStates, stateParts } from './state-source.ts'

export interface LiveSourceOptions {
  hub: ChangeHub
  cursors: Cursors
  tail: EventTail<AppendedEvent>
  log: EventLog
  topics: Topics
  embedder: Embedder
  index: EntityIndex
  view: Pick<MetricView, 'metrics'>
  /** Resolves once the view includes all that was announced before this process started. */
  caughtUp: () => Promise<void>
  /** Ms since the epoch. */
  clock: () => number
  /** Those of lists. */
  queries: LiveQueries
}

/** Subscriptions from `changes`. Each listens first and asks second, so that nothing falls between. */
export function createLiveSource({ hub, cursors, tail, log, topics, index, view, caughtUp, clock, queries, embedder }: LiveSourceOptions): LiveSource {
  const changes = { hub, log, topics, partitions: log.partitions }
  const metricsOf = (entity: EntityKey) => view.metrics(entity, clock())
  const nearEvents = new NearEvents(embedder)
  // What a turn of the event loop asks for is read together: a thousand who come back have a thousand livestreams.
  const loader = new DataLoader<string, StoredEntity | null>(
    (ids) => index.getMany('livestream', ids), { cache: false, maxBatchSize: queryLimits.ids, batchScheduleFn: (dispatch) => void setImmediate(dispatch) })
  const states = new SharedStates((id) => loader.load(id))

  /** The topics of these types; of all where there are none. */
  const topicsOf = (types: readonly EventType[]): string[] | undefined =>
    types.length === 0 ? undefined : [...new Set(types.map((type) => topics[eventTypes[type].topic]))]

  function events({ types, near }: WantedEvents): Parts<AppendedEvent> {
    const wanted = new Set<string>(types)
    return eventParts({
      tail, log, encode: cursors.encode, topics: topicsOf(types),
      wants: ({ type }) => wanted.size === 0 || wanted.has(type),
      select: near && ((appended) => nearEvents.select(appended, near)),
      show: (event) => ({ value: event, key: event.subject, eventTime: event.time }),
    })
  }

  return {
    livestream: (id, delivery) => deliver(delivery, stateParts(id, { ...changes, states }), cursors),
    metrics: (entities, delivery) => deliver(delivery, metricsParts(entities, { ...changes, metricsOf, caughtUp }), cursors),
    events: (wanted, delivery) => deliver(delivery, events(wanted), cursors),
    livestreams: (query, options, delivery) => queries.livestreams(query, options, delivery),
    search: (query, options, delivery) => queries.search(query, options, delivery),
    feed: (request, throttleMs, delivery) => queries.feed(request, throttleMs, delivery),
  }
}
