import { entityKinds, type EntityKind } from '../events/entity.ts'
import {
  IndexUnavailableError, InvalidIndexQueryError,
  type EntityIndex, type Generation, type IndexPage, type IndexQuery, type IndexStats, type StoredEntity, type Upsert,
} from './entity-index.ts'
import { queryLimits, validateQuery } from './validate.ts'
import { Connection, type WeaviateTimeouts } from './weaviate/connection.ts'
import { Generations } from './weaviate/generations.ts'
import { hybridPage } from './weaviate/hybrid.ts'
import { listing } from './weaviate/listing.ts'
import { entitiesOf } from './weaviate/reader.ts'
import type { Target } from './weaviate/target.ts'
import { Writer } from './weaviate/writer.ts'

export interface WeaviateIndexOptions {
  /** Of the REST interface, `http://localhost:8080`. */
  url: string
  /** Of the gRPC interface; by default the same host, port 50051. */
  grpcUrl?: string | undefined
  apiKey?: string | undefined
  /** Begins the names of collections: deployments that share a server need different ones. */
  prefix?: string
  /** Milliseconds. */
  timeouts?: Partial<WeaviateTimeouts>
}

const defaultTimeouts: WeaviateTimeouts = { read: 5_000, write: 10_000, schema: 60_000 }

/** 1.33: filters with `Not`. Of these lines, 1.37.14, 1.38.7 and 1.39 lose no data in read repair. */
const minimumVersion = [1, 33] as const

/**
 * The Weaviate adapter of `EntityIndex`. Nothing is connected before `open`. Throws `TypeError` when an address is none.
 */
export async function openWeaviateIndex(
  { url, grpcUrl, apiKey, prefix = 'freshet', timeouts }: WeaviateIndexOptions,
): Promise<EntityIndex> {
  const connection = new Connection({ url, grpcUrl, apiKey, timeouts: { ...defaultTimeouts, ...timeouts } })
  return new WeaviateIndex(connection, new Generations(connection, prefix))
}

class WeaviateIndex implements EntityIndex {
  readonly local = false
  readonly #connection: Connection
  readonly #generations: Generations
  readonly #serving: Target
  readonly #writer: Writer

  constructor(connection: Connection, generations: Generations) {
    this.#connection = connection
    this.#generations = generations
    this.#serving = generations.serving()
    this.#writer = new Writer(this.#serving)
  }

  async open(signal?: AbortSignal): Promise<void> {
    await this.#assertVersion(signal)
    await this.#generations.open(signal)
    await this.#serving.refresh()
    // The first read connects: better here than in the first query.
    await this.getMany('user', ['-'], { signal })
  }

  upsert(writes: readonly Upsert[], signal?: AbortSignal): Promise<void> {
    return this.#writer.upsert(writes, signal)
  }

  delete(entities: readonly { kind: EntityKind; id: string }[], signal?: AbortSignal): Promise<void> {
    return this.#writer.delete(entities, signal)
  }

  /** Nothing to do: the server has logged what it acknowledged. */
  async flush(): Promise<void> {
    this.#connection.assertOpen()
  }

  async getMany(kind: EntityKind, ids: readonly string[],
    { withVectors, signal }: { withVectors?: readonly string[] | undefined; signal?: AbortSignal | undefined } = {}): Promise<(StoredEntity | null)[]> {
    signal?.throwIfAborted()
    if (ids.length > queryLimits.ids) {
      throw new InvalidIndexQueryError(`getMany takes up to ${queryLimits.ids} ids; got ${ids.length}.`)
    }
    const entities = await entitiesOf(this.#serving, kind, ids, withVectors, signal)
    return ids.map((id) => entities.get(id) ?? null)
  }

  async query(query: IndexQuery): Promise<IndexPage> {
    query.signal?.throwIfAborted()
    validateQuery(query)
    const { hybrid } = query
    if (!hybrid) return listing(this.#serving, query)
    if (hybrid.vector) await this.#serving.assertDimensions(hybrid.vector.space, hybrid.vector.values.length, query.signal)
    return hybridPage(this.#serving, query, hybrid)
  }

  async newGeneration(): Promise<Generation> {
    const { number, target } = await this.#generations.begin()
    const writer = new Writer(target)
    let state: 'building' | 'serving' | 'gone' = 'building'
    const assertState = (...allowed: (typeof state)[]): void => {
      if (allowed.includes(state)) return
      throw new IndexUnavailableError(`Generation g${number} is ${state === 'gone' ? 'gone' : 'serving already'}: ` +
        'begin a new one with newGeneration().')
    }
    return {
      name: `g${number}`,
      upsert: async (writes, signal) => {
        assertState('building', 'serving')
        await writer.upsert(writes, signal)
      },
      delete: async (entities, signal) => {
        assertState('building', 'serving')
        await writer.delete(entities, signal)
      },
      flush: () => this.flush(),
      activate: async () => {
        assertState('building')
        await this.#generations.activate(number)
        state = 'serving'
        await this.#serving.refresh()
      },
      discard: async () => {
        assertState('building')
        await this.#generations.discard(number)
        state = 'gone'
      },
    }
  }

  async stats(): Promise<IndexStats> {
    await this.#serving.refresh()
    const generation = await this.#generations.servingNumber()
    const counts = await Promise.all(entityKinds.map((kind) =>
      this.#connection.read(this.#serving.nameOf(kind), undefined, async (collection) =>
        [kind, (await collection.aggregate.overAll()).totalCount] as const)))
    return {
      adapter: 'weaviate',
      generation: `g${generation}`,
      entities: Object.fromEntries(counts) as Record<EntityKind, number>,
      spaces: Object.fromEntries(this.#serving.dimensions),
    }
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    return this.#connection.close()
  }

  async #assertVersion(signal: AbortSignal | undefined): Promise<void> {
    const { status, body } = await this.#connection.within('read', signal, (bounded) => this.#connection.rest('GET', '/meta', undefined, bounded))
    const version = (body as { version?: unknown } | null | undefined)?.version
    if (typeof version !== 'string' || !/^\d+\.\d/.test(version)) throw this.#connection.unavailable(`is something else: GET /v1/meta has status ${status} and no version`)
    const [major, minor] = version.split('.').map(Number)
    if (!(major! > minimumVersion[0] || (major === minimumVersion[0] && minor! >= minimumVersion[1]))) {
      throw new IndexUnavailableError(`Weaviate has version ${version}; expected ${minimumVersion.join('.')} or later. Upgrade the server.`)
    }
  }
}
