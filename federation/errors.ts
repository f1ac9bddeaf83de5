import { GraphQLError, type GraphQLFormattedError } from 'graphql'

/** Stable codes in `extensions.code`. */
export const codes = {
  /** A subgraph could not be asked, or answered with errors that carry no code of their own. */
  downstream: 'DOWNSTREAM_SERVICE_ERROR',
  planning: 'QUERY_PLANNING_FAILED',
  badInput: 'BAD_USER_INPUT',
  internal: 'INTERNAL_SERVER_ERROR',
  /** The request's signal was aborted. */
  cancelled: 'REQUEST_CANCELLED',
  /** A subscription ended because its source was lost: what was missed meanwhile cannot be known. */
  lost: 'SUBSCRIPTION_LOST',
  /** A subscription ended because its reader was too slow. */
  overflow: 'SUBSCRIPTION_OVERFLOW',
  /** A subscription ended because the schema does not have its fields any more. */
  gone: 'SUBSCRIPTION_FIELDS_GONE',
  /** A subscription by HTTP callbacks ended because nothing was heard of its subgraph. */
  heartbeat: 'SUBSCRIPTION_HEARTBEAT_MISSED',
} as const

/** A subgraph call that failed for a reason that clients may be told: the message names no address and no internals. */
export class SubgraphFailure extends Error {
  override name = 'SubgraphFailure'
  /** Whether a query may be sent again: no whole answer has come. */
  readonly transient: boolean
  /** One of {@link codes}. */
  readonly code: string
  constructor(message: string, options: { cause?: unknown; transient?: boolean; code?: string } = {}) {
    super(message, { cause: options.cause })
    this.transient = options.transient ?? false
    this.code = options.code ?? codes.downstream
  }
}

/** A call for which nobody waits any more. */
export const cancelledFailure = (words: 'not asked' | 'not waited for', cause?: unknown): SubgraphFailure =>
  new SubgraphFailure(`was ${words}: the request was cancelled`, { cause, code: codes.cancelled })

/** The subgraph did answer, with nothing that can be used; another call may fare better. */
export class UnusableAnswer extends SubgraphFailure {
  override name = 'UnusableAnswer'
}

/**
 * A field cannot be asked for because the plan left out what it needs. Of no concern where the client did not select
 * it.
 */
export class IncompletePlan extends SubgraphFailure {
  override name = 'IncompletePlan'
}

export type PathKey = string | number
export type ResponsePath = readonly PathKey[]

/** Extensions under which servers are known to leak stack traces and queries. */
const leaks = new Set(['exception', 'stacktrace', 'stack', 'debug', 'originalError'])

/** An error that a subgraph reported, placed where it belongs in the client's response. */
export const downstreamError = (
  subgraph: string,
  error: GraphQLFormattedError,
  path: ResponsePath | undefined,
): GraphQLError => {
  const extensions: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(error.extensions ?? {})) if (!leaks.has(key)) extensions[key] = value
  extensions.code ??= codes.downstream
  extensions.serviceName = subgraph
  return new GraphQLError(typeof error.message === 'string' ? error.message : `The subgraph "${subgraph}" failed.`, {
    path,
    extensions,
  })
}

/** A call that brought no usable answer. Only a {@link SubgraphFailure}'s own words are repeated. */
export const failureError = (subgraph: string, cause: unknown, path: ResponsePath | undefined): GraphQLError =>
  new GraphQLError(
    cause instanceof SubgraphFailure
      ? `The subgraph "${subgraph}" ${cause.message}.`
      : `The subgraph "${subgraph}" could not be asked.`,
    {
      path,
      originalError: cause instanceof Error ? cause : undefined,
      extensions: {
        code: cause instanceof SubgraphFailure ? cause.code : codes.downstream, serviceName: subgraph,
      },
    },
  )

/**
 * The errors of one operation. Beside the list it knows which places are explained by an error already, so that a
 * missing value is reported once.
 */
export class ErrorLog {
  readonly list: GraphQLError[] = []
  #at: Set<string> | undefined
  #above: Set<string> | undefined

  add(error: GraphQLError): void {
    this.list.push(error)
    this.#at = undefined
  }

  /** Whether an error at, above or below this path is recorded. */
  explains(path: ResponsePath): boolean {
    if (this.list.length === 0) return false
    if (!this.#at || !this.#above) this.#index()
    if (this.#above!.has(JSON.stringify(path))) return true
    for (let length = path.length; length > 0; length--) {
      if (this.#at!.has(JSON.stringify(path.slice(0, length)))) return true
    }
    return false
  }

  #index(): void {
    this.#at = new Set()
    this.#above = new Set()
    for (const { path } of this.list) {
      if (!path?.length) continue
      this.#at.add(JSON.stringify(path))
      for (let length = path.length; length > 0; length--) this.#above.add(JSON.stringify(path.slice(0, length)))
    }
  }
}
