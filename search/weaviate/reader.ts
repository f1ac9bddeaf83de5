import type { Collection, FilterValue } from 'weaviate-client'
import weaviate from 'weaviate-client'
import type { EntityKind } from '../../events/entity.ts'
import type { StoredEntity } from '../entity-index.ts'
import { spaceIn, uuidOf } from './names.ts'
import { returnedProperties, toEntity, type Stored } from './properties.ts'
import type { Target } from './target.ts'

/** Reads of whole entities, over gRPC. */

/** What a read returns of each object. */
export interface Returned {
  returnProperties: string[]
  includeVector?: string[]
}

export async function returned(target: Target, kind: EntityKind, withVectors: readonly string[] | undefined, signal: AbortSignal | undefined): Promise<Returned> {
  const vectors = withVectors ? await target.vectorsOf(kind, withVectors, signal) : []
  return {
    returnProperties: returnedProperties(kind),
    ...(vectors.length > 0 && { includeVector: vectors.map(({ vector }) => vector) }),
  }
}

interface Found {
  properties: Record<string, unknown>
  vectors: Record<string, unknown>
}

export function entityIn(kind: EntityKind, { properties, vectors }: Found, withVectors: readonly string[] | undefined): StoredEntity {
  const entity = toEntity(kind, properties)
  if (!withVectors) return entity
  const own: Record<string, Float32Array> = {}
  for (const [name, values] of Object.entries(vectors)) {
    const space = spaceIn(name)?.space
    if (space !== undefined && (values as number[]).length > 0) own[space] = Float32Array.from(values as number[])
  }
  return { ...entity, vectors: own }
}

/** So many that a search has not found are asked for one by one. */
const mostSingly = 32

/**
 * The entities of these ids that there are, by id. A search by UUIDs passes over an object whose vector is being replaced at that
 * moment, as Weaviate gives it another internal number then; by its UUID alone it is there before as after. So what seems
 * to be missing is asked for once more, that way where there are few.
 */
export async function entitiesOf(
  target: Target, kind: EntityKind, ids: readonly string[], withVectors: readonly string[] | undefined, signal: AbortSignal | undefined,
): Promise<Map<string, StoredEntity>> {
  let missing = [...new Set(ids)]
  if (missing.length === 0) return new Map()
  const what = await returned(target, kind, withVectors, signal)
  const entities = new Map<string, StoredEntity>()
  const take = (objects: readonly Found[]): void => {
    for (const object of objects) {
      const entity = entityIn(kind, object, withVectors)
      entities.set(entity.id, entity)
    }
    missing = missing.filter((id) => !entities.has(id))
  }
  const search = async (): Promise<void> => {
    const filters = byUuid(missing.map((id) => uuidOf(kind, id)))
    take((await fetchObjects(target, kind, { filters, limit: missing.length, ...what }, signal)).objects)
  }
  const singly = async (): Promise<void> => {
    const objects = await Promise.all(missing.map((id) => objectOf(target, kind, uuidOf(kind, id), what, signal)))
    take(objects.filter((object) => object !== undefined))
  }
  if (missing.length === 1) {
    await singly()
    if (missing.length > 0) await search()
    return entities
  }
  await search()
  if (missing.length > mostSingly) await search()
  if (missing.length <= mostSingly) await singly()
  return entities
}

/**
 * One object over HTTP, which the server finds by its UUID for less than a search with a filter costs it. Undefined where
 * it answers 404, which may also mean that the collection is not there.
 */
async function objectOf(
  target: Target, kind: EntityKind, uuid: string, { includeVector = [] }: Returned, signal: AbortSignal | undefined,
): Promise<Found | undefined> {
  const path = `/objects/${target.nameOf(kind)}/${uuid}${includeVector.length > 0 ? '?include=vector' : ''}`
  const { status, body } = await target.connection.within('read', signal, (bounded) => target.connection.rest('GET', path, undefined, bounded))
  if (status !== 200) return undefined
  const { properties, vectors = {} } = body as { properties: Stored; vectors?: Record<string, number[]> }
  return { properties, vectors: Object.fromEntries(includeVector.flatMap((name) => (vectors[name] ? [[name, vectors[name]]] : []))) }
}

/** Which of these objects there are, by UUID. */
export async function existing(
  target: Target, entities: readonly { kind: EntityKind; uuid: string }[], signal: AbortSignal,
): Promise<Set<string>> {
  const found = new Set<string>()
  const chunk = 1000
  await Promise.all([...Map.groupBy(entities, ({ kind }) => kind)].map(async ([kind, group]) => {
    for (let at = 0; at < group.length; at += chunk) {
      const uuids = group.slice(at, at + chunk).map(({ uuid }) => uuid)
      const { objects } = await fetchObjects(target, kind, { filters: byUuid(uuids), limit: uuids.length, returnProperties: [] }, signal)
      for (const { uuid } of objects) found.add(uuid)
    }
  }))
  return found
}

export type FetchOptions = NonNullable<Parameters<Collection['query']['fetchObjects']>[0]>

export const fetchObjects = (target: Target, kind: EntityKind, options: FetchOptions, signal: AbortSignal | undefined) =>
  target.connection.read(target.nameOf(kind), signal, (collection, abortSignal) =>
    collection.query.fetchObjects(options, { abortSignal }))

const byUuid = (uuids: string[]): FilterValue => weaviate.filter.byId().containsAny(uuids)
