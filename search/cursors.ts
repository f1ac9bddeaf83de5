import { hash } from 'node:crypto'
import { InvalidCursorError, type IndexQuery } from './entity-index.ts'

/**
 * Cursors of the index's pages: opaque to clients, made of the query's fingerprint and a position. They hold nothing
 * secret and are trusted with nothing: a forged one names another place in a query that its sender may ask anyway.
 */

const maxLength = 8192

/** A short name of everything in a query that decides about order and membership: all but the limit. */
export function queryFingerprint({ kind, filter, hybrid, orderBy }: IndexQuery): string {
  const vector = hybrid?.vector
  return hash('sha1', JSON.stringify([
    kind, filter, orderBy,
    hybrid && [hybrid.text, hybrid.alpha, hybrid.fusion],
    vector && [vector.space, hash('sha1', new Uint8Array(vector.values.buffer, vector.values.byteOffset, vector.values.byteLength))],
  ]), 'base64url').slice(0, 16)
}

export type CursorPosition = readonly (string | number | boolean | null)[]

export const encodeCursor = (fingerprint: string, position: CursorPosition): string =>
  Buffer.from(JSON.stringify([fingerprint, ...position])).toString('base64url')

/** The position in a cursor. Throws `InvalidCursorError` where it is malformed or belongs to another query. */
export function decodeCursor(fingerprint: string, cursor: string): CursorPosition {
  const content = cursor.length > maxLength ? null : parse(cursor)
  if (content === null) {
    throw new InvalidCursorError('The cursor cannot be read. Send the `cursor` of a hit of this query unchanged, or none to begin.')
  }
  if (content[0] !== fingerprint) {
    throw new InvalidCursorError(
      'The cursor belongs to another query. Keep filter, ordering and hybrid as they were, or begin without a cursor.')
  }
  return content.slice(1)
}

function parse(cursor: string): CursorPosition | null {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const valid = Array.isArray(content) && content.length > 1 &&
      content.every((part) => part === null || ['string', 'number', 'boolean'].includes(typeof part))
    return valid ? content as CursorPosition : null
  } catch {
    return null
  }
}
