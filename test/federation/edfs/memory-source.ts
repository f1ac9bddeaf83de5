import type { EventSource, SourceEvent } from '../../../federation/index.ts'

/** A source in memory: what is published goes to whoever reads the topic then. */
export class MemorySource implements EventSource {
  readonly published: { topic: string, key: string | null, value: unknown }[] = []
  /** How often each topic was opened, and how many readers it has. */
  readonly opened = new Map<string, number>()
  readonly readers = new Map<string, Set<(batch: SourceEvent[] | Error) => void>>()
  refuses: Error | undefined

  async subscribe(topics: readonly string[], signal: AbortSignal): Promise<AsyncIterable<readonly SourceEvent[]>> {
    await Promise.resolve()
    if (this.refuses) throw this.refuses
    const waiting: (SourceEvent[] | Error)[] = []
    let wake = () => {}
    const receive = (batch: SourceEvent[] | Error) => {
      waiting.push(batch)
      wake()
    }
    const of = (topic: string) => this.readers.get(topic) ?? new Set()
    for (const topic of topics) {
      this.opened.set(topic, (this.opened.get(topic) ?? 0) + 1)
      this.readers.set(topic, of(topic).add(receive))
    }
    const leave = () => {
      for (const topic of topics) of(topic).delete(receive)
      wake()
    }
    signal.addEventListener('abort', leave, { once: true })
    return (async function* () {
      while (!signal.aborted) {
        const batch = waiting.shift()
        if (batch instanceof Error) {
          leave()
          throw batch
        }
        if (batch) yield batch
        else await new Promise<void>((resolve) => { wake = resolve })
      }
    })()
  }

  async publish(topic: string, { key, value }: { key: string | null, value: Uint8Array }): Promise<void> {
    if (this.refuses) throw this.refuses
    const text = new TextDecoder().decode(value)
    this.published.push({ topic, key, value: JSON.parse(text) as unknown })
    this.send(topic, text)
  }

  /** One batch: objects as JSON, texts and `null` as they are. */
  send(topic: string, ...events: unknown[]): void {
    const batch = events.map((event) => ({
      topic, value: event === null ? null : new TextEncoder().encode(typeof event === 'string' ? event : JSON.stringify(event)),
    }))
    for (const receive of this.readers.get(topic) ?? []) receive(batch)
  }

  fail(topic: string, error: Error): void {
    for (const receive of this.readers.get(topic) ?? []) receive(error)
  }

  readersOf(topic: string): number {
    return this.readers.get(topic)?.size ?? 0
  }
}
