import { GraphQLError, type ExecutionResult } from 'graphql'

const tookTooLong = (ms: number): ExecutionResult =>
  ({ errors: [new GraphQLError(`The operation took longer than ${ms} ms; ask for less at once, or again later.`, { extensions: { code: 'REQUEST_TIMEOUT' } })] })

/**
 * The time of one request, which is over when it is up, or when the client leaves before it is answered. Most operations are
 * answered without anybody asking for its signal: it is made for those who do.
 */
export class RequestTime {
  readonly #ms: number
  readonly #timer: NodeJS.Timeout
  #controller: AbortController | undefined
  /** Why it is over. */
  #reason: DOMException | undefined
  #ended = false
  #late: ((result: ExecutionResult) => void) | undefined

  constructor(ms: number) {
    this.#ms = ms
    this.#timer = setTimeout(timeIsUp, ms, this)
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** The result, or `REQUEST_TIMEOUT` once the time is up, also where what is waited for does not listen to the signal. */
  within(result: Promise<ExecutionResult>): Promise<ExecutionResult> {
    return new Promise((resolve, reject) => {
      if (this.#reason?.name === 'TimeoutError') resolve(tookTooLong(this.#ms))
      else this.#late = resolve
      result.then(resolve, reject)
    })
  }

  up(): void {
    this.#over(new DOMException('The request took too long.', 'TimeoutError'))
    this.#late?.(tookTooLong(this.#ms))
  }

  /** The client is gone; of no concern where it has its answer. */
  left(): void {
    if (this.#ended) return
    this.end()
    this.#over(new DOMException('The client left.', 'AbortError'))
  }

  /** To be called in any case, as soon as there is an answer: what it was made of is let go. */
  end(): void {
    this.#ended = true
    this.#late = undefined
    clearTimeout(this.#timer)
  }

  #over(reason: DOMException): void {
    this.#reason ??= reason
    this.#controller?.abort(reason)
  }
}

/** One for all, as a closure for each request would cost more than its timer. */
const timeIsUp = (time: RequestTime): void => time.up()
