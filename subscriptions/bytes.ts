/** Bytes one after the other; numbers as LEB128 varints, texts with their length in front. */
export class ByteWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  bytes(values: Uint8Array): void {
    this.#room(values.byteLength)
    this.#bytes.set(values, this.#length)
    this.#length += values.byteLength
  }

  /** @param value a whole number from 0 to 2^53 - 1 */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected a whole number from 0, got ${value}`)
    this.#room(8)
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80
    this.#bytes[this.#length++] = rest
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8')
    this.varint(bytes.byteLength)
    this.bytes(bytes)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + bytes))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/** What `ByteWriter` wrote. Throws RangeError beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #place = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#place++]
      if (byte === undefined) throw new RangeError(`expected a byte at ${this.#place - 1}, got the end`)
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  text(): string {
    const length = this.varint()
    const end = this.#place + length
    if (end > this.#bytes.length) throw new RangeError(`expected ${length} bytes at ${this.#place}, got the end`)
    const bytes = this.#bytes.subarray(this.#place, end)
    this.#place = end
    return Buffer.from(bytes).toString('utf8')
  }
}
