import type { EventLog, Positions } from '../events/log.ts'

/** A log that does not tell its ends within this time is away, ms. */
const patienceMs = 2_000

/**
 * Measures how many records of these topics are not yet applied, as far as this gateway has been told: by the log's own ends,
 * so that it is known where ingest is another process, behind or dead. Gives undefined where the log does not answer.
 */
export function createLagMeter(log: EventLog, topics: readonly string[], covered: () => Positions): () => Promise<number | undefined> {
  // A log that is away is waited for once, however often it is asked for.
  let asking: Promise<Positions> | undefined
  return async () => {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, patienceMs)
    asking ??= log.ends(topics).finally(() => { asking = undefined })
    try {
      const ends = await Promise.race([asking, late.promise])
      if (!ends) return undefined
      const applied = covered()
      return Object.entries(ends).reduce((sum, [key, end]) => sum + Math.max(0, end - (applied[key] ?? 0)), 0)
    } catch {
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }
}
