import type { EventSource, SourceEvent, WantedEvents } from '../../../federation/index.ts'

interface Reader extends WantedEvents {
  receive: (event: SourceEvent['value'] | Error) => void
}

/** A source in memory: what is published goes to whoever follows the topic then. */
export class MemorySource implements EventSource {
  readonly published: { topic: string, key: string | null, value: unknown }[] = []
  readonly readers = new Set<Reader>()
  refuses: Error | undefined
  /** Called when somebody leaves. */
  onLeft: (() => void) | undefined

  async subscribe(wanted: WantedEvents): Promise<AsyncIterableIterator<SourceEvent>> {
    await Promise.resolve()
    if (this.refuses) throw this.refuses
    const waiting: (SourceEvent['value'] | Error)[] = []
    let wake = () => {}
    let left = false
    const reader: Reader = { ...wanted, receive: (event) => {
      waiting.push(event)
      wake()
    } }
    this.readers.add(reader)
    const leave = () => {
      left = true
      this.readers.delete(reader)
      this.onLeft?.()
      wake()
    }
    const stream: AsyncIterableIterator<SourceEvent> = {
      async next() {
        while (!left) {
          const event = waiting.shift()
          if (event instanceof Error) {
            leave()
            throw event
          }
          if (event) return { done: false, value: { value: event } }
          await new Promise<void>((resolve) => { wake = resolve })
        }
        return { done: true, value: undefined }
      },
      async return() {
        leave()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => stream,
    }
    return stream
  }

  async publish(topic: string, { key, value }: { key: string | null, value: Uint8Array }): Promise<void> {
    if (this.refuses) throw this.refuses
    const event = JSON.parse(new TextDecoder().decode(value)) as SourceEvent['value']
    this.published.push({ topic, key, value: event })
    this.send(topic, event)
  }

  send(topic: string, ...events: SourceEvent['value'][]): void {
    for (const event of events) {
      for (const { topics, passes, receive } of this.readers) if (topics.includes(topic) && passes(event)) receive(event)
    }
  }

  fail(topic: string, error: Error): void {
    for (const { topics, receive } of this.readers) if (topics.includes(topic)) receive(error)
  }

  /** What is followed now. */
  get topics(): string[] {
    return [...new Set([...this.readers].flatMap(({ topics }) => topics))]
  }
}
