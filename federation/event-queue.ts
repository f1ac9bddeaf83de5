import { codes, SubgraphFailure } from './errors.ts'
import type { PolledStream } from './polled.ts'

/**
 * Events between a source that pushes and a reader that pulls. Bounded: a reader that is too slow loses its
 * subscription and is told why. What was pushed before the end, or before a failure, is still read.
 */
export class EventQueue<Event> implements PolledStream<Event>, AsyncIterableIterator<Event, undefined> {
  readonly #limit: number
  #events: Event[] = []
  #first = 0
  readonly #readers: PromiseWithResolvers<IteratorResult<Event, undefined>>[] = []
  #wake: (() => void) | undefined
  #ended = false
  #failure: Error | undefined
  readonly #onEnd: (() => void)[] = []

  /** `limit`: how many events may wait to be read. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Calls the action once, as soon as nothing more is accepted: to free what the events come from. */
  whenEnded(action: () => void): void {
    if (this.#ended) action()
    else this.#onEnd.push(action)
  }

  get ended(): boolean {
    return this.#ended
  }

  push(event: Event): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) reader.resolve({ done: false, value: event })
    else if (this.#events.push(event) - this.#first > this.#limit) {
      this.#events.pop()
      this.fail(new SubgraphFailure(
        `ended the subscription: more than ${this.#limit} events were waiting to be read; `
        + 'read faster, or subscribe to less',
        { code: codes.overflow },
      ))
    } else this.#awaken()
  }

  /** Ends with an error, which the reader gets after the events that wait. */
  fail(failure: Error): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader) reader.reject(failure)
    else this.#failure = failure
    this.end()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined })
    for (const action of this.#onEnd.splice(0)) action()
    this.#awaken()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  poll(wake: () => void): IteratorResult<Event, undefined> | undefined {
    if (this.#first < this.#events.length) return { done: false, value: this.#take() }
    if (this.#failure) {
      const failure = this.#failure
      this.#failure = undefined
      throw failure
    }
    if (this.#ended) return { done: true, value: undefined }
    this.#wake = wake
    return undefined
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    const result = this.poll(() => {})
    if (result) return result
    const reader = Promise.withResolvers<IteratorResult<Event, undefined>>()
    this.#readers.push(reader)
    return reader.promise
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#events = []
    this.#first = 0
    this.#failure = undefined
    this.end()
    return { done: true, value: undefined }
  }

  #awaken(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Shifting a long array moves all of it, so it is done for many events at once. */
  #take(): Event {
    const event = this.#events[this.#first] as Event
    this.#first++
    if (this.#first === this.#events.length || this.#first >= 1024) {
      this.#events = this.#events.slice(this.#first)
      this.#first = 0
    }
    return event
  }
}
