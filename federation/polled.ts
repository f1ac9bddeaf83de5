/**
 * A stream that can also be read without promises: of an event for thousands of readers they would be most of the work.
 * Whoever reads uses either `poll` or `next` at a time.
 */
export interface PolledStream<Event> extends AsyncIterator<Event, undefined> {
  /**
   * What is there: the next event, or the end. Undefined: nothing yet, and `wake` is called when there may be something.
   * Only the `wake` of the latest call counts.
   * @throws what `next` would reject with
   */
  poll(wake: () => void): IteratorResult<Event, undefined> | undefined
}

export const isPolled = <Event>(stream: object): stream is PolledStream<Event> => 'poll' in stream

/** The outcome of a promise, for those who poll. */
export class Outcome<Value> {
  #settled: { value: Value } | { cause: unknown } | undefined
  #isAwaited = false
  #wake: (() => void) | undefined

  /** Whether there is a promise whose outcome was not taken yet. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  await(promise: Promise<Value>): void {
    this.#isAwaited = true
    promise.then((value) => this.#settle({ value }), (cause: unknown) => this.#settle({ cause }))
  }

  /** Undefined: it is still awaited. @throws what the promise was rejected with */
  poll(wake: () => void): Value | undefined {
    const settled = this.#settled
    if (!settled) {
      this.#wake = wake
      return undefined
    }
    this.#settled = undefined
    this.#isAwaited = false
    if ('cause' in settled) throw settled.cause
    return settled.value
  }

  #settle(settled: { value: Value } | { cause: unknown }): void {
    this.#settled = settled
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
