import type { ExecutionResult } from 'graphql'

/** Whether a subscription was started, and not refused. */
export const isEvents = <Event>(value: AsyncIterable<Event> | ExecutionResult): value is AsyncIterable<Event> =>
  Symbol.asyncIterator in value

export interface MapOptions<Result> {
  /** The last result of a source that failed; it is thrown where this is absent. */
  failed?: (cause: unknown) => Result
  /** How many events may be mapped at the same time; 1 unless said otherwise. */
  atOnce?: number
}

/** An event that was asked for. */
interface Begun<Result> {
  /** Kept once the event is there and is being mapped, or there is none. */
  pulled: Promise<unknown>
  result: Promise<IteratorResult<Result, undefined>>
}

/**
 * Maps the events of a stream, and gives the results in their order. Events are pulled one after another, and only
 * while a result is waited for: so a slow reader holds the source back, while those at hand, if several may be mapped
 * at once, are under way together. `return` ends the source at once, even while an event is awaited.
 */
export const mapStream = <Event, Result>(
  source: AsyncIterable<Event>, map: (event: Event) => Promise<Result> | Result, { failed, atOnce = 1 }: MapOptions<Result> = {},
): AsyncIterableIterator<Result> => atOnce === 1 ? mapInTurn(source, map, failed) : mapTogether(source, map, failed, atOnce)

/** With as few promises as it takes: thousands of subscriptions may wait for the same event. */
const mapInTurn = <Event, Result>(
  source: AsyncIterable<Event>, map: (event: Event) => Promise<Result> | Result, failed: MapOptions<Result>['failed'],
): AsyncIterableIterator<Result> => {
  const events = source[Symbol.asyncIterator]()
  let over = false
  let last: Promise<unknown> | undefined
  const done = { done: true, value: undefined } as const

  const leave = async (): Promise<IteratorReturnResult<undefined>> => {
    if (over) return done
    over = true
    await events.return?.()
    return done
  }

  const take = async (): Promise<IteratorResult<Result, undefined>> => {
    if (over) return done
    let event: IteratorResult<Event>
    try {
      event = await events.next()
    } catch (cause) {
      if (over) return done
      over = true
      if (!failed) throw cause
      return { done: false, value: failed(cause) }
    }
    if (over) return done
    if (event.done) {
      over = true
      return done
    }
    try {
      return { done: false, value: await map(event.value) }
    } catch (error) {
      await leave()
      throw error
    }
  }

  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => {
      const next = last ? last.then(take, take) : take()
      last = next
      const forget = () => { if (last === next) last = undefined }
      next.then(forget, forget)
      return next
    },
    return: leave,
    throw: async (error) => {
      await leave()
      throw error
    },
  }
}

const mapTogether = <Event, Result>(
  source: AsyncIterable<Event>, map: (event: Event) => Promise<Result> | Result, failed: MapOptions<Result>['failed'], atOnce: number,
): AsyncIterableIterator<Result> => {
  const events = source[Symbol.asyncIterator]()
  const ahead: Begun<Result>[] = []
  let left = false
  let ended = false
  let turn: Promise<unknown> = Promise.resolve()
  let lastPull: Promise<unknown> = turn
  const done = { done: true, value: undefined } as const

  const endSource = async (): Promise<void> => {
    if (ended) return
    ended = true
    await events.return?.()
  }

  const leave = async (): Promise<IteratorReturnResult<undefined>> => {
    left = true
    await endSource()
    return done
  }

  const begin = (): Begun<Result> => {
    const pulled = lastPull.then(() => ended ? done : events.next())
    lastPull = pulled.then(({ done: over }) => { ended ||= over === true }, () => { ended = true })
    const result: Promise<IteratorResult<Result, undefined>> = pulled.then(async (event) => {
      if (event.done || left) return done
      try {
        return { done: false as const, value: await map(event.value) }
      } catch (error) {
        await endSource()
        throw error
      }
    }, (cause: unknown) => {
      if (left) return done
      if (!failed) throw cause
      return { done: false as const, value: failed(cause) }
    })
    // Whoever reads it is told.
    result.catch(() => undefined)
    return { pulled: lastPull, result }
  }

  const take = async (): Promise<IteratorResult<Result, undefined>> => {
    if (left) return done
    const head = ahead.shift() ?? begin()
    let waiting = true
    const arrived = head.result.then(() => { waiting = false }, () => { waiting = false })
    while (ahead.length < atOnce - 1) {
      await Promise.race([arrived, (ahead.at(-1) ?? head).pulled])
      if (!waiting || ended) break
      ahead.push(begin())
    }
    try {
      return await head.result
    } catch (error) {
      left = true
      throw error
    }
  }

  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => {
      const next = turn.then(take)
      turn = next.catch(() => undefined)
      return next
    },
    return: leave,
    throw: async (error) => {
      await leave()
      throw error
    },
  }
}
