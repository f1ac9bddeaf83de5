import { entityKey, type EntityKind } from '../../events/entity.ts'
import { InvalidIndexQueryError, IndexUnavailableError, type Upsert } from '../entity-index.ts'
import { assertDimensions, validateWrite } from '../validate.ts'
import { messageIn, type RestAnswer } from './connection.ts'
import { uuidOf, spaceIn } from './names.ts'
import { identityProperties, stampProperties, toProperties, type Stored } from './properties.ts'
import { existing } from './reader.ts'
import type { Target } from './target.ts'

/**
 * Writes by merges (PATCH), which are visible once they are answered and leave an object's vectors alone. Whole objects in
 * batches cost the server as much (0.3 to 0.4 ms each), but would have to be read first, and one changed vector re-inserts
 * each of the object's. What is not there yet is created: in batches where it has no vectors, else one by one, as the
 * server (1.38) answers a batch before the vectors' log is written, and a crash would lose them from the vector index.
 */

/** Up to so many, a merge that finds nothing is cheaper than asking first which are there. */
const mergeUnasked = 8
/** Objects in one batch request. */
const batchSize = 100

interface Write {
  kind: EntityKind
  id: string
  uuid: string
  properties: Stored
  vectors: Record<string, Float32Array | null>
}

export class Writer {
  readonly #target: Target
  /** Per entity, the end of the last write to it. */
  readonly #tails = new Map<string, Promise<void>>()

  constructor(target: Target) {
    this.#target = target
  }

