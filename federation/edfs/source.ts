import type { Obj } from '../merge.ts'
import type { Predicate } from './filter.ts'

/** An event as its source gives it. What else the source says of it, such as where it is, passes through unread. */
export interface SourceEvent {
  value: Obj
}

/** What a subscription is fed by. */
export interface WantedEvents {
  topics: readonly string[]
  passes: Predicate
  /** What an event is about: a later one with the same key shows a newer state of it. Undefined where that is not known. */
  keyOf: (event: Obj) => string | undefined
  /** Of the request, as the engine's caller gave it: in it a source may find what else is asked of it. */
  context: unknown
}

/** Where the events of SDL-declared subscriptions come from: a port, which a log or a broker fulfils. */
export interface EventSource {
  /**
   * Follows these topics: the promise is kept once every event that is published after it will be seen. Each topic's partitions
   * come in order. What can be polled (`PolledStream`) is polled.
   * @throws Error from the promise or the iteration when the topics cannot be read (any further)
   */
  subscribe(wanted: WantedEvents): Promise<AsyncIterableIterator<SourceEvent>>
  /** Resolves once the event is kept. Events with the same key stay in order; `null`: there is no order to keep. */
  publish(topic: string, event: { key: string | null, value: Uint8Array }): Promise<void>
}
