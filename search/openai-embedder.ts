import { setTimeout as delay } from 'node:timers/promises'
import { EmbedderError, type Embedder } from './embedder.ts'
import { normalised } from './vector-math.ts'

/**
 * Vectors from any endpoint that speaks OpenAI's `POST <url>/embeddings` (OpenAI, Azure, vLLM, Ollama, text-embeddings-
 * inference, LiteLLM …): https://platform.openai.com/docs/api-reference/embeddings/create
 */
export interface OpenAiEmbedderOptions {
  /** The base: `https://api.openai.com/v1`. */
  url: string
  apiKey?: string
  model: string
  /** What the model gives; another length is refused. */
  dimensions: number
  /** Texts per request. */
  batchSize?: number
  /** Requests in flight, over all calls. */
  concurrency?: number
  /** Per attempt, body included, ms. */
  timeout?: number
  /** Attempts after the first one, for what may pass: time-outs, lost connections, 429 and 5xx. */
  retries?: number
  maxResponseBytes?: number
  /** Waits between attempts, ms. */
  wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
  /** 0…1, for the jitter. */
  random?: () => number
}

/** Longer texts are cut: models take about 8,000 tokens, and a token may be one character. Half a character is replaced: strict endpoints refuse it. */
const maxCharacters = 8000
const firstBackOff = 250
const longestBackOff = 8000
/** An endpoint that asks for more patience than this is not waited for. */
const longestRetryAfter = 60_000

export function createOpenAiEmbedder(options: OpenAiEmbedderOptions): Embedder {
  const endpoint = new Endpoint(options)
  const { model, dimensions, batchSize = 128, concurrency = 4 } = options
  const slots = new Slots(concurrency)
  return {
    model,
    dimensions,
    local: false,
    async embed(texts, signal) {
      signal?.throwIfAborted()
      const vectors: Float32Array[] = texts.map(() => new Float32Array(dimensions))
      // Endpoints refuse empty texts.
      const wanted = [...texts.entries()].filter(([, text]) => text.trim() !== '')
      const failed = new AbortController()
      const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
      const batches = Array.from({ length: Math.ceil(wanted.length / batchSize) }, (_, n) => wanted.slice(n * batchSize, (n + 1) * batchSize))
      await Promise.all(batches.map((batch) => slots.use(async () => {
        stop.throwIfAborted()
        const found = await endpoint.embed(batch.map(([, text]) => text.slice(0, maxCharacters).toWellFormed()), stop)
        batch.forEach(([at], n) => { vectors[at] = found[n]! })
      }).catch((error: unknown) => {
        failed.abort(error)
        throw error
      })))
      return vectors
    },
  }
}

class Endpoint {
  readonly #options: OpenAiEmbedderOptions
  readonly #url: URL
  /** For messages: without credentials and query. */
  readonly #name: string

