import { setImmediate as nextTurn } from 'node:timers/promises'
import { codes, SubgraphFailure } from '../errors.ts'
import { EventQueue } from '../event-queue.ts'
import { isObject, type Obj } from '../merge.ts'
import { Audience, type Listener } from './audience.ts'
import type { Predicate } from './filter.ts'
import type { EventSource, SourceEvent } from './source.ts'

export interface EventHubOptions {
  source: EventSource
  /** Events of one subscriber that may wait to be read. */
  maxPendingEvents: number
  /** A longer event is skipped. */
  maxEventBytes: number
  /** Told of events that were skipped, and of topics that could not be read any further. */
  report: (problem: Error) => void
}

interface Subscriber extends Listener {
  queue: EventQueue<Obj>
}

interface Reader {
  subscribers: Audience<Subscriber>
  stop: AbortController
  /** Kept once every event published from then on will be seen. */
  standing: Promise<void>
}

/**
 * Hands out the events of topics: one reader per topic, however many subscribe, for as long as somebody does. Each
 * event is parsed once, and a subscriber's filter decides before anything else is done for it.
 */
export class EventHub {
  readonly #options: EventHubOptions
  readonly #readers = new Map<string, Reader>()
  readonly #skipped = new Map<string, number>()

  constructor(options: EventHubOptions) {
    this.#options = options
  }

  /** Topics that are being read. */
  get topics(): string[] {
    return [...this.#readers.keys()]
  }

  /**
   * Events of these topics that pass, from now on. `return` of the queue leaves.
   * @throws Error of the source when a topic cannot be read
   */
  async subscribe(topics: readonly string[], passes: Predicate): Promise<EventQueue<Obj>> {
    const queue = new EventQueue<Obj>(this.#options.maxPendingEvents)
    const subscriber: Subscriber = { queue, passes }
    const joined = [...new Set(topics)].map((topic) => [topic, this.#readers.get(topic) ?? this.#start(topic)] as const)
    for (const [, { subscribers }] of joined) subscribers.add(subscriber)
    queue.whenEnded(() => {
      for (const [topic, reader] of joined) {
        reader.subscribers.delete(subscriber)
        if (reader.subscribers.size === 0) this.#end(topic, reader)
      }
    })
    try {
      await Promise.all(joined.map(([, { standing }]) => standing))
    } catch (error) {
      queue.end()
      throw error
    }
    return queue
  }

  close(): void {
    for (const { subscribers } of this.#readers.values()) {
      for (const { queue } of subscribers) {
        queue.fail(new SubgraphFailure('is not connected any more', { code: codes.lost }))
      }
    }
  }

  #start(topic: string): Reader {
    const stop = new AbortController()
    const reader: Reader = {
      subscribers: new Audience(),
      stop,
      standing: this.#options.source.subscribe([topic], stop.signal)
        .then((batches) => void this.#read(topic, reader, batches)),
    }
    reader.standing.catch(() => this.#end(topic, reader))
    this.#readers.set(topic, reader)
    return reader
  }

  #end(topic: string, reader: Reader): void {
    reader.stop.abort()
    if (this.#readers.get(topic) === reader) this.#readers.delete(topic)
  }

  async #read(topic: string, reader: Reader, batches: AsyncIterable<readonly SourceEvent[]>): Promise<void> {
    let cause: unknown
    try {
      for await (const batch of batches) {
        for (const [index, event] of batch.entries()) {
          if (index % eventsAtOnce === 0) await nextTurn()
          if (reader.stop.signal.aborted) return
          const value = event.value === null ? undefined : this.#parse(topic, event.value)
          if (value) reader.subscribers.forEach(value, ({ queue }) => queue.push(value))
        }
      }
    } catch (error) {
      cause = error
    }
    if (reader.stop.signal.aborted) return
    this.#end(topic, reader)
    const problem = `The topic "${topic}" could not be read any further; its subscriptions ended.`
    this.#options.report(new Error(problem, { cause }))
    for (const { queue } of reader.subscribers) {
      queue.fail(new SubgraphFailure('ended the subscription: its events could not be read any further', {
        cause, code: codes.lost,
      }))
    }
  }

  #parse(topic: string, bytes: Uint8Array): Obj | undefined {
    const { maxEventBytes } = this.#options
    if (bytes.length > maxEventBytes) return this.#skip(topic, `it has more than ${maxEventBytes} bytes`)
    try {
      const value: unknown = JSON.parse(decoder.decode(bytes))
      return isObject(value) ? value : this.#skip(topic, 'it is no JSON object')
    } catch {
      return this.#skip(topic, 'it is no valid JSON')
    }
  }

  /** Reports the first, the tenth, the hundredth…: a producer that is wrong is wrong often. */
  #skip(topic: string, reason: string): undefined {
    const count = (this.#skipped.get(topic) ?? 0) + 1
    this.#skipped.set(topic, count)
    if (!Number.isInteger(Math.log10(count))) return
    this.#options.report(new Error(
      `An event of the topic "${topic}" was skipped: ${reason}. Expected {"__typename": "…", …key fields}.`
      + (count === 1 ? '' : ` ${count} of this topic were skipped so far.`),
    ))
  }
}

/** So many are handed out before subscribers get a turn to read: a burst must not be taken for a slow reader. */
const eventsAtOnce = 64

const decoder = new TextDecoder('utf-8', { fatal: true })
