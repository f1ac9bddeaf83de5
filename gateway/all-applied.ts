import { isTimeout, withTimeLimit } from '../events/abort.ts'
import type { EventLog, Positions } from '../events/log.ts'
import { recordEnds } from '../events/record-ends.ts'
import type { MetricView } from '../search/metrics.ts'

/** What is appended is applied within milliseconds, mostly; reading the log for each who waits would cost more than that. */
const usualMs = 250

/**
 * Resolves once all records before the log's `ends` are applied. Looks for the last ones where that takes longer than usual: the log may
 * end with marks of transactions, which nobody applies.
 * @throws the signal's reason when it is aborted first
 */
export async function allApplied(
  log: Pick<EventLog, 'read'>, view: Pick<MetricView, 'covered' | 'waitFor'>, ends: Positions, signal: AbortSignal,
): Promise<void> {
  try {
    return await withTimeLimit(signal, usualMs, (limited) => view.waitFor(ends, limited))
  } catch (error) {
    signal.throwIfAborted()
    if (!isTimeout(error)) throw error
  }
  await view.waitFor(await recordEnds(log, view.covered(), ends, signal), signal)
}
