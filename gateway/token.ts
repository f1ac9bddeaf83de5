import { GraphQLError } from 'graphql'
import { isTimeout, withTimeLimit } from '../events/abort.ts'
import type { MetricView } from '../search/metrics.ts'
import { decodeToken } from '../resolvers/events/token.ts'

/**
 * Waits until the events that a token of `publish` stands for are applied, so that the answer includes them.
 *
 * @throws GraphQLError `INVALID_TOKEN`, or `TOKEN_TIMEOUT` after `timeoutMs`
 */
export async function waitForToken(
  token: string, { view, logId, timeoutMs, signal }: { view: MetricView; logId: string; timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const positions = decodeToken(token, logId)
  if (!positions)
    throw new GraphQLError('The token is none that "publish" of this deployment gave, unchanged.', { extensions: { code: 'INVALID_TOKEN' } })
  try {
    await withTimeLimit(signal, timeoutMs, (limited) => view.waitFor(positions, limited))
  } catch (error) {
    if (signal?.aborted || !isTimeout(error)) throw error
    throw new GraphQLError(`The token's events were not applied within ${timeoutMs} ms; ingest may be behind or away. Ask again, or ask without the token.`, {
      extensions: { code: 'TOKEN_TIMEOUT' },
    })
  }
}

/** The token that a request brings: header `freshet-token`, or `freshetToken` in its `extensions`. */
export function tokenOf(header: string | readonly string[] | undefined, extensions: unknown): string | undefined {
  const inExtensions = typeof extensions === 'object' && extensions !== null && 'freshetToken' in extensions
    ? extensions.freshetToken : undefined
  const inHeader = typeof header === 'object' ? header[0] : header
  return inHeader ?? (typeof inExtensions === 'string' ? inExtensions : undefined)
}
