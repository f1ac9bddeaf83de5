import { type SubgraphFailure, UnusableAnswer } from './errors.ts'

/** Status line, headers and trailers together; lines of chunk sizes too. */
const maximumHeadBytes = 32 * 1024
const firstBodyBytes = 64 * 1024
const lineFeed = 10

type Phase = 'status' | 'headers' | 'length' | 'untilClose' | 'chunkSize' | 'chunk' | 'chunkEnd' | 'trailers' | 'complete'

/**
 * Reads the answer to one POST from the bytes of a connection as they come (RFC 9112). Interim answers (1xx) are passed over.
 * What the bytes are cut into makes no difference.
 */
export class HttpAnswerReader {
  status = 0
  /** Whether the connection may carry another request. */
  reusable = true
  /** How long the server keeps an idle connection, as it says in `Keep-Alive`; milliseconds. */
  keepAliveMs: number | undefined
  readonly #maximumBytes: number
  #phase: Phase = 'status'
  #line = ''
  #headBytes = 0
  #contentLength: number | undefined
  #chunked = false
  #left = 0
  #body: Buffer | undefined
  #bodyBytes = 0
  #text: string | undefined
  #started = false

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes
  }

  /** Whether anything of an answer has come. */
  get started(): boolean {
    return this.#started
  }

  get complete(): boolean {
    return this.#phase === 'complete'
  }

  /** The body; to be asked for when the answer is complete. */
  get text(): string {
    const text = this.#text ?? this.#body?.toString('utf8', 0, this.#bodyBytes) ?? ''
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }

  /** Makes it ready for the next answer. */
  reset(): void {
    this.#toStatus()
    this.#started = false
    this.#headBytes = 0
    this.keepAliveMs = undefined
  }

  /**
   * Takes the next bytes; they may be overwritten afterwards.
   * @returns how many of them belong to this answer.
   * @throws UnusableAnswer for what is no HTTP, or more than is allowed; then the connection is of no use any more.
   */
  read(bytes: Buffer): number {
    let at = 0
    if (bytes.length > 0) this.#started = true
    while (at < bytes.length && this.#phase !== 'complete') {
      switch (this.#phase) {
        case 'length': case 'untilClose': case 'chunk':
          at = this.#readBody(bytes, at)
          break
        default:
          at = this.#readLine(bytes, at)
      }
    }
    return at
  }

  /** The server has ended the connection. @returns whether that completes the answer. */
  end(): boolean {
    if (this.#phase === 'untilClose') this.#phase = 'complete'
    return this.complete
  }

  #toStatus(): void {
    this.#phase = 'status'
    this.#line = ''
    this.status = 0
    this.reusable = true
    this.#contentLength = undefined
    this.#chunked = false
    this.#body = undefined
    this.#bodyBytes = 0
    this.#text = undefined
  }

  #readLine(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(lineFeed, at)
    const end = found < 0 ? bytes.length : found + 1
    this.#headBytes += end - at
    if (this.#headBytes > maximumHeadBytes) {
      throw new UnusableAnswer(`answered with headers of more than ${maximumHeadBytes} bytes`)
    }
    this.#line += bytes.toString('latin1', at, end)
    if (found < 0) return end
    const line = this.#line
    if (!line.endsWith('\r\n')) throw noHttp()
    this.#line = ''
    this.#take(line.slice(0, -2))
    return end
  }

  #take(line: string): void {
    switch (this.#phase) {
      case 'status':
        return this.#takeStatus(line)
      case 'headers':
        return line === '' ? this.#startBody() : this.#takeHeader(line)
      case 'chunkSize':
        return this.#takeChunkSize(line)
      case 'chunkEnd':
        if (line !== '') throw noHttp()
        this.#phase = 'chunkSize'
        return
      default:
        if (line === '') this.#phase = 'complete'
    }
  }

  #takeStatus(line: string): void {
    const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(line)
    if (!match) throw noHttp()
    this.status = Number(match[2])
    this.reusable = match[1] === '1'
    this.#phase = 'headers'
  }

  #takeHeader(line: string): void {
    const colon = line.indexOf(':')
    if (colon <= 0) throw noHttp()
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-length': {
        const text = line.slice(colon + 1).trim()
        const length = /^\d{1,15}$/.test(text) ? Number(text) : NaN
        if (this.#contentLength !== undefined && this.#contentLength !== length || Number.isNaN(length)) throw noHttp()
        this.#contentLength = length
        return
      }
      case 'transfer-encoding':
        if (this.#chunked || line.slice(colon + 1).trim().toLowerCase() !== 'chunked') throw noHttp()
        this.#chunked = true
        return
      case 'connection': {
        const value = line.slice(colon + 1).toLowerCase()
        if (/\bclose\b/.test(value)) this.reusable = false
        else if (/\bkeep-alive\b/.test(value)) this.reusable = true
        return
      }
      case 'keep-alive': {
        const seconds = /\btimeout=(\d{1,9})\b/i.exec(line)?.[1]
        if (seconds !== undefined) this.keepAliveMs = Number(seconds) * 1000
      }
    }
  }

  #startBody(): void {
    const { status } = this
    // We ask for no other protocol.
    if (status === 101) throw noHttp()
    if (status < 200) return this.#toStatus()
    // One says where the answer ends, the other says otherwise: nobody knows.
    if (this.#chunked && this.#contentLength !== undefined) throw noHttp()
    // From here on the limit is that of lines between chunks.
    this.#headBytes = 0
    if (status === 204 || status === 304 || this.#contentLength === 0) this.#phase = 'complete'
    else if (this.#chunked) this.#phase = 'chunkSize'
    else if (this.#contentLength === undefined) {
      this.reusable = false
      this.#phase = 'untilClose'
    } else {
      this.#left = this.#contentLength
      if (this.#left > this.#maximumBytes) throw this.#tooLarge()
      this.#phase = 'length'
    }
  }

  #takeChunkSize(line: string): void {
    const size = /^([0-9a-f]{1,8})[\t ]*(?:;|$)/i.exec(line)?.[1]
    if (size === undefined) throw noHttp()
    this.#left = Number.parseInt(size, 16)
    if (this.#bodyBytes + this.#left > this.#maximumBytes) throw this.#tooLarge()
    if (this.#left > 0) this.#headBytes = 0
    this.#phase = this.#left === 0 ? 'trailers' : 'chunk'
  }

  #readBody(bytes: Buffer, at: number): number {
    const limited = this.#phase !== 'untilClose'
    const end = limited ? Math.min(bytes.length, at + this.#left) : bytes.length
    if (limited) this.#left -= end - at
    // Most answers come in one piece.
    if (this.#phase === 'length' && this.#left === 0 && this.#bodyBytes === 0) this.#text = bytes.toString('utf8', at, end)
    else this.#keep(bytes, at, end)
    if (limited && this.#left === 0) this.#phase = this.#phase === 'length' ? 'complete' : 'chunkEnd'
    return end
  }

  #keep(bytes: Buffer, at: number, end: number): void {
    const wanted = this.#bodyBytes + end - at
    if (wanted > this.#maximumBytes) throw this.#tooLarge()
    // Grows with what has come, not with what is announced.
    if (!this.#body || wanted > this.#body.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#maximumBytes, Math.max(firstBodyBytes, wanted * 2)))
      this.#body?.copy(grown, 0, 0, this.#bodyBytes)
      this.#body = grown
    }
    bytes.copy(this.#body, this.#bodyBytes, at, end)
    this.#bodyBytes = wanted
  }

  #tooLarge(): SubgraphFailure {
    return new UnusableAnswer(`answered with more than the ${this.#maximumBytes} bytes allowed`)
  }
}

const noHttp = (): SubgraphFailure => new UnusableAnswer('answered with something that is no HTTP/1.1')
