/**
 * Texts → vectors. `hashing-embedder.ts` is the deterministic default, `openai-embedder.ts` speaks to any
 * OpenAI-compatible endpoint.
 */
export interface Embedder {
  /** The model's name, which is also the name of the vector space. */
  readonly model: string
  readonly dimensions: number
  /** Whether it computes in this process, without waiting for anybody: ingest then embeds what is new before it announces it. */
  readonly local: boolean
  /** In the order of `texts`; every vector has length `dimensions` and Euclidean norm 1 (an empty text: all zeros). */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>
}

/** The endpoint cannot be reached, timed out or refused. `retryable` tells a passing fault from a wrong setting. */
export class EmbedderError extends Error {
  override readonly name = 'EmbedderError'
  readonly code = 'EMBEDDER_FAILED'
  readonly retryable: boolean
  constructor(message: string, options: ErrorOptions & { retryable: boolean }) {
    super(message, options)
    this.retryable = options.retryable
  }
}
