import type { DoorOptions } from '../door.ts'

/** A source that the test feeds. */
function fed<T>() {
  const waiting: T[] = []
  let wake = () => {}
  let over = false
  const left = Promise.withResolvers<void>()
  return {
    left: left.promise,
    give(value: T) {
      waiting.push(value)
      wake()
    },
    end() {
      over = true
      wake()
    },
    async* subscribe() {
      try {
        for (;;) {
          while (waiting.length > 0) yield waiting.shift()!
          if (over) return
          await new Promise<void>((resolve) => { wake = resolve })
        }
      } finally {
        left.resolve()
      }
    },
  }
}

/** An API whose `ticks` the test feeds. */
export const ticking = () => {
  const source = fed<{ ticks: number }>()
  // A generator alone would answer `return()` only once what it awaits has come.
  const subscribe = () => {
    const generator = source.subscribe()
    return {
      next: () => generator.next(),
      return: () => {
        source.end()
        return generator.return(undefined)
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
  return { source, resolvers: { Query: { hello: () => 'wörld' }, Mutation: { count: () => 1 }, Subscription: { ticks: { subscribe } } } satisfies DoorOptions['resolvers'] }
}
