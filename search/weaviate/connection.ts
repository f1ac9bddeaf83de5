import { connect } from 'node:net'
import weaviate, { type Collection, type WeaviateClient } from 'weaviate-client'
import { whenAborted } from '../../events/abort.ts'
import { IndexUnavailableError, InvalidIndexQueryError } from '../entity-index.ts'
import { Http, isClosedConnection } from './http.ts'

/** How long calls may take, ms. */
export interface WeaviateTimeouts {
  read: number
  /** One upsert or delete, however many requests it takes. */
  write: number
  /** Creating and changing collections. */
  schema: number
}

export interface ConnectionOptions {
  url: string
  grpcUrl: string | undefined
  apiKey: string | undefined
  timeouts: WeaviateTimeouts
}

const defaultGrpcPort = '50051'
/** Writes in flight: the server merges objects one by one, and two cores are busy with eight. */
const connections = 16
/** After so long, a read asks over HTTP whether the server is there: the gRPC client would go on trying in silence. */
const patienceMs = 250

interface Client {
  weaviate: WeaviateClient
  collections: Map<string, Collection>
}

export interface RestAnswer {
  status: number
  body: unknown
}

/** Both interfaces of one server: reads go over gRPC by its client, writes over HTTP. */
export class Connection {
  readonly timeouts: WeaviateTimeouts
  readonly #options: ConnectionOptions
  readonly #grpc: URL
  readonly #http: Http
  readonly #base: string
  readonly #headers: Record<string, string>
  #client: Promise<Client> | undefined
  /** Aborted when the server turns out to be gone, and replaced. */
  #outage = new AbortController()
  /** Set until a first look, and when a call failed for want of an answer: the next read looks first whether the server is there. */
  #inDoubt = true
  #probe: Promise<string | undefined> | undefined
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.timeouts = options.timeouts
    const { origin, pathname, protocol, hostname } = new URL(options.url)
    this.#grpc = new URL(options.grpcUrl ?? `${protocol}//${hostname}:${defaultGrpcPort}`)
    this.#http = new Http(origin, connections)
    this.#base = `${pathname.replace(/\/+$/, '')}/v1`
    this.#headers = options.apiKey ? { authorization: `Bearer ${options.apiKey}` } : {}
  }

  /** A read over gRPC. `ask` is given the collection and the signal that it must hand on. */
  async read<T>(collection: string, signal: AbortSignal | undefined, ask: (collection: Collection, signal: AbortSignal) => Promise<T>): Promise<T> {
    this.assertOpen()
    return this.#bounded(this.timeouts.read, signal, async (bounded) => {
      const missing = this.#inDoubt ? await this.#missing() : undefined
      if (missing !== undefined) throw this.unavailable(missing)
      const asking = ask(await this.#collection(collection), bounded)
      const patience = setTimeout(() => void this.#missing(), patienceMs)
      try {
        return await asking
      } finally {
        clearTimeout(patience)
      }
    })
  }

  /** Runs several requests within one time-out. */
  within<T>(kind: keyof WeaviateTimeouts, signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.assertOpen()
    return this.#bounded(this.timeouts[kind], signal, run)
  }

  /**
   * A request over HTTP within `within`. Answers of status 404 and 422 are the caller's to judge.
   * Every request that is made through here may be repeated without harm.
   */
  async rest(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body: unknown, signal: AbortSignal): Promise<RestAnswer> {
    this.assertOpen()
    const text = body === undefined ? undefined : JSON.stringify(body)
    const answer = await this.#onOpenSocket(() => this.#request(method, path, text, signal))
    const { status } = answer
    if (status < 400 || status === 404 || status === 422) return answer
    throw this.unavailable(`answered ${method} ${path.split('?')[0]} with status ${status}: ${messageIn(answer.body)}`)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#outage.abort(this.unavailable('is not used any more: the index is closed'))
    await this.#client?.then(({ weaviate: client }) => client.close(), () => {})
    this.#http.close()
  }

  /** The server may have closed idle connections just as one is taken; there are so many, and then a new one is made. */
  async #onOpenSocket<T>(request: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await request()
      } catch (error) {
        if (!isClosedConnection(error) || attempt === connections) throw error
      }
    }
  }

  async #request(method: string, path: string, body: string | undefined, signal: AbortSignal): Promise<RestAnswer> {
    const { status, text } = await this.#http.send(method, this.#base + path, this.#headers, body, signal)
    return { status, body: parse(text) }
  }

  /** Runs with a time-out, the caller's signal and the outage's, and says of each failure what it means. */
  async #bounded<T>(ms: number, signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    const controller = new AbortController()
    const outage = this.#outage.signal
    const timeOut = setTimeout(() => {
      this.#inDoubt = true
      controller.abort(this.unavailable(`gave no answer within ${ms} ms`))
    }, ms)
    const onAbort = (): void => controller.abort(signal!.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const forgetOutage = whenAborted(outage, () => controller.abort(outage.reason))
    try {
      return await Promise.race([run(controller.signal), aborted(controller.signal)])
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason
      throw this.#meaning(error)
    } finally {
      clearTimeout(timeOut)
      signal?.removeEventListener('abort', onAbort)
      forgetOutage()
    }
  }

  /**
   * What is not there of a server that serves over HTTP and accepts connections for gRPC; undefined: nothing. While something
   * is missing, no read is handed to the gRPC client: with each failure it would wait longer before it tries again, up to two minutes.
   */
  #missing(): Promise<string | undefined> {
    return this.#probe ??= this.#look().then((missing) => {
      this.#probe = undefined
      this.#inDoubt = missing !== undefined
      if (missing !== undefined) {
        this.#outage.abort(this.unavailable(missing))
        this.#outage = new AbortController()
      }
      return missing
    })
  }

  async #look(): Promise<string | undefined> {
    const http = this.#request('GET', '/.well-known/ready', undefined, AbortSignal.timeout(this.timeouts.read))
      .then(({ status }) => (status === 200 ? undefined : `not ready: status ${status}`), (error: Error) => error.message)
    const grpc = accepts(this.#grpc, this.timeouts.read).then(() => undefined, (error: Error) => error.message)
    const away = await http
    if (away !== undefined) return `is not there (${away})`
    const refused = await grpc
    return refused === undefined ? undefined : `serves over HTTP, but not over gRPC at ${this.#grpc.origin} (${refused}; grpcUrl says where)`
  }

  async #collection(name: string): Promise<Collection> {
    const connecting = this.#client ??= this.#connect()
    let client: Client
    try {
      client = await connecting
    } catch (error) {
      if (this.#client === connecting) this.#client = undefined
      throw error
    }
    let collection = client.collections.get(name)
    if (!collection) client.collections.set(name, (collection = client.weaviate.collections.use(name)))
    return collection
  }

  async #connect(): Promise<Client> {
    const { url, apiKey, timeouts } = this.#options
    const http = new URL(url)
    const grpc = this.#grpc
    const client = await weaviate.connectToCustom({
      httpHost: http.hostname, httpPort: portOf(http), httpSecure: http.protocol === 'https:', httpPath: http.pathname.replace(/\/+$/, ''),
      grpcHost: grpc.hostname, grpcPort: portOf(grpc), grpcSecure: grpc.protocol === 'https:',
      ...(apiKey && { authCredentials: new weaviate.ApiKey(apiKey) }),
      // Its own checks neither time out nor heed a signal; `open` makes them.
      skipInitChecks: true,
      timeout: { query: timeouts.read / 1000, insert: timeouts.write / 1000, init: timeouts.schema / 1000 },
    })
    try {
      // Each collection object asks for the version as it is made, and nobody catches what goes wrong there (3.14):
      // unless the version is known by then, an outage would end the process.
      await client.getWeaviateVersion()
    } catch (error) {
      await client.close()
      throw error
    }
    return { weaviate: client, collections: new Map() }
  }

  #meaning(error: unknown): unknown {
    if (error instanceof IndexUnavailableError || error instanceof InvalidIndexQueryError) return error
    const message = error instanceof Error ? error.message : String(error)
    const isLost = /UNAVAILABLE|DEADLINE_EXCEEDED|fetch failed|ECONN/.test(message)
    if (isLost || codeOf(error) !== undefined) {
      this.#inDoubt = true
      void this.#missing()
    }
    // What `fetch` throws when a connection is refused or lost is a TypeError as well.
    if (!isLost && (error instanceof TypeError || error instanceof RangeError)) return error
    // Queries and writes have been validated: what else goes wrong (a missing collection, a refused key) is mended over there.
    return this.unavailable(`failed: ${message}`, error)
  }

  /** Of an error that names the server, and never the key. */
  unavailable(what: string, cause?: unknown): IndexUnavailableError {
    const { url, apiKey } = this.#options
    const text = `Weaviate at ${new URL(url).origin} ${what}. It is asked again when there is something to ask.`
    return new IndexUnavailableError(apiKey ? text.replaceAll(apiKey, '…') : text, cause === undefined || apiKey ? undefined : { cause })
  }

  assertOpen(): void {
    if (this.#closed) throw new IndexUnavailableError('The Weaviate index is closed: open it again with openWeaviateIndex.')
  }
}

const portOf = ({ protocol, port }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80))

/** Rejects where nobody accepts a connection. */
function accepts(address: URL, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.hostname.replace(/^\[|\]$/g, ''), port: portOf(address), timeout: ms })
    const end = (error?: Error): void => {
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    socket.once('connect', () => end()).once('error', end).once('timeout', () => end(new Error('no connection in time')))
  })
}

const codeOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** Rejects when the signal is aborted; some calls of the client heed none. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What the server says is wrong, cut to a line. */
export function messageIn(body: unknown): string {
  const { error: errors, message } = (body ?? {}) as { error?: { message?: string }[]; message?: string }
  const text = Array.isArray(errors) ? errors.map((one) => one.message).join('; ') : message ?? JSON.stringify(body) ?? 'nothing'
  return text.length > 500 ? `${text.slice(0, 499)}…` : text
}