  async upsert(upserts: readonly Upsert[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const spaces = new Map<string, number>()
    for (const { kind, fields, vectors } of upserts) {
      validateWrite(kind, fields, vectors)
      for (const [space, vector] of Object.entries(vectors ?? {})) {
        if (!vector) continue
        assertDimensions(space, spaces.get(space) ?? vector.length, vector.length)
        spaces.set(space, vector.length)
      }
    }
    if (upserts.length === 0) return
    const writes = coalesce(upserts)
    // In its turn from here on: what is awaited before would let later calls overtake it.
    await this.#inTurn(writes, async () => {
      for (const [space, dimensions] of spaces) await this.#target.assertDimensions(space, dimensions, signal)
      await this.#target.connection.within('write', signal, async (bounded) => {
        try {
          await this.#write(writes, bounded)
        } catch (error) {
          // Another process may have switched to a generation that lacks a space which this one knew of.
          if (!(error instanceof Refusal)) throw error
          await this.#target.refresh()
          await this.#write(writes, bounded)
        }
      })
    }).catch((error: unknown) => {
      throw error instanceof Refusal ? new InvalidIndexQueryError(`Weaviate refused a write: ${error.message}`) : error
    })
  }

  async delete(entities: readonly { kind: EntityKind; id: string }[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (entities.length === 0) return
    await this.#inTurn(entities, () => this.#target.connection.within('write', signal, async (bounded) => {
      await Promise.all(entities.map(({ kind, id }) =>
        this.#target.connection.rest('DELETE', this.#path(kind, uuidOf(kind, id)), undefined, bounded)))
    }))
  }

  /** Two calls at once about one entity: the later one waits, as a merge and a creation would lose one of them. */
  async #inTurn(entities: readonly { kind: EntityKind; id: string }[], run: () => Promise<void>): Promise<void> {
    const keys = entities.map(({ kind, id }) => entityKey(kind, id))
    const before = new Set(keys.map((key) => this.#tails.get(key)))
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const key of keys) this.#tails.set(key, promise)
    await Promise.all(before)
    try {
      await run()
    } finally {
      for (const key of keys) if (this.#tails.get(key) === promise) this.#tails.delete(key)
      resolve()
    }
  }

  async #write(writes: readonly Write[], signal: AbortSignal): Promise<void> {
    for (const { kind, vectors } of writes) {
      for (const space in vectors) {
        if (vectors[space]) await this.#target.ensureSpace(kind, space, vectors[space].length, signal)
      }
    }
    const there = writes.length <= mergeUnasked ? undefined : await existing(this.#target, writes, signal)
    const missing: Write[] = []
    await settle(writes.map(async (write) => {
      const done = there && !there.has(write.uuid) ? false
        : Object.values(write.vectors).includes(null) ? await this.#replace(write, signal) : await this.#merge(write, signal)
      if (!done) missing.push(write)
    }))
    // A merge says 404 of a missing collection too, and the server would create one by guessing (auto schema).
    if (!there && missing.length > 0) await existing(this.#target, missing, signal)
    await this.#create(missing, signal)
  }

  /** False where there is no such object. */
  async #merge(write: Write, signal: AbortSignal): Promise<boolean> {
    const { kind, uuid, properties } = write
    const vectors = this.#vectors(write)
    const answer = await this.#target.connection.rest('PATCH', this.#path(kind, uuid),
      { class: this.#target.nameOf(kind), id: uuid, properties, ...(vectors && { vectors }) }, signal)
    return isThere(answer)
  }

  /** A merge cannot remove a vector: the whole object is read and written without it. */
  async #replace(write: Write, signal: AbortSignal): Promise<boolean> {
    const { kind, uuid } = write
    const answer = await this.#target.connection.rest('GET', `${this.#path(kind, uuid)}?include=vector`, undefined, signal)
    if (!isThere(answer)) return false
    const { properties, vectors } = answer.body as { properties: Stored; vectors?: Record<string, number[]> }
    const kept = Object.entries(vectors ?? {}).filter(([name]) => write.vectors[spaceIn(name)?.space ?? ''] === undefined)
    return isThere(await this.#target.connection.rest('PUT', this.#path(kind, uuid), {
      class: this.#target.nameOf(kind), id: uuid, properties: held({ ...properties, ...write.properties }),
      vectors: { ...Object.fromEntries(kept), ...this.#vectors(write) },
    }, signal))
  }

  async #create(writes: readonly Write[], signal: AbortSignal): Promise<void> {
    const objects = writes.map((write) => {
      const vectors = this.#vectors(write)
      const properties = { ...identityProperties(write.id), ...held(write.properties) }
      return { write, vectors, object: { class: this.#target.nameOf(write.kind), id: write.uuid, properties, ...(vectors && { vectors }) } }
    })
    const bare = objects.filter(({ vectors }) => !vectors).map(({ object }) => object)
    const calls = objects.filter(({ vectors }) => vectors).map(({ write, object }) => this.#insert(write, object, signal))
    for (let at = 0; at < bare.length; at += batchSize) calls.push(this.#batch(bare.slice(at, at + batchSize), signal))
    await settle(calls)
  }

  async #insert(write: Write, object: object, signal: AbortSignal): Promise<void> {
    const answer = await this.#target.connection.rest('POST', '/objects', object, signal)
    // A first attempt whose answer was lost on the way.
    if (answer.status === 422 && /already exists/.test(messageIn(answer.body)) && await this.#merge(write, signal)) return
    assertTaken(answer)
  }

  async #batch(objects: readonly object[], signal: AbortSignal): Promise<void> {
    const answer = await this.#target.connection.rest('POST', '/batch/objects', { objects }, signal)
    assertTaken(answer)
    if (!Array.isArray(answer.body)) throw new IndexUnavailableError(`Weaviate answered a batch with ${messageIn(answer.body)}`)
    for (const { result } of answer.body as { result?: { status?: string; errors?: unknown } }[]) {
      if (result?.status !== 'SUCCESS') throw new Refusal(messageIn(result?.errors))
    }
  }

  #vectors({ kind, vectors }: Write): Record<string, number[]> | undefined {
    const named = Object.entries(vectors).flatMap(([space, vector]) => {
      if (!vector) return []
      const name = this.#target.vectorOf(kind, space)
      // Another generation was switched to after the space was ensured.
      if (!name) throw new Refusal(`its collection has no vector space ${space}`)
      return [[name, Array.from(vector)] as const]
    })
    return named.length > 0 ? Object.fromEntries(named) : undefined
  }

  #path(kind: EntityKind, uuid: string): string {
    return `/objects/${this.#target.nameOf(kind)}/${uuid}`
  }
}

/** The server took the request for wrong: a space or a collection that is not there (any more). */
class Refusal extends Error {}

function isThere({ status, body }: RestAnswer): boolean {
  if (status === 422) throw new Refusal(messageIn(body))
  return status !== 404
}

function assertTaken(answer: RestAnswer): void {
  if (!isThere(answer)) throw new Refusal(messageIn(answer.body))
}

/** One write per entity, later values over earlier ones. */
function coalesce(upserts: readonly Upsert[]): Write[] {
  const merged = new Map<string, Write>()
  for (const { kind, id, fields, vectors, ...stamps } of upserts) {
    const key = entityKey(kind, id)
    let write = merged.get(key)
    if (!write) merged.set(key, (write = { kind, id, uuid: uuidOf(kind, id), properties: {}, vectors: {} }))
    Object.assign(write.properties, toProperties(kind, fields))
    for (const name of stampProperties) write.properties[name] = stamps[name]
    Object.assign(write.vectors, vectors)
  }
  return [...merged.values()]
}

const held = (properties: Stored): Stored =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null))

/** All of them to their end, so that no request goes on behind a failed call; then the first failure. */
async function settle(calls: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'rejected') throw result.reason
  }
}
