import type { EntityKind } from '../../events/entity.ts'
import { IndexUnavailableError, InvalidIndexQueryError } from '../entity-index.ts'
import { messageIn, type Connection } from './connection.ts'
import { spaceIn, vectorOf } from './names.ts'
import { propertiesOf, type Property } from './properties.ts'

/** Creating collections, reading what they have, and adding to them. */

export interface Schema {
  class: string
  properties?: Property[]
  vectorConfig?: Record<string, unknown>
}

/** Vectors of the spaces that one collection has, by space. */
export type Spaces = ReadonlyMap<string, { vector: string; dimensions: number }>

export const maxSpaces = 8
const maxVectorName = 230

/**
 * What a filter leaves is scanned exactly up to `flatSearchCutoff` objects; above, the graph is walked and what the filter
 * rejects is passed through (`sweeping`). The other strategy, ACORN, looks at less and found 82% of the nearest 20 where a
 * filter left 5% of 3,000 objects, whatever `ef` was; sweeping found all of them in the same time.
 */
const vectorIndex = {
  distance: 'cosine', efConstruction: 128, maxConnections: 32, ef: -1, dynamicEfMin: 200, dynamicEfFactor: 8, dynamicEfMax: 800,
  filterStrategy: 'sweeping', flatSearchCutoff: 20_000,
} as const

const vectorConfig = { vectorizer: { none: {} }, vectorIndexType: 'hnsw', vectorIndexConfig: vectorIndex }

/** Creates a kind's collection unless it is there already. */
export async function createCollection(connection: Connection, kind: EntityKind, name: string, signal: AbortSignal): Promise<void> {
  const { status, body } = await connection.rest('POST', '/schema', {
    class: name,
    // No stop words: the embedded index has none. Its BM25 has the same parameters.
    invertedIndexConfig: { indexNullState: true, bm25: { k1: 1.2, b: 0.75 }, stopwords: { preset: 'none' } },
    vectorConfig: {},
    properties: propertiesOf(kind),
  }, signal)
  // Another process may have been quicker.
  if (status >= 400 && !await readSchema(connection, name, signal)) fail(`create the collection ${name}`, body)
}

export async function readSchema(connection: Connection, name: string, signal: AbortSignal): Promise<Schema | null> {
  const { status, body } = await connection.rest('GET', `/schema/${name}`, undefined, signal)
  return status === 200 ? body as Schema : null
}

export async function deleteCollection(connection: Connection, name: string, signal: AbortSignal): Promise<void> {
  await connection.rest('DELETE', `/schema/${name}`, undefined, signal)
}

/**
 * Adds the properties that a newer version of the program keeps. Objects that are there get them with their next write,
 * or all at once by a replay into a new generation.
 */
export async function addMissingProperties(connection: Connection, kind: EntityKind, schema: Schema, signal: AbortSignal): Promise<void> {
  const known = new Map(schema.properties?.map((property) => [property.name, property]))
  for (const property of propertiesOf(kind)) {
    const existing = known.get(property.name)
    if (existing && existing.dataType[0] !== property.dataType[0]) {
      throw new IndexUnavailableError(`${schema.class}.${property.name} is ${existing.dataType[0]} in Weaviate; this version keeps ` +
        `${property.dataType[0]}. Replay the log into a new generation, or use another prefix.`)
    }
    if (existing) continue
    const { status, body } = await connection.rest('POST', `/schema/${schema.class}/properties`, property, signal)
    if (status >= 400) {
      const now = await readSchema(connection, schema.class, signal)
      if (!now?.properties?.some(({ name }) => name === property.name)) fail(`add the property ${property.name} to ${schema.class}`, body)
    }
  }
}

export function spacesIn(schema: Schema): Spaces {
  const spaces = new Map<string, { vector: string; dimensions: number }>()
  for (const vector of Object.keys(schema.vectorConfig ?? {})) {
    const named = spaceIn(vector)
    if (named) spaces.set(named.space, { vector, dimensions: named.dimensions })
  }
  return spaces
}

/** Adds a named vector for a space. Two processes may do so at the same time: what counts is that it is there. */
export async function addSpace(connection: Connection, collection: string, space: string, dimensions: number, signal: AbortSignal): Promise<void> {
  const vector = vectorOf(space, dimensions)
  if (vector.length > maxVectorName) {
    throw new InvalidIndexQueryError(`The name of a vector space fits into ${maxVectorName} letters and digits (others count three); got ${space}.`)
  }
  for (let attempt = 0; ; attempt++) {
    // A change takes the whole definition: one that another process makes at the same time can undo ours.
    const schema = await readSchema(connection, collection, signal)
    if (!schema) return fail(`find the collection ${collection}`, undefined)
    const spaces = spacesIn(schema)
    if (spaces.get(space)?.vector === vector) return
    if (spaces.size >= maxSpaces) {
      throw new InvalidIndexQueryError(`A collection has up to ${maxSpaces} vector spaces; ${space} would be one more. ` +
        'Replay the log into a new generation without those that are not used any more.')
    }
    const { body } = await connection.rest('PUT', `/schema/${schema.class}`,
      { ...schema, vectorConfig: { ...schema.vectorConfig, [vector]: vectorConfig } }, signal)
    if (attempt >= 5) fail(`add the vector space ${space} to ${schema.class}`, body)
  }
}

function fail(what: string, body: unknown): never {
  throw new IndexUnavailableError(`Weaviate could not ${what}: ${messageIn(body)}`)
}
