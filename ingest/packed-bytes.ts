/**
 * Numbers and texts one after the other, for what is written and read by the million. A whole number from 0 to 2^53 − 1
 * takes one to eight bytes: six bits in the first and seven in each that follows, the lowest first, doubled so that an
 * even first byte says so; every other number is a byte 1 and a 64-bit float (little endian). A text is its length in bytes,
 * as a number, and UTF-8.
 */
export class ByteWriter {
  #bytes: Buffer
  #at = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** Begins anew, whatever was left half written. */
  clear(): void {
    this.#at = 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  /** Of both signs, whole or not. */
  number(value: number): void {
    this.#reserve(longest)
    const bytes = this.#bytes
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value)) {
      bytes[this.#at++] = isFloat
      this.#at = bytes.writeDoubleLE(value, this.#at)
      return
    }
    if (value < 64) {
      bytes[this.#at++] = value << 1
      return
    }
    bytes[this.#at++] = ((value % 64) << 1) | more
    let rest = Math.floor(value / 64)
    while (rest > 0x7fffffff) {
      bytes[this.#at++] = (rest % 128) | more
      rest = Math.floor(rest / 128)
    }
    // Most are small, and shifts are quicker than divisions.
    while (rest > 127) {
      bytes[this.#at++] = (rest & 127) | more
      rest >>>= 7
    }
    bytes[this.#at++] = rest
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.number(length)
    this.#reserve(length)
    if (length === value.length && length < 32) for (let i = 0; i < length; i++) this.#bytes[this.#at++] = value.charCodeAt(i)
    else this.#at += this.#bytes.write(value, this.#at)
  }

  /** How many there are, and each. */
  numbers(values: readonly number[]): void {
    this.number(values.length)
    for (const value of values) this.number(value)
  }

  /** How many there are, and they. */
  bytes(value: Uint8Array): void {
    this.number(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  /** What has been written since the last call, as bytes of its own. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return taken
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** The inverse of `ByteWriter`. @throws RangeError where the bytes end before what is read does */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const value = this.#bytes[this.#at++]
    if (value === undefined) throw new RangeError(`Expected more than ${this.#bytes.length} bytes.`)
    return value
  }

  number(): number {
    const first = this.byte()
    if (first === isFloat) {
      const value = this.#bytes.readDoubleLE(this.#at)
      this.#at += 8
      return value
    }
    if (first & isFloat) throw new RangeError(`Expected a number at byte ${this.#at - 1}, got ${first}.`)
    let value = (first & 127) >> 1
    let next = first
    for (let scale = 64; next & more; scale *= 128) {
      next = this.byte()
      value += (next & 127) * scale
    }
    return value
  }

  text(): string {
    const from = this.#pass(this.number())
    return this.#bytes.toString('utf8', from, this.#at)
  }

  /** A list that has no room to spare. */
  numbers(): number[] {
    const count = this.number()
    for (let i = 0; i < count; i++) scratch[i] = this.number()
    return scratch.slice(0, count)
  }

  /** A view. */
  bytes(): Uint8Array {
    const from = this.#pass(this.number())
    return this.#bytes.subarray(from, this.#at)
  }

  /** Goes on behind so many bytes; where they begin. */
  #pass(length: number): number {
    const from = this.#at
    if (from + length > this.#bytes.length) throw new RangeError(`Expected ${length} more bytes, got ${this.#bytes.length - from}.`)
    this.#at += length
    return from
  }
}

/** Bytes to stay for long: they shall not keep much more than themselves from being freed. */
export const ownBytes = (bytes: Uint8Array): Uint8Array => bytes.length * 2 > bytes.buffer.byteLength ? bytes : Buffer.from(bytes)

/** Numbers on their way into a list of the right size. One for all: it keeps the form that holds floats. */
const scratch = [0.5]
const isFloat = 1
const more = 128
/** Bytes of the longest number. */
const longest = 9
