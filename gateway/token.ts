import { GraphQLError } from 'graphql'
import { isTimeout, whenAborted, withTimeLimit } from '../events/abort.ts'
import { covers, type Positions } from '../events/log.ts'
import type { MetricView } from '../search/metrics.ts'
import { decodeToken } from '../resolvers/events/token.ts'
import type { Staleness } from './staleness.ts'

export interface TokenWait {
  view: Pick<MetricView, 'covered' | 'waitFor'>
  staleness: Pick<Staleness, 'ends'>
  logId: string
  timeoutMs: number
  signal?: AbortSignal
}

/**
 * Waits until the events that a token of `publish` stands for are applied, so that the answer includes them. Nobody signs tokens,
 * so one that stands for what the log does not have is found out by the log, while what it may stand for is waited for.
 *
 * @throws GraphQLError `INVALID_TOKEN`, or `TOKEN_TIMEOUT` after `timeoutMs`
 */
export async function waitForToken(token: string, { view, staleness, logId, timeoutMs, signal }: TokenWait): Promise<void> {
  const positions = decodeToken(token, logId)
  if (!positions) throw invalid()
  // Known to the log then, so it need not be asked; what they had re-keyed may still be on its way.
  const known = covers(view.covered(), positions)
  const refusal = new AbortController()
  try {
    await withTimeLimit(signal, timeoutMs, async (limited) => {
      const forget = whenAborted(limited, () => refusal.abort(limited.reason))
      // A log that does not answer says nothing against the token.
      if (!known) staleness.ends(limited).then((ends) => isWithin(positions, ends) || refusal.abort(invalid()), () => {})
      await view.waitFor(positions, refusal.signal).finally(forget)
    })
  } catch (error) {
    if (signal?.aborted || !isTimeout(error)) throw error
    throw new GraphQLError(`The token's events were not applied within ${timeoutMs} ms; ingest may be behind or away. Ask again, or ask without the token.`, {
      extensions: { code: 'TOKEN_TIMEOUT' },
    })
  }
}

const invalid = (): GraphQLError =>
  new GraphQLError('The token is none that "publish" of this deployment gave, unchanged.', { extensions: { code: 'INVALID_TOKEN' } })

/** Whether the log has all of it: topics and partitions that it knows, up to where they end. */
const isWithin = (positions: Positions, ends: Positions): boolean =>
  Object.entries(positions).every(([key, end]) => Object.hasOwn(ends, key) && end <= (ends[key] as number))

/** The token that a request brings: header `freshet-token`, or `freshetToken` in its `extensions`. */
export function tokenOf(header: string | readonly string[] | undefined, extensions: unknown): string | undefined {
  const inExtensions = typeof extensions === 'object' && extensions !== null && 'freshetToken' in extensions
    ? extensions.freshetToken : undefined
  const inHeader = typeof header === 'object' ? header[0] : header
  return inHeader ?? (typeof inExtensions === 'string' ? inExtensions : undefined)
}
