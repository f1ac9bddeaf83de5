import { entityKinds, type EntityKind } from '../../events/entity.ts'
import { IndexUnavailableError } from '../entity-index.ts'
import { assertDimensions } from '../validate.ts'
import { addSpace, readSchema, spacesIn, type Spaces } from './collections.ts'
import type { Connection } from './connection.ts'

/**
 * The three collections that queries or writes go to, and what is known of their vector spaces. Other processes add spaces
 * and switch generations, so what is not known is asked for before it is called unknown.
 */
export class Target {
  readonly connection: Connection
  readonly #names: Readonly<Record<EntityKind, string>>
  #spaces: Readonly<Record<EntityKind, Spaces>> = { user: new Map(), seller: new Map(), livestream: new Map() }
  #refreshing: Promise<void> | undefined

  constructor(connection: Connection, nameOf: (kind: EntityKind) => string) {
    this.connection = connection
    this.#names = Object.fromEntries(entityKinds.map((kind) => [kind, nameOf(kind)])) as Record<EntityKind, string>
  }

  /** The collection's name, or its alias. */
  nameOf(kind: EntityKind): string {
    return this.#names[kind]
  }

  /** Reads anew what the collections have. Callers at the same time share one reading. */
  refresh(): Promise<void> {
    return this.#refreshing ??= (async () => {
      try {
        const schemas = await this.connection.within('read', undefined, (signal) =>
          Promise.all(entityKinds.map((kind) => readSchema(this.connection, this.#names[kind], signal))))
        this.#spaces = Object.fromEntries(entityKinds.map((kind, at) => {
          const schema = schemas[at]
          if (!schema) throw new IndexUnavailableError(`Weaviate has no collection ${this.#names[kind]} any more: restart Freshet, whose ingest creates it and fills it anew.`)
          return [kind, spacesIn(schema)]
        })) as Record<EntityKind, Spaces>
      } finally {
        this.#refreshing = undefined
      }
    })()
  }

  /** Vectors of the kind's spaces that there are among those asked for, by space. */
  async vectorsOf(kind: EntityKind, spaces: readonly string[], signal?: AbortSignal): Promise<{ space: string; vector: string }[]> {
    if (spaces.some((space) => !this.#spaces[kind].has(space))) await this.#refreshFor(signal)
    return spaces.flatMap((space) => {
      const known = this.#spaces[kind].get(space)
      return known ? [{ space, vector: known.vector }] : []
    })
  }

  /** The name of the space's vector in the kind's collection; undefined where nobody uses the space. */
  vectorOf(kind: EntityKind, space: string): string | undefined {
    return this.#spaces[kind].get(space)?.vector
  }

  /** Dimensions of each space in any kind. */
  get dimensions(): Map<string, number> {
    return new Map(entityKinds.flatMap((kind) =>
      Array.from(this.#spaces[kind], ([space, { dimensions }]) => [space, dimensions] as const)))
  }

  /** Throws `InvalidIndexQueryError` where a vector has other dimensions than its space. */
  async assertDimensions(space: string, got: number, signal?: AbortSignal): Promise<void> {
    if (!this.dimensions.has(space)) await this.#refreshFor(signal)
    const expected = this.dimensions.get(space)
    if (expected !== undefined) assertDimensions(space, expected, got)
  }

  /** The reading is shared, so a caller that gives up leaves it to the others. */
  #refreshFor(signal: AbortSignal | undefined): Promise<void> {
    const refreshing = this.refresh()
    return signal ? this.connection.within('read', signal, () => refreshing) : refreshing
  }

  /** Adds the space to the kind's collection where it is missing. */
  async ensureSpace(kind: EntityKind, space: string, dimensions: number, signal: AbortSignal): Promise<void> {
    if (this.#spaces[kind].has(space)) return
    await addSpace(this.connection, this.#names[kind], space, dimensions, signal)
    // A reading that others have begun may not know of it yet.
    await this.#refreshing?.catch(() => {})
    await this.refresh()
  }
}
