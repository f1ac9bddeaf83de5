import { entityKey, type EntityKey, type EntityKind } from '../events/entity.ts'
import type { EntityChanged } from '../ingest/changes.ts'
import { fieldOf, type AnyFields, type FieldValue } from './entities.ts'
import type { EntityIndex, Generation, IndexPage, IndexQuery, IndexStats, StoredEntity, Upsert } from './entity-index.ts'
import { queryLimits } from './validate.ts'

type ReadOptions = Parameters<EntityIndex['getMany']>[2]
type Change = Pick<EntityChanged, 'entity' | 'revision' | 'changed' | 'after' | 'eventTime' | 'appliedAt'>

/** What is remembered of an entity. Never handed out itself. */
interface Held {
  /** Frozen, without vectors; null: it is not there. */
  readonly entity: StoredEntity | null
  /** By space; null: it has none there. A space that is absent has not been asked for. */
  readonly vectors: ReadonlyMap<string, Float32Array | null>
  readonly bytes: number
}

/** A read under way, which others may wait for. Whoever else wants more, or has heard of a change, begins a new one. */
interface Reading {
  readonly spaces: readonly string[]
  readonly held: Promise<ReadonlyMap<string, Held>>
}

const vectorPrefix = 'vector:'
/** Vectors that are read before they are wanted, at once: when many change, only those that are wanted are read. */
const mostAhead = 4

/**
 * Remembers what a remote index has answered by id, so that what many requests want is asked for once. It is coherent with
 * `changes`: an answer is never older than the announcements that were handed to `announced` before it was asked for, and it
 * may be newer, as the index is. Queries and writes go through as they are.
 *
 * It begins with `follow`, once every announcement from there on is handed to it, and must be told (`forget`) when that
 * sequence was broken, or when the index was brought to another state without a word (a new owner of a shard takes back
 * what its predecessor wrote and did not announce; a replay puts a new generation in place).
 */
export class CachedIndex implements EntityIndex {
  readonly local = false
  readonly #index: EntityIndex
  readonly #maxBytes: number
  /** Least recently used first. */
  readonly #held = new Map<EntityKey, Held>()
  readonly #reading = new Map<EntityKey, Reading>()
  #bytes = 0
  #ahead = 0
  #following = false
  #generation: string | undefined

  /** `maxBytes`: about so much is kept, of what was used last. */
  constructor(index: EntityIndex, { maxBytes }: { maxBytes: number }) {
    this.#index = index
    this.#maxBytes = maxBytes
  }

  /** From here on all announcements come, in order: answers may be remembered. */
  follow(): void {
    this.#following = true
  }

  /** Announcements have ended: every question goes to the index again. */
  unfollow(): void {
    this.#following = false
    this.forget()
  }

  forget(): void {
    this.#held.clear()
    this.#reading.clear()
    this.#bytes = 0
  }

  /** About how much is kept, bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes in a change before anybody is told of it. */
  announced(change: Change): void {
    const key = change.entity
    // It may have been answered before the change; whoever waits for it asked before they could know.
    this.#reading.delete(key)
    const held = this.#held.get(key)
    if (!held) return
    const next = afterChange(held, change)
    if (!next) return this.#drop(key, held)
    this.#bytes += next.bytes - held.bytes
    this.#held.set(key, next)
    const lost = [...held.vectors.keys()].filter((space) => !next.vectors.has(space))
    if (lost.length > 0 && next.entity) this.#readAhead(next.entity, lost)
  }

  /** Change records name a new vector and do not hold it: it is read before a request has to wait for it. */
  #readAhead({ kind, id }: StoredEntity, spaces: readonly string[]): void {
    if (!this.#following || this.#ahead >= mostAhead) return
    this.#ahead++
    // What fails is asked for again by whoever needs it.
    this.#read(kind, [id], spaces).held.catch(() => {}).finally(() => this.#ahead--)
  }

