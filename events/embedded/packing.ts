/**
 * Many records in one blob: a row per record costs SQLite more than the record itself does. Per record: key length and
 * value length (uint32, little endian; all ones for `null`), key (UTF-8), value.
 */

const HEADER = 8
const NULL = 0xffffffff

export interface Packable {
  key: string | null
  value: Uint8Array | null
}

/** Bytes that a record takes in a blob. */
export const packedSize = ({ key, value }: Packable): number =>
  HEADER + (key === null ? 0 : Buffer.byteLength(key)) + (value === null ? 0 : value.length)

/** `size` is the sum of `packedSize` over the records. */
export function pack(records: readonly Packable[], size: number): Uint8Array {
  const blob = Buffer.allocUnsafe(size)
  let at = 0
  for (const { key, value } of records) {
    const keyAt = at + HEADER
    const keyLength = key === null ? 0 : blob.write(key, keyAt)
    blob.writeUInt32LE(key === null ? NULL : keyLength, at)
    blob.writeUInt32LE(value === null ? NULL : value.length, at + 4)
    at = keyAt + keyLength
    if (value !== null) {
      blob.set(value, at)
      at += value.length
    }
  }
  return blob
}

/** Calls `visit` for each record in order; values are views of the blob, not copies. */
export function unpack(blob: Uint8Array, visit: (key: string | null, value: Uint8Array | null) => void): void {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  let at = 0
  while (at < bytes.length) {
    const keyLength = bytes.readUInt32LE(at)
    const valueLength = bytes.readUInt32LE(at + 4)
    at += HEADER
    let key: string | null = null
    if (keyLength !== NULL) key = bytes.toString('utf8', at, (at += keyLength))
    let value: Uint8Array | null = null
    if (valueLength !== NULL) value = bytes.subarray(at, (at += valueLength))
    visit(key, value)
  }
}
