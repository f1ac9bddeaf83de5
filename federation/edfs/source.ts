/** One event of a topic, as its producer wrote it. */
export interface SourceEvent {
  topic: string
  /** JSON as UTF-8; `null` is a tombstone, which is no event. */
  value: Uint8Array | null
}

/** Where the events of SDL-declared subscriptions come from: a port, which a log or a broker fulfils. */
export interface EventSource {
  /**
   * Reads these topics from now on: the promise is kept once every event that is published after it will be seen.
   * Batches as they come, never empty, each topic's partitions in order. Ends when `signal` is aborted.
   * @throws Error from the promise or the iteration when the topics cannot be read (any further)
   */
  subscribe(topics: readonly string[], signal: AbortSignal): Promise<AsyncIterable<readonly SourceEvent[]>>
  /** Resolves once the event is kept. Events with the same key stay in order; `null`: there is no order to keep. */
  publish(topic: string, event: { key: string | null, value: Uint8Array }): Promise<void>
}
