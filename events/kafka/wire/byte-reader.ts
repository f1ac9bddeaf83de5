/** An answer that is shorter or other than the protocol says. */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError'
}

/** Reads what `ByteWriter` writes. @throws MalformedAnswerError beyond the end */
export class ByteReader {
  readonly bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get rest(): number {
    return this.bytes.length - this.#at
  }

  int8(): number {
    return this.bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#take(4))
  }

  /** Whole numbers up to 2^53; larger ones lose their last digits. */
  int64(): number {
    const at = this.#take(8)
    return this.bytes.readInt32BE(at) * 2 ** 32 + this.bytes.readUInt32BE(at + 4)
  }

  /** Of up to 53 bits. */
  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.#take(1)]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      if (scale > 2 ** 56) throw new MalformedAnswerError('expected a whole number of at most ten bytes in an answer of Kafka')
    }
  }

  string(): string {
    const size = this.int16()
    const at = this.#take(Math.max(size, 0))
    return this.bytes.toString('utf8', at, this.#at)
  }

  /** A view of the next bytes. */
  raw(size: number): Buffer {
    const at = this.#take(size)
    return this.bytes.subarray(at, this.#at)
  }

  /** A plain view: `Buffer` behaves differently from `Uint8Array` in places (`slice`), which users of the log must not meet. */
  plain(size: number): Uint8Array {
    const at = this.#take(size)
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, size)
  }

  utf8(size: number): string {
    const at = this.#take(size)
    return this.bytes.toString('utf8', at, this.#at)
  }

  /** @param read is called once per element of an array behind its length of 32 bits; null counts as empty */
  array<T>(read: () => T): T[] {
    const count = this.int32()
    const elements: T[] = []
    for (let i = 0; i < count; i++) elements.push(read())
    return elements
  }

  #take(size: number): number {
    const at = this.#at
    if (size < 0 || at + size > this.bytes.length) {
      throw new MalformedAnswerError(`expected ${size} more bytes in an answer of Kafka, got ${this.bytes.length - at}`)
    }
    this.#at = at + size
    return at
  }
}
