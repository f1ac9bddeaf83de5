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

/** Takes a blob's records out in order, one at a time; values are views of the blob, not copies. */
export class Unpacking {
  readonly #bytes: Buffer
  #at = 0

  constructor(blob: Uint8Array) {
    this.#bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  next(): Packable {
    const bytes = this.#bytes
    const keyLength = bytes.readUInt32LE(this.#at)
    const valueLength = bytes.readUInt32LE(this.#at + 4)
    this.#at += HEADER
    let key: string | null = null
    if (keyLength !== NULL) key = bytes.toString('utf8', this.#at, (this.#at += keyLength))
    let value: Uint8Array | null = null
    if (valueLength !== NULL) value = bytes.subarray(this.#at, (this.#at += valueLength))
    return { key, value }
  }
}
