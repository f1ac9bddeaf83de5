/**
 * An iterator over `generator` whose `return()` first calls `close`. A generator alone would answer `return()` only
 * after what it awaits has come, which for a quiet subscription is never.
 */
export function closing<T>(generator: AsyncGenerator<T>, close: () => void): AsyncIterableIterator<T> {
  return {
    next: () => generator.next(),
    return() {
      close()
      return generator.return(undefined)
    },
    throw(error) {
      close()
      return generator.throw(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
