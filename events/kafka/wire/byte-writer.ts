/** More is given back after use: one request may be as large as a batch that a topic takes. */
const keptBytes = 1 << 20
const firstBytes = 16 << 10

/**
 * Writes Kafka's primitive types (https://kafka.apache.org/protocol.html#protocol_types) one after the other into memory
 * that grows and is used again: V8 answers memory outside of its heap that is allocated for each request with steps of
 * garbage collection that take up to 30 ms.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(firstBytes)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What has been written: a view, which holds until `clear`. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes)
  }

  int8(value: number): void {
    const at = this.#take(1)
    this.#bytes[at] = value
  }

  int16(value: number): void {
    const at = this.#take(2)
    this.#bytes[at] = value >> 8
    this.#bytes[at + 1] = value
  }

  int32(value: number): void {
    this.setInt32(this.#take(4), value)
  }

  /** Whole numbers up to 2^53, negative ones too. */
  int64(value: number): void {
    const at = this.#take(8)
    this.setInt32(at, Math.floor(value / 2 ** 32))
    this.setInt32(at + 4, value)
  }

  /** Writes over what is at `at`, signed or unsigned. */
  setInt32(at: number, value: number): void {
    const bytes = this.#bytes
    bytes[at] = value >> 24
    bytes[at + 1] = value >> 16
    bytes[at + 2] = value >> 8
    bytes[at + 3] = value
  }

  /** A whole number of 32 bits, so that small ones of either sign take one byte. */
  varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0
    let at = this.#take(sizeOfVarint(value))
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[at++] = (rest & 0x7f) | 0x80
    this.#bytes[at] = rest
  }

  /** Text behind its length of 16 bits. */
  string(text: string): void {
    const size = Buffer.byteLength(text)
    this.int16(size)
    this.utf8(text, size)
  }

  /** @param size of the text in bytes */
  utf8(text: string, size: number): void {
    const at = this.#take(size)
    this.#bytes.write(text, at, size, 'utf8')
  }

  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
  }

  #take(size: number): number {
    const at = this.#length
    this.#length = at + size
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
    }
    return at
  }
}

/** Of 32 bits, as `varint` writes it. */
export function sizeOfVarint(value: number): number {
  const bits = 32 - Math.clz32((value << 1) ^ (value >> 31))
  return bits <= 7 ? 1 : Math.ceil(bits / 7)
}