  constructor(options: OpenAiEmbedderOptions) {
    this.#options = options
    const base = URL.parse(options.url)
    if (!base || !/^https?:$/.test(base.protocol)) {
      throw new EmbedderError('The embedder\'s url is expected to be like https://api.openai.com/v1.', { retryable: false })
    }
    this.#url = base
    this.#url.pathname = `${base.pathname.replace(/\/+$/, '')}/embeddings`
    this.#name = `${base.origin}${base.pathname}`
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const { retries = 4, wait = (milliseconds, stop) => delay(milliseconds, undefined, { signal: stop }), random = Math.random } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        return this.#vectors(await this.#post(texts, signal), texts.length)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof EmbedderError) || !error.retryable || attempt >= retries) throw error
        const backOff = Math.min(longestBackOff, firstBackOff * 2 ** attempt) * (0.5 + random() / 2)
        await wait(error instanceof Postponed ? Math.max(error.retryAfter, backOff) : backOff, signal)
      }
    }
  }

  async #post(texts: readonly string[], signal: AbortSignal): Promise<unknown> {
    const { apiKey, model, timeout = 10_000, maxResponseBytes = 64 * 1024 * 1024 } = this.#options
    const late = AbortSignal.timeout(timeout)
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...(apiKey && { authorization: `Bearer ${apiKey}` }) },
        body: JSON.stringify({ model, input: texts, encoding_format: 'float' }),
        // A redirect would take the key to another host.
        redirect: 'error',
        signal: AbortSignal.any([signal, late]),
      })
      const body = await this.#read(response, maxResponseBytes)
      if (!response.ok) throw this.#refusal(response, body)
      return JSON.parse(body)
    } catch (error) {
      if (error instanceof EmbedderError) throw error
      if (error instanceof SyntaxError) {
        throw new EmbedderError(`${this.#name} answered something that is not JSON: is it an embeddings endpoint?`, { retryable: false })
      }
      if (late.aborted && !signal.aborted) {
        throw new EmbedderError(`${this.#name} did not answer within ${timeout} ms.`, { retryable: true, cause: error })
      }
      throw new EmbedderError(`${this.#name} cannot be reached: ${causeOf(error)}.`, { retryable: true, cause: error })
    }
  }

  async #read(response: Response, limit: number): Promise<string> {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > limit) {
        throw new EmbedderError(`${this.#name} answered with more than ${limit} bytes: use smaller batches.`, { retryable: false })
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }

  #refusal({ status, headers }: Response, body: string): EmbedderError {
    if (status === 401 || status === 403) {
      // Their bodies like to repeat the key.
      return new EmbedderError(`${this.#name} refused the API key (${status}): check the embedder's key and its rights.`, { retryable: false })
    }
    const message = `${this.#name} answered ${status}: ${this.#withoutKey(body).replace(/\s+/g, ' ').slice(0, 200) || 'no reason given'}`
    if (status !== 429 && status < 500) return new EmbedderError(message, { retryable: false })
    const after = retryAfterOf(headers.get('retry-after'))
    if (after > longestRetryAfter) {
      return new EmbedderError(`${message}. It asks to come back in ${Math.round(after / 1000)} s.`, { retryable: false })
    }
    return new Postponed(message, after)
  }

  #withoutKey(text: string): string {
    const { apiKey } = this.#options
    return apiKey ? text.replaceAll(apiKey, '***') : text
  }

  #vectors(answer: unknown, expected: number): Float32Array[] {
    const data = (answer as { data?: unknown } | null)?.data
    if (!Array.isArray(data) || data.length !== expected) {
      throw new EmbedderError(`${this.#name} was asked for ${expected} embeddings and gave ${Array.isArray(data) ? data.length : 'none'}.`, { retryable: false })
    }
    const { dimensions, model } = this.#options
    const vectors: Float32Array[] = []
    for (const [position, item] of data.entries()) {
      const { index = position, embedding } = (item ?? {}) as { index?: unknown; embedding?: unknown }
      if (!Array.isArray(embedding) || !embedding.every(Number.isFinite)) {
        throw new EmbedderError(`${this.#name} gave an embedding that is no list of numbers.`, { retryable: false })
      }
      if (embedding.length !== dimensions) {
        throw new EmbedderError(`${model} gives ${embedding.length} dimensions, the setting says ${dimensions}: ` +
          `set the embedder's dimensions to ${embedding.length}.`, { retryable: false })
      }
      if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= expected || vectors[index]) {
        throw new EmbedderError(`${this.#name} gave an embedding for the index ${JSON.stringify(index)}; expected each of 0 to ${expected - 1} once.`,
          { retryable: false })
      }
      vectors[index] = normalised(Float32Array.from(embedding as number[]))
    }
    return vectors
  }
}

/** Refused for now; the endpoint may have said for how long, ms. */
class Postponed extends EmbedderError {
  readonly retryAfter: number
  constructor(message: string, retryAfter: number) {
    super(message, { retryable: true })
    this.retryAfter = retryAfter
  }
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3) in milliseconds from now; 0 where there is none. */
function retryAfterOf(header: string | null): number {
  if (header === null) return 0
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now())
}

function causeOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? (cause as NodeJS.ErrnoException).code ?? cause.message : message
}

/** Lets so many run at once; the others wait in order. */
class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(size: number) {
    this.#free = size
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resume) => this.#waiting.push(resume))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
