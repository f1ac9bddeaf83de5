/** Messages that came before anybody waited stay in order, so that a test never races with what it waits for. */
export class Queue<T> {
  readonly #items: T[] = []
  readonly #waiting: PromiseWithResolvers<T>[] = []
  #failure: Error | undefined

  push(item: T): void {
    const waiter = this.#waiting.shift()
    if (waiter) waiter.resolve(item)
    else this.#items.push(item)
  }

  /** Whoever waits now or later, and finds nothing, is told why nothing comes any more. */
  fail(failure: Error): void {
    if (this.#failure) return
    this.#failure = failure
    for (const waiter of this.#waiting.splice(0)) waiter.reject(failure)
  }

  /** The next message: at once where it has come already. */
  next(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as T)
    if (this.#failure) return Promise.reject(this.#failure)
    const waiter = Promise.withResolvers<T>()
    this.#waiting.push(waiter)
    return waiter.promise
  }

  /** What has come and was not taken yet, without waiting. */
  drain(): T[] {
    return this.#items.splice(0)
  }
}
