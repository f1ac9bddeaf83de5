import type { Gap } from '../../resolvers/live.ts'

/**
 * A payload as JSON text, rendered once for all who get it. All texts here are the UTF-8 bytes of what they say, a byte a
 * character, so that a socket takes them as latin1 without encoding anything again.
 */
export interface Payload {
  /** `{"data":…,"extensions":{`: up to where the cursor is, and the gap. */
  readonly head: string
  /** `"freshness":…}}`: what stands behind them. */
  readonly tail: string
  /** Absent where the source has no cursors. */
  readonly cursor: string | undefined
  /** What is missing before it, as JSON. */
  readonly gap: string | undefined
}

/** The whole JSON of a payload. */
export const textOf = ({ head, cursor, gap, tail }: Payload): string =>
  head + (cursor === undefined ? '' : `"cursor":"${cursor}",`) + (gap === undefined ? '' : `"gap":${gap},`) + tail

/** Some text as its UTF-8 bytes, a byte a character. */
export const bytesOf = (text: string): string => {
  // ASCII, as most of it is, has one form.
  if (Buffer.byteLength(text) === text.length) return text
  return Buffer.from(text).toString('latin1')
}

export const renderGap = ({ reason, missed: { from, count } }: Gap): string =>
  bytesOf(JSON.stringify({ reason, missed: { from, count } }))
