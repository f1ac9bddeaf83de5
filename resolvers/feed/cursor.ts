import { hash } from 'node:crypto'
import { InvalidCursorError } from '../../search/entity-index.ts'

/**
 * Where a person's feed stands: which feed, and what it has shown so far. It travels with the client, so that any replica
 * can serve the next page after any crash. Shown livestreams are remembered as 32 bits of a hash: of 500 shown ones, an
 * unseen one is mistaken for them once in 8 million times (and then not shown, never shown twice).
 */
export interface FeedCursor {
  feedId: string
  /** Person and filter that the feed is of, hashed: another feed's cursor is refused. */
  of: number
  shown: readonly number[]
}

/** Most livestreams that one feed shows. */
export const maxFeedLength = 500

/** 32 bits of SHA-256. */
export const hash32 = (text: string): number => hash('sha256', text, 'buffer').readUInt32LE(0)

const version = 1

/** version, length of the feed id, feed id, `of`, shown…; little endian, base64url. */
export function encodeFeedCursor({ feedId, of, shown }: FeedCursor): string {
  const id = Buffer.from(feedId)
  const bytes = Buffer.alloc(2 + id.length + 4 + 4 * shown.length)
  bytes[0] = version
  bytes[1] = id.length
  id.copy(bytes, 2)
  bytes.writeUInt32LE(of, 2 + id.length)
  shown.forEach((hash, index) => bytes.writeUInt32LE(hash, 6 + id.length + 4 * index))
  return bytes.toString('base64url')
}

/** @throws InvalidCursorError where it is none, or one of another feed. */
export function decodeFeedCursor(text: string, of: number): FeedCursor {
  const bytes = text.length <= 4096 ? Buffer.from(text, 'base64url') : Buffer.alloc(0)
  const idLength = bytes[1] ?? 0
  const start = 6 + idLength
  if (bytes[0] !== version || idLength === 0 || bytes.length < start || (bytes.length - start) % 4 !== 0)
    throw new InvalidCursorError('"after" must be a cursor of an edge of this feed, unchanged; leave it out for the first page.')
  if (bytes.readUInt32LE(2 + idLength) !== of)
    throw new InvalidCursorError('"after" is a cursor of another feed: person and filter must be those of the page it came from.')
  const shown = Array.from({ length: (bytes.length - start) / 4 }, (_, index) => bytes.readUInt32LE(start + 4 * index))
  return { feedId: bytes.toString('utf8', 2, 2 + idLength), of, shown }
}
