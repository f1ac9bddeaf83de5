import { GraphQLError } from 'graphql'

const code = 'LOG_UNAVAILABLE'
/** How long clients are asked to wait before they come again, ms: another gateway may read the log, and this one may soon. */
const retryAfterMs = 1_000

/** What clients are told where the log cannot be read. @param cause for the operator */
export const logUnavailable = (what: string, cause?: unknown): GraphQLError =>
  Object.assign(new GraphQLError(`${what} could not be read any further; subscribe again behind the cursor.`, { extensions: { code, retryAfterMs } }), { cause })

export const isLogUnavailable = (error: unknown): error is GraphQLError => error instanceof GraphQLError && error.extensions.code === code
