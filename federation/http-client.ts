import type { ConnectionOptions } from 'node:tls'
import { cancelledFailure, SubgraphFailure } from './errors.ts'
import { HttpConnection, opener, type HttpAnswer, type HttpCall, type HttpConnectionLimits } from './http-connection.ts'

export interface HttpClientOptions extends HttpConnectionLimits {
  /** `http:` or `https:`; only its origin counts. */
  url: URL
  /** For each call, waiting for a connection included. */
  timeoutMs: number
  connections: number
  tls?: ConnectionOptions
}

/** Calls that may wait for a connection: more than the time-out lets through would fail anyway. */
const maximumWaiting = 10_000
const reapMs = 1_000

/**
 * A client for one origin over HTTP/1.1 on kept connections: POST, whole answers as text. Leaner than a general client, which is
 * what most of a gateway's time would go to.
 */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #open: ReturnType<typeof opener>
  readonly #connections = new Set<HttpConnection>()
  /** Used last, taken first: so that those which are not needed grow old. */
  readonly #idle: HttpConnection[] = []
  readonly #waiting = new Set<Call>()
  readonly #calls = new Set<Call>()
  #reaper: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
    this.#open = opener(options.url, options.tls)
  }

  /**
   * Sends a message, head and body, and waits for its answer.
   * @param repeatable Whether it may be sent once more when a kept connection turns out to be closed.
   * @throws SubgraphFailure when no whole answer comes in time, it is too large, or the signal is aborted.
   */
  post(message: string | Uint8Array, repeatable: boolean, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const call = new Call(message, repeatable, resolve, reject, signal)
      this.#calls.add(call)
      call.settled = () => {
        this.#calls.delete(call)
        this.#waiting.delete(call)
      }
      call.start(this.#options.timeoutMs)
      this.#dispatch(call)
    })
  }

  /** Ends all connections; calls under way fail. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#reaper)
    for (const call of [...this.#calls]) call.failed(unreachable())
    await Promise.all([...this.#connections].map((connection) => connection.destroy()))
  }

  #dispatch(call: Call): void {
    if (this.#closed) return call.failed(unreachable())
    const idle = this.#takeIdle()
    if (idle) {
      call.connection = idle
      idle.send(call)
    } else if (this.#connections.size < this.#options.connections) this.#connect(call)
    else if (this.#waiting.size < maximumWaiting) this.#waiting.add(call)
    else call.failed(new SubgraphFailure(`was not asked: ${maximumWaiting} calls are waiting for it already`))
  }

  #takeIdle(): HttpConnection | undefined {
    const connection = this.#idle.pop()
    if (!connection || connection.idleUntil > performance.now()) return connection
    // The others have been idle for longer, but a server may have said of each how long it keeps it.
    void connection.destroy()
    return this.#takeIdle()
  }

  #connect(call: Call): void {
    const connection: HttpConnection = new HttpConnection(
      (read) => this.#open(() => connection.opened(), read), this.#owner, call, this.#options,
    )
    call.connection = connection
    this.#connections.add(connection)
  }

  readonly #owner = {
    free: (connection: HttpConnection): void => {
      for (const call of this.#waiting) {
        this.#waiting.delete(call)
        call.connection = connection
        connection.send(call)
        return
      }
      this.#idle.push(connection)
      this.#reaper ??= setTimeout(() => this.#reap(), reapMs).unref()
    },
    gone: (connection: HttpConnection): void => {
      this.#connections.delete(connection)
      const at = this.#idle.indexOf(connection)
      if (at >= 0) this.#idle.splice(at, 1)
      if (this.#closed || this.#connections.size >= this.#options.connections) return
      for (const call of this.#waiting) {
        this.#waiting.delete(call)
        this.#connect(call)
        return
      }
    },
    missed: (missed: HttpCall): void => {
      const call = missed as Call
      call.connection = undefined
      if (this.#closed) call.failed(unreachable())
      // What one idle connection met, the others may have met as well: only a new one is sure to be open.
      else if (this.#connections.size < this.#options.connections) this.#connect(call)
      else {
        void this.#idle.pop()?.destroy()
        this.#waiting.add(call)
      }
    },
  }

  #reap(): void {
    this.#reaper = undefined
    const now = performance.now()
    for (const connection of [...this.#idle]) {
      if (connection.idleUntil > now) continue
      this.#idle.splice(this.#idle.indexOf(connection), 1)
      void connection.destroy()
    }
    if (this.#idle.length > 0) this.#reaper = setTimeout(() => this.#reap(), reapMs).unref()
  }
}

class Call implements HttpCall {
  readonly message: string | Uint8Array
  readonly repeatable: boolean
  connection: HttpConnection | undefined
  settled: (() => void) | undefined
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (failure: SubgraphFailure) => void
  readonly #signal: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  readonly #leave = (): void => {
    const { connection } = this
    this.#settle()
    connection?.abandon()
    this.#reject(cancelledFailure('not waited for', this.#signal?.reason))
  }

  constructor(
    message: string | Uint8Array, repeatable: boolean, resolve: (answer: HttpAnswer) => void,
    reject: (failure: SubgraphFailure) => void, signal: AbortSignal | undefined,
  ) {
    this.message = message
    this.repeatable = repeatable
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
  }

  start(timeoutMs: number): void {
    this.#signal?.addEventListener('abort', this.#leave, { once: true })
    // After a pause of this process timers come first: an answer that is here already counts.
    this.#timer = setTimeout(() => setImmediate(() => {
      if (this.#isOver) return
      const { connection } = this
      this.failed(new SubgraphFailure(`did not answer within ${timeoutMs} ms`))
      void connection?.destroy()
    }), timeoutMs)
  }

  answered(answer: HttpAnswer): void {
    this.#settle()
    this.#resolve(answer)
  }

  failed(failure: SubgraphFailure): void {
    this.#settle()
    this.#reject(failure)
  }

  #settle(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#leave)
    this.settled?.()
    this.connection = undefined
  }
}

const unreachable = (): SubgraphFailure => new SubgraphFailure('could not be reached')
