import { GraphQLError, type ExecutionResult } from 'graphql'

/** Aborted when the client leaves or the time is up. */
export function timeLimit(ms: number, left?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms)
  return left ? AbortSignal.any([left, timeout]) : timeout
}

/** A request's time: aborted when it is up, or the client leaves before it is answered. Leaner than two signals in one. */
export class RequestTime {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(new DOMException('The request took too long.', 'TimeoutError')), ms)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  left(): void {
    this.end()
    this.#controller.abort()
  }

  /** To be called in any case. */
  end(): void {
    clearTimeout(this.#timer)
  }
}

/**
 * The result, or `REQUEST_TIMEOUT` once the time of the signal (`timeLimit`) is up: the client is answered then, also where
 * what it waits for does not listen to the signal.
 */
export async function inTime(
  signal: AbortSignal | undefined, ms: number, result: Promise<ExecutionResult> | ExecutionResult,
): Promise<ExecutionResult> {
  if (!signal) return result
  const late = Promise.withResolvers<ExecutionResult>()
  const onAbort = () => {
    if (isTimeout(signal.reason))
      late.resolve({ errors: [new GraphQLError(`The operation took longer than ${ms} ms; ask for less at once, or again later.`, { extensions: { code: 'REQUEST_TIMEOUT' } })] })
  }
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([result, late.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError'
