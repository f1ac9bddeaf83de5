import type { ExecutionResult } from 'graphql'
import type { RootFetch, Step } from './compile.ts'

/** A subscription's plan: where its events come from, and what is fetched for each of them. */
export interface SubscriptionPlan {
  source: RootFetch
  rest: Step | undefined
}

/** @throws Error when the plan does not begin with a subscription. */
export const splitSubscription = (step: Step | undefined): SubscriptionPlan => {
  if (step?.kind === 'subscription') return { source: step.fetch, rest: undefined }
  if (step?.kind === 'sequence') {
    const [first, ...rest] = step.steps
    if (first?.kind === 'subscription') {
      return { source: first.fetch, rest: rest.length < 2 ? rest[0] : { kind: 'sequence', steps: rest } }
    }
  }
  throw new Error('The plan of a subscription does not begin with one.')
}

export const isStream = (value: unknown): value is AsyncIterable<ExecutionResult> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

/**
 * Maps each event of a stream, one at a time and in order, so that a slow reader holds the source back. `return`
 * ends the source at once, even while an event is awaited.
 */
export const mapStream = <Event, Result>(
  source: AsyncIterable<Event>, map: (event: Event) => Promise<Result>, failed?: (cause: unknown) => Result,
): AsyncIterableIterator<Result> => {
  const events = source[Symbol.asyncIterator]()
  let ended = false
  let turn: Promise<unknown> = Promise.resolve()
  const end = async (): Promise<IteratorReturnResult<undefined>> => {
    if (!ended) {
      ended = true
      await events.return?.()
    }
    return { done: true, value: undefined }
  }
  const pull = async (): Promise<IteratorResult<Result, undefined>> => {
    if (ended) return { done: true, value: undefined }
    let event: IteratorResult<Event>
    try {
      event = await events.next()
    } catch (cause) {
      if (ended) return { done: true, value: undefined }
      ended = true
      if (!failed) throw cause
      return { done: false, value: failed(cause) }
    }
    if (event.done || ended) {
      ended = true
      return { done: true, value: undefined }
    }
    try {
      return { done: false, value: await map(event.value) }
    } catch (error) {
      await end()
      throw error
    }
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => {
      const next = turn.then(pull)
      turn = next.catch(() => undefined)
      return next
    },
    return: end,
    throw: async (error) => {
      await end()
      throw error
    },
  }
}
