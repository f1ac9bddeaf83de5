import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { LogUnavailableError } from '../events/log.ts'
import { codes, SubgraphFailure } from '../federation/index.ts'
import { EmbedderError } from '../search/embedder.ts'
import { IndexUnavailableError } from '../search/entity-index.ts'

/** The parser's own words (graphql 16 has "that" in them). */
const tooManyTokens = /^Syntax Error: Document contains more tha[nt] (\d+) tokens/

/**
 * What clients are told where a system behind the gateway fails: which one, so that they know that asking again may help, and
 * nothing of its address or its own words.
 */
export function explain(error: unknown): GraphQLError | undefined {
  const away = (what: string, code: string) =>
    new GraphQLError(`${what} does not answer at the moment; ask again later.`, { extensions: { code } })
  if (error instanceof IndexUnavailableError) return away('The index', error.code)
  if (error instanceof LogUnavailableError) return away('The event log', error.code)
  if (error instanceof EmbedderError && error.retryable) return away('The embedder', error.code)
  return undefined
}

/** A subgraph that brought no usable answer, in words that name it. */
export class SubgraphOutage extends Error {
  override readonly name = 'SubgraphOutage'

  /** What the system said of the connection, to be put behind the words; empty where there was one. */
  get reason(): string {
    const { cause } = this.cause as { cause?: unknown }
    return cause instanceof Error && 'code' in cause ? ` (${cause.message || String(cause.code)})` : ''
  }
}

/** Causes of which the operator knows. A call that fails leaves an error in each place that it would have filled. */
const told = new WeakSet<Error>()

/**
 * What clients see of an error. Errors that somebody wrote for them pass; of all others they get a neutral sentence, and
 * the operator the whole.
 */
export function maskError(formatted: GraphQLFormattedError, error: unknown, onError: (error: unknown) => void): GraphQLFormattedError {
  const code = formatted.extensions?.code
  const cause = error instanceof GraphQLError ? error.originalError : error
  const unexpected = cause instanceof Error && !(cause instanceof GraphQLError)
  const tokens = tooManyTokens.exec(formatted.message)?.[1]
  if (tokens !== undefined)
    return { message: `The operation has more than ${tokens} tokens; ask for less at once, and pass values as variables.`, extensions: { code: 'LIMIT_EXCEEDED', limit: 'tokens' } }
  // The engine names a stream that ended with an error by its subgraph; why it ended was written for the client.
  if (cause instanceof GraphQLError && code === codes.downstream)
    return { ...formatted, message: cause.message, extensions: cause.extensions }
  if (unexpected && (code === undefined || code === codes.internal || code === codes.downstream)) {
    if (!told.has(cause)) onError(cause instanceof SubgraphFailure ? new SubgraphOutage(formatted.message, { cause }) : cause)
    told.add(cause)
    const explained = explain(cause)
    if (explained) return { message: explained.message, path: formatted.path, extensions: explained.extensions }
    if (code !== codes.downstream) return { message: 'Internal server error.', path: formatted.path, extensions: { code: codes.internal } }
  }
  return formatted
}

/** The same for a result that does not pass through Apollo Server. */
export const maskErrors = (errors: readonly GraphQLError[], onError: (error: unknown) => void): GraphQLFormattedError[] =>
  errors.map((error) => maskError(error.toJSON(), error, onError))
