import { entityKinds, type EntityKind } from '../../events/entity.ts'
import type { AnyFields } from '../entities.ts'
import type { StoredEntity, Upsert } from '../entity-index.ts'
import { assertDimensions, validateWrite } from '../validate.ts'
import { EntityTable } from './table.ts'

/** What changed since it was last written to disk. */
export interface Changes {
  deleted: Map<EntityKind, Set<string>>
  fields: Map<EntityKind, Set<string>>
  /** By `space`. */
  vectors: Map<EntityKind, Map<string, Set<string>>>
}

const noChanges = (): Changes => ({
  deleted: new Map(entityKinds.map((kind) => [kind, new Set()])),
  fields: new Map(entityKinds.map((kind) => [kind, new Set()])),
  vectors: new Map(entityKinds.map((kind) => [kind, new Map()])),
})

/** One generation in memory: a table per kind, the dimensions of its spaces, and what is not on disk yet. */
export class Store {
  readonly tables: Readonly<Record<EntityKind, EntityTable>>
  readonly spaces = new Map<string, number>()
  readonly #tracked: boolean
  #changes = noChanges()

  /** `tracked`: changes are collected for `takeChanges`. */
  constructor(tracked: boolean) {
    this.#tracked = tracked
    this.tables = Object.fromEntries(entityKinds.map((kind) => [kind, new EntityTable(kind)])) as Record<EntityKind, EntityTable>
  }

  /** Checks all writes before the first is made, so that a bad one leaves nothing behind. */
  upsert(writes: readonly Upsert[]): void {
    const spaces = new Map<string, number>()
    for (const { kind, fields, vectors } of writes) {
      validateWrite(kind, fields, vectors)
      for (const space in vectors) {
        const vector = vectors[space]
        if (!vector) continue
        assertDimensions(space, this.spaces.get(space) ?? spaces.get(space) ?? vector.length, vector.length)
        spaces.set(space, vector.length)
      }
    }
    for (const [space, dimensions] of spaces) this.spaces.set(space, dimensions)
    for (const write of writes) this.#apply(write)
  }

  delete(kind: EntityKind, id: string): void {
    if (!this.tables[kind].delete(id) || !this.#tracked) return
    this.#changes.deleted.get(kind)!.add(id)
    this.#changes.fields.get(kind)!.delete(id)
    for (const ids of this.#changes.vectors.get(kind)!.values()) ids.delete(id)
  }

  get(kind: EntityKind, id: string, withVectors?: readonly string[]): StoredEntity | null {
    const table = this.tables[kind]
    const slot = table.slotOf(id)
    return slot === undefined ? null : table.entityAt(slot, withVectors)
  }

  /** Puts an entity's whole image from disk in place of what is there. */
  load(kind: EntityKind, id: string, fields: AnyFields, revision: number, eventTime: number, appliedAt: number): void {
    this.tables[kind].replace(id, fields, revision, eventTime, appliedAt)
  }

  /** Puts a vector from disk in place; `null` removes it. */
  loadVector(kind: EntityKind, id: string, space: string, vector: Float32Array | null): void {
    const table = this.tables[kind]
    const slot = table.slotOf(id)
    if (slot === undefined) return
    if (!vector) return table.removeVector(slot, space)
    this.spaces.set(space, vector.length)
    table.setVector(slot, space, vector)
  }

  get entities(): number {
    return entityKinds.reduce((sum, kind) => sum + this.tables[kind].size, 0)
  }

  /** Bytes of all vectors as they are on disk. */
  get vectorBytes(): number {
    let bytes = 0
    for (const kind of entityKinds) {
      for (const column of this.tables[kind].vectors.values()) bytes += column.size * column.dimensions * 4
    }
    return bytes
  }

  /** The changes so far; from here on they are collected anew. */
  takeChanges(): Changes {
    const taken = this.#changes
    this.#changes = noChanges()
    return taken
  }

  /** Gives back changes that could not be written. What was deleted or written since then stays the truth. */
  restoreChanges(changes: Changes): void {
    for (const kind of entityKinds) {
      for (const id of changes.deleted.get(kind)!) this.#changes.deleted.get(kind)!.add(id)
      for (const id of changes.fields.get(kind)!) this.#changes.fields.get(kind)!.add(id)
      for (const [space, ids] of changes.vectors.get(kind)!) {
        for (const id of ids) this.#vectorChanged(kind, space, id)
      }
    }
  }

  #apply({ kind, id, fields, vectors, revision, eventTime, appliedAt }: Upsert): void {
    const table = this.tables[kind]
    const slot = table.patch(id, fields, revision, eventTime, appliedAt)
    if (this.#tracked) this.#changes.fields.get(kind)!.add(id)
    if (!vectors) return
    for (const space in vectors) {
      const vector = vectors[space]
      if (vector) table.setVector(slot, space, vector)
      else table.removeVector(slot, space)
      if (this.#tracked) this.#vectorChanged(kind, space, id)
    }
  }

  #vectorChanged(kind: EntityKind, space: string, id: string): void {
    const spaces = this.#changes.vectors.get(kind)!
    let ids = spaces.get(space)
    if (!ids) spaces.set(space, (ids = new Set()))
    ids.add(id)
  }
}