  async getMany(kind: EntityKind, ids: readonly string[], options: ReadOptions = {}): Promise<(StoredEntity | null)[]> {
    const { withVectors, signal } = options
    signal?.throwIfAborted()
    if (!this.#following || ids.length > queryLimits.ids) return this.#index.getMany(kind, ids, options)
    const spaces = withVectors ?? []
    const known = new Map<string, Held>()
    const readings = new Set<Reading>()
    const missing = new Set<string>()
    for (const id of ids) {
      const key = entityKey(kind, id)
      const held = this.#held.get(key)
      if (held && hasAll(held, spaces)) {
        known.set(id, held)
        this.#held.delete(key)
        this.#held.set(key, held)
        continue
      }
      const reading = this.#reading.get(key)
      if (reading && spaces.every((space) => reading.spaces.includes(space))) readings.add(reading)
      else missing.add(id)
    }
    if (missing.size > 0) readings.add(this.#read(kind, [...missing], spaces))
    if (readings.size > 0) {
      for (const answer of await withSignal(Promise.all([...readings].map(({ held }) => held)), signal))
        for (const id of ids) {
          const held = answer.get(id)
          if (held && !known.has(id)) known.set(id, held)
        }
    }
    return ids.map((id) => answerOf(known.get(id) as Held, withVectors))
  }

  /** A read that others may wait for must not end with the request that asked first, so it has no signal. */
  #read(kind: EntityKind, ids: readonly string[], spaces: readonly string[]): Reading {
    const read = async (): Promise<ReadonlyMap<string, Held>> => {
      const answer = new Map<string, Held>()
      try {
        const entities = await this.#index.getMany(kind, ids, spaces.length > 0 ? { withVectors: spaces } : {})
        for (const [place, id] of ids.entries()) answer.set(id, toHeld(kind, id, entities[place] ?? null, spaces))
        return answer
      } finally {
        for (const id of ids) {
          const key = entityKey(kind, id)
          if (this.#reading.get(key) !== reading) continue
          this.#reading.delete(key)
          const held = answer.get(id)
          if (held) this.#keep(key, held)
        }
      }
    }
    // `read` waits for its first answer before it looks at what is registered here.
    const reading: Reading = { spaces, held: Promise.resolve().then(read) }
    for (const id of ids) this.#reading.set(entityKey(kind, id), reading)
    return reading
  }

  #keep(key: EntityKey, held: Held): void {
    const former = this.#held.get(key)
    if (former) this.#drop(key, former)
    const { entity } = held
    // Vectors of other spaces are as good as they were: nothing was announced about them.
    const next = former && entity && former.entity ? sized(key, entity, new Map([...former.vectors, ...held.vectors])) : held
    this.#held.set(key, next)
    this.#bytes += next.bytes
    for (const [oldest, { bytes }] of this.#held) {
      if (this.#bytes <= this.#maxBytes) break
      this.#held.delete(oldest)
      this.#bytes -= bytes
    }
  }

  #drop(key: EntityKey, { bytes }: Held): void {
    this.#held.delete(key)
    this.#bytes -= bytes
  }

  query(query: IndexQuery): Promise<IndexPage> {
    return this.#index.query(query)
  }

  open(signal?: AbortSignal): Promise<void> {
    return this.#index.open(signal)
  }

  upsert(writes: readonly Upsert[], signal?: AbortSignal): Promise<void> {
    return this.#index.upsert(writes, signal)
  }

  delete(entities: readonly { kind: EntityKind; id: string }[], signal?: AbortSignal): Promise<void> {
    return this.#index.delete(entities, signal)
  }

  flush(): Promise<void> {
    return this.#index.flush()
  }

  newGeneration(): Promise<Generation> {
    return this.#index.newGeneration()
  }

  /** Notices another generation, which is in place without an announcement. */
  async stats(): Promise<IndexStats> {
    const stats = await this.#index.stats()
    if (this.#generation !== stats.generation) this.forget()
    this.#generation = stats.generation
    return stats
  }

  close(): Promise<void> {
    return this.#index.close()
  }
}

const hasAll = ({ entity, vectors }: Held, spaces: readonly string[]): boolean =>
  entity === null || spaces.every((space) => vectors.has(space))

/** The entity after an announced change; undefined where the announcement does not say enough. */
function afterChange({ entity, vectors }: Held, { entity: key, revision, changed, after, eventTime, appliedAt }: Change): Held | undefined {
  if (!entity || !after) return undefined
  const { kind, id } = entity
  const names = Object.keys(changed)
  const isVector = (name: string) => name.startsWith(vectorPrefix)
  const rest = names.some(isVector) ? new Map([...vectors].filter(([space]) => !names.includes(vectorPrefix + space))) : vectors
  // It was read after the change was applied.
  if (revision <= entity.revision) return sized(key, entity, rest)
  if (!names.every((name) => isVector(name) || isAnnounced(kind, name))) return undefined
  const fields: Record<string, FieldValue> = {}
  for (const name in entity.fields) if (!isAnnounced(kind, name)) fields[name] = entity.fields[name] as FieldValue
  // An empty list is kept nowhere.
  for (const name in after) if (!Array.isArray(after[name]) || after[name].length > 0) fields[name] = after[name] as FieldValue
  return sized(key, frozen({ kind, id, fields, revision, eventTime, appliedAt }), rest)
}

/** Whether change records hold the field's value. */
function isAnnounced(kind: EntityKind, name: string): boolean {
  const definition = fieldOf(kind, name)
  return definition?.filterable === true || definition?.orderable === true
}

function toHeld(kind: EntityKind, id: string, entity: StoredEntity | null, spaces: readonly string[]): Held {
  const vectors = new Map(entity ? spaces.map((space) => [space, entity.vectors?.[space] ?? null] as const) : [])
  return sized(entityKey(kind, id), entity && frozen(entity), vectors)
}

function frozen({ kind, id, fields, revision, eventTime, appliedAt }: StoredEntity): StoredEntity {
  for (const name in fields) if (Array.isArray(fields[name])) Object.freeze(fields[name])
  return Object.freeze({ kind, id, fields: Object.freeze(fields), revision, eventTime, appliedAt })
}

/** Requests share the entity, which is frozen; vectors cannot be, so each gets its own. */
function answerOf({ entity, vectors }: Held, withVectors: readonly string[] | undefined): StoredEntity | null {
  if (!entity || !withVectors) return entity
  const own: Record<string, Float32Array> = {}
  for (const space of withVectors) {
    const vector = vectors.get(space)
    if (vector) own[space] = vector.slice()
  }
  return { ...entity, vectors: own }
}

/** What an object, a map's entry and a field cost besides their content, bytes; about what V8 takes. */
const overhead = { entity: 300, field: 16, vector: 120 }

function sized(key: EntityKey, entity: StoredEntity | null, vectors: ReadonlyMap<string, Float32Array | null>): Held {
  let bytes = overhead.entity + 2 * key.length
  for (const value of Object.values(entity?.fields ?? {} as AnyFields)) {
    bytes += overhead.field
    if (typeof value === 'string') bytes += 2 * value.length
    else if (typeof value === 'object') for (const item of value) bytes += overhead.field + 2 * item.length
  }
  for (const vector of vectors.values()) bytes += overhead.vector + (vector?.byteLength ?? 0)
  return { entity, vectors, bytes }
}

/** Rejects with the signal's reason when it is aborted first; the work goes on for the others. */
async function withSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
