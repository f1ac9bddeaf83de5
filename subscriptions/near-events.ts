import { GraphQLError } from 'graphql'
import { isTimeout, whenAborted, withTimeLimit } from '../events/abort.ts'
import type { AppendedEvent } from '../resolvers/context.ts'
import type { Near } from '../resolvers/near.ts'
import type { Embedder } from '../search/embedder.ts'
import { cosine } from '../search/vector-math.ts'

/** How long the embedder may take for some events, ms. */
const defaultTimeoutMs = 10_000
/** Of an event's text that is embedded, in characters: models take no more than some thousand words. */
const maxText = 8_000

/**
 * Which events are about something: those whose own vector (EmbeddingComputed of the same model), or whose text's vector by
 * this process's embedder, is near enough. Events without words are about nothing.
 */
export class NearEvents {
  readonly #embedder: Embedder
  readonly #timeoutMs: number
  /** Subscribers who want different things want the same vectors; events are the same objects for all of them. */
  readonly #vectors = new WeakMap<AppendedEvent, Promise<Float32Array>>()

  constructor(embedder: Embedder, { timeoutMs = defaultTimeoutMs }: { timeoutMs?: number } = {}) {
    this.#embedder = embedder
    this.#timeoutMs = timeoutMs
  }

  /** @throws GraphQLError where the embedder fails: the subscription ends with it, and can go on by its last cursor */
  async select(events: readonly AppendedEvent[], near: Near): Promise<boolean[]> {
    const unknown = near.space === this.#embedder.model ? events.filter((event) => textOf(event) !== '' && !this.#vectors.has(event)) : []
    if (unknown.length > 0) this.#embed(unknown)
    return Promise.all(events.map(async (event) => {
      const vector = ownVector(event, near.space) ?? await this.#vectors.get(event)
      return vector !== undefined && vector.length === near.values.length && cosine(vector, near.values) >= near.minSimilarity
    }))
  }

  #embed(events: readonly AppendedEvent[]): void {
    const vectors = this.#inTime(events.map(textOf))
    for (const [i, event] of events.entries()) {
      const vector = vectors.then((all) => all[i] as Float32Array)
      this.#vectors.set(event, vector)
      // Asked again by whoever comes after the failure.
      vector.catch(() => this.#vectors.delete(event))
    }
  }

  async #inTime(texts: readonly string[]): Promise<Float32Array[]> {
    try {
      // It may not listen to the signal.
      return await withTimeLimit(undefined, this.#timeoutMs, (signal) => Promise.race([
        this.#embedder.embed(texts, signal), new Promise<never>((_, reject) => void whenAborted(signal, () => reject(signal.reason as Error))),
      ]))
    } catch (error) {
      const why = isTimeout(error) ? `did not answer within ${this.#timeoutMs} ms` : 'failed'
      throw new GraphQLError(`The embedder ${why}, so it is not known which events are near. Subscribe again with the last cursor as "after".`, {
        extensions: { code: 'EMBEDDER_FAILED' }, originalError: error as Error,
      })
    }
  }
}

function ownVector({ type, data }: AppendedEvent, space: string): Float32Array | undefined {
  if (type !== 'EmbeddingComputed') return undefined
  const { model, vector } = data as { model?: unknown; vector?: unknown }
  return model === space && Array.isArray(vector) && vector.every((value) => typeof value === 'number') ? Float32Array.from(vector) : undefined
}

/** What somebody wrote, and the labels that stand beside it. */
const words = ['title', 'name', 'description', 'bio', 'message', 'text']
const labels = ['category', 'categories', 'tags', 'interests']

function textOf({ type, data }: AppendedEvent): string {
  if (type === 'EmbeddingComputed' || typeof data !== 'object' || data === null) return ''
  const textsOf = (names: readonly string[]) => names.flatMap((name) => (data as Record<string, unknown>)[name]).filter((value) => typeof value === 'string' && value.trim() !== '')
  const written = textsOf(words)
  return written.length === 0 ? '' : [...written, ...textsOf(labels)].join('\n').slice(0, maxText)
}
