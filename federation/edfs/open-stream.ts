import { GraphQLError } from 'graphql'
import { codes, SubgraphFailure } from '../errors.ts'
import { isPolled, type PolledStream } from '../polled.ts'

/** A stream of a source as its reader sees it: it ends with words for clients, also when its subgraph is closed. */
export class OpenStream<Event> implements AsyncIterableIterator<Event, undefined> {
  readonly #inner: AsyncIterator<Event>
  readonly #onEnd: (cause?: unknown) => void
  #closed = false
  #over = false
  declare readonly poll?: PolledStream<Event>['poll']

  /** @param onEnd called once; with the cause where the source failed */
  constructor(inner: AsyncIterator<Event>, onEnd: (cause?: unknown) => void) {
    this.#inner = inner
    this.#onEnd = onEnd
    if (!isPolled<Event>(inner)) return
    this.poll = (wake) => {
      if (this.#over) return done
      try {
        const result = inner.poll(wake)
        return result?.done ? this.#ended() : result
      } catch (cause) {
        throw this.#failed(cause)
      }
    }
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#over) return done
    let result: IteratorResult<Event>
    try {
      result = await this.#inner.next()
    } catch (cause) {
      throw this.#failed(cause)
    }
    return result.done ? this.#ended() : result
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end()
    await this.#inner.return?.()
    return done
  }

  /** What there is to read ends with an error. */
  close(): void {
    if (this.#over) return
    this.#closed = true
    void this.#inner.return?.()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #ended(): typeof done {
    const wasOver = this.#over
    this.#end()
    if (this.#closed && !wasOver) throw new SubgraphFailure('is not connected any more', { code: codes.lost })
    return done
  }

  /** What the source has written for clients, with a code of its own, they get as it is. */
  #failed(cause: unknown): Error {
    this.#end(cause)
    return cause instanceof GraphQLError ? cause : new SubgraphFailure('ended the subscription: its events could not be read any further', { cause, code: codes.lost })
  }

  #end(cause?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#onEnd(cause)
  }
}

const done = { done: true, value: undefined } as const
