import type { Appended, Positions } from '../../events/log.ts'
import { partitionKey } from '../../events/log.ts'

/** What `publish` gives for what it appended: the positions to wait for, and the log that they are of. */
export function encodeToken(appended: readonly Appended[], logId: string): string {
  const ends: Record<string, number> = {}
  for (const { topic, partition, offset } of appended) {
    const key = partitionKey(topic, partition)
    ends[key] = Math.max(ends[key] ?? 0, offset + 1)
  }
  return Buffer.from(JSON.stringify({ v: 1, log: logId, ends })).toString('base64url')
}

/** A thousand events may fall into as many partitions, of topics with long names. */
const maxLength = 256 * 1024

/** A topic and its partition, as `partitionKey` has them. */
const lane = /^[\w.-]{1,249}\/\d{1,6}$/

/** The positions of a token; null for what is none, or is one of another log. */
export function decodeToken(token: string, logId: string): Positions | null {
  if (token.length > maxLength) return null
  try {
    const { v, log, ends } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Record<string, unknown>
    if (v !== 1 || log !== logId || typeof ends !== 'object' || ends === null) return null
    return Object.entries(ends).every(([key, end]) => lane.test(key) && Number.isSafeInteger(end) && end >= 0) ? (ends as Positions) : null
  } catch {
    return null
  }
}
