import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { SubgraphFailure } from './errors.ts'
import { HttpAnswerReader } from './http-answer.ts'

/** One request, from its being asked for to its answer. */
export interface HttpCall {
  /** Head and body. */
  readonly message: string | Uint8Array
  /** Whether it may be sent again when a connection that had been kept brought nothing. */
  readonly repeatable: boolean
  answered(answer: HttpAnswer): void
  failed(failure: SubgraphFailure): void
}

export interface HttpAnswer {
  status: number
  text: string
}

/** What a connection tells of itself. */
export interface HttpConnectionOwner {
  /** It can take a call. */
  free(connection: HttpConnection): void
  gone(connection: HttpConnection): void
  /** The server had let go of an idle connection before this call reached it. */
  missed(call: HttpCall): void
}

export interface HttpConnectionLimits {
  maxResponseBytes: number
  /** How long the answer to an abandoned request may still come, so that its connection can be kept, ms. Default 100. */
  drainMs?: number
}

/** How long a server that does not say is taken to keep an idle connection. */
const idleMs = 4_000
const maximumIdleMs = 60_000
/** Stops using a connection so long before the server would end it. */
const idleMarginMs = 1_000
const readBytes = 64 * 1024

/** A connection that carries one request at a time. */
export class HttpConnection {
  readonly #owner: HttpConnectionOwner
  readonly #socket: Socket
  readonly #reader: HttpAnswerReader
  readonly #drainMs: number
  readonly #closed = Promise.withResolvers<void>()
  #served = 0
  #busy = false
  /** Absent while nobody waits for the answer. */
  #call: HttpCall | undefined
  #drain: NodeJS.Timeout | undefined
  #cause: Error | undefined
  /** By `performance.now()`: when it should not be used any more. */
  idleUntil = Infinity

  constructor(
    open: (read: (bytes: Buffer) => void) => Socket, owner: HttpConnectionOwner, call: HttpCall,
    { maxResponseBytes, drainMs = 100 }: HttpConnectionLimits,
  ) {
    this.#owner = owner
    this.#reader = new HttpAnswerReader(maxResponseBytes)
    this.#drainMs = drainMs
    this.#call = call
    this.#socket = open((bytes) => this.#read(bytes))
    this.#socket.on('error', (cause) => { this.#cause = cause })
    this.#socket.on('end', () => { if (this.#busy && this.#reader.end()) this.#answer() })
    this.#socket.on('close', () => this.#gone())
  }

  /** To be called when the socket can be written to. */
  opened(): void {
    const call = this.#call
    if (call) this.send(call)
    else this.#release()
  }

  send(call: HttpCall): void {
    this.#call = call
    this.#busy = true
    this.#socket.ref()
    if (typeof call.message === 'string') this.#socket.write(call.message, 'latin1')
    else this.#socket.write(call.message)
  }

  /** Nobody waits for the answer any more: if it comes soon, the connection can be kept. */
  abandon(): void {
    this.#call = undefined
    this.#drain = setTimeout(() => this.#socket.destroy(), this.#drainMs)
  }

  /** Ends it; what is under way on it gets no answer and is not told. */
  destroy(): Promise<void> {
    this.#call = undefined
    this.#socket.destroy()
    return this.#closed.promise
  }

  #read(bytes: Buffer): void {
    if (this.#socket.destroyed) return
    // Nothing was asked: whatever this is, it would be taken for the next answer.
    if (!this.#busy) return void this.#socket.destroy()
    try {
      const used = this.#reader.read(bytes)
      if (used < bytes.length) this.#reader.reusable = false
    } catch (failure) {
      const call = this.#call
      void this.destroy()
      return call?.failed(failure as SubgraphFailure)
    }
    if (this.#reader.complete) this.#answer()
  }

  #answer(): void {
    const { status, reusable, keepAliveMs } = this.#reader
    const call = this.#call
    const answer = call && { status, text: this.#reader.text }
    this.#call = undefined
    this.#busy = false
    this.#served++
    // A request that was answered before all of it was sent is in the way of the next one.
    if (!reusable || this.#socket.writableLength > 0) this.#socket.destroy()
    else {
      this.idleUntil = performance.now() + Math.min(maximumIdleMs, keepAliveMs === undefined ? idleMs : keepAliveMs - idleMarginMs)
      this.#reader.reset()
      this.#release()
    }
    if (call && answer) call.answered(answer)
  }

  #release(): void {
    clearTimeout(this.#drain)
    this.#busy = false
    this.#socket.unref()
    this.#owner.free(this)
  }

  #gone(): void {
    clearTimeout(this.#drain)
    const call = this.#call
    this.#call = undefined
    this.#owner.gone(this)
    if (call && this.#served > 0 && !this.#reader.started && call.repeatable) this.#owner.missed(call)
    else call?.failed(connectionFailure(this.#cause))
    this.#closed.resolve()
  }
}

/** Codes of OpenSSL and Node for certificates that do not prove who is at the other end. */
const untrusted = /^(CERT_|DEPTH_ZERO_SELF_SIGNED|ERR_TLS_CERT|SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY))/

/** What clients are told of a connection that could not be made, or was lost before an answer. */
export const connectionFailure = (cause: unknown): SubgraphFailure => {
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' && untrusted.test(code)
    ? new SubgraphFailure(`has a certificate that is not to be trusted (${code}): "tls.ca" names who vouches for it`, { cause })
    : new SubgraphFailure('could not be reached', { cause, transient: true })
}

/** Opens sockets to an origin; TLS sessions are resumed. */
export const opener = (url: URL, tls: ConnectionOptions | undefined): ((opened: () => void, read: (bytes: Buffer) => void) => Socket) => {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const secure = url.protocol === 'https:'
  const port = Number(url.port) || (secure ? 443 : 80)
  let session: Buffer | undefined
  return (opened, read) => {
    const common = {
      host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (count: number, buffer: Uint8Array) => {
          read((buffer as Buffer).subarray(0, count))
          return true
        },
      },
    }
    if (!secure) return connectTcp(common, opened)
    const socket = connectTls({ ...common, servername: isIP(host) ? '' : host, ALPNProtocols: ['http/1.1'], session, ...tls }, opened)
    socket.on('session', (latest) => { session = latest })
    return socket
  }
}
