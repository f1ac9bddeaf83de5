import type { EntityKind } from '../../events/entity.ts'
import { entityFields, type AnyFields, type FieldDefinition, type FieldValue } from '../entities.ts'
import type { StoredEntity } from '../entity-index.ts'
import type { Reader } from '../matches.ts'
import { createColumn, NumberColumn, type Column } from './columns.ts'
import { TextIndex } from './text.ts'
import { VectorColumn } from '../scan/vectors.ts'

/** Documents that are put into the text index before other work may run: about a millisecond. */
const textSlice = 100

/** All entities of one kind: columns of fields and vectors by slot, and the inverted index of their texts. */
export class EntityTable {
  readonly kind: EntityKind
  readonly vectors = new Map<string, VectorColumn>()
  readonly #slots = new Map<string, number>()
  readonly #ids: (string | undefined)[] = []
  readonly #free: number[] = []
  readonly #columns: { name: string; column: Column; searchable: boolean }[]
  readonly #columnOf: Map<string, Column>
  readonly #searchable: ReadonlySet<string>
  readonly #revision = new NumberColumn()
  readonly #eventTime = new NumberColumn()
  readonly #appliedAt = new NumberColumn()
  readonly #text: TextIndex
  /** Slots below are in the text index. It is built when it is first asked for: most kinds' texts never are. */
  #textUpTo = 0
  #textBuild: Promise<void> | undefined

  constructor(kind: EntityKind) {
    this.kind = kind
    this.#columns = Object.entries(entityFields[kind] as Record<string, FieldDefinition>).map(([name, definition]) =>
      ({ name, column: createColumn(definition), searchable: definition.searchable !== undefined }))
    this.#columnOf = new Map(this.#columns.map(({ name, column }) => [name, column]))
    this.#searchable = new Set(this.#columns.filter(({ searchable }) => searchable).map(({ name }) => name))
    this.#text = new TextIndex(kind)
  }

  get size(): number {
    return this.#slots.size
  }

  /** One past the highest slot in use. */
  get end(): number {
    return this.#ids.length
  }

  slotOf(id: string): number | undefined {
    return this.#slots.get(id)
  }

  idAt(slot: number): string | undefined {
    return this.#ids[slot]
  }

  ids(): Iterable<string> {
    return this.#slots.keys()
  }

  *idsWithVector(space: string): Iterable<string> {
    const column = this.vectors.get(space)
    if (!column) return
    for (const [id, slot] of this.#slots) if (column.has(slot)) yield id
  }

  /** Writes fields of an entity, creating it where it is missing. The caller has validated them. */
  patch(id: string, fields: Readonly<Record<string, FieldValue | null>>, revision: number, eventTime: number, appliedAt: number): number {
    const slot = this.#slots.get(id) ?? this.#create(id)
    const indexed = slot < this.#textUpTo
    const retext = indexed && this.#changesText(slot, fields)
    if (retext) this.#text.remove(slot, this.#readerAt(slot))
    for (const name in fields) {
      const value = fields[name]
      const missing = value === null || value === undefined || (Array.isArray(value) && value.length === 0)
      this.#columnOf.get(name)!.set(slot, missing ? undefined : value)
    }
    if (retext) this.#text.add(slot, this.#readerAt(slot))
    this.#revision.set(slot, revision)
    this.#eventTime.set(slot, eventTime)
    this.#appliedAt.set(slot, appliedAt)
    return slot
  }

  /** Puts an entity's whole image in place: fields that are not in it are removed. Its vectors stay. */
  replace(id: string, fields: AnyFields, revision: number, eventTime: number, appliedAt: number): void {
    const known = this.#slots.get(id)
    if (known !== undefined) {
      for (const { name, column } of this.#columns) {
        if (!Object.hasOwn(fields, name)) column.set(known, undefined)
      }
    }
    const slot = known ?? this.#create(id)
    for (const name in fields) this.#columnOf.get(name)?.set(slot, fields[name])
    this.#revision.set(slot, revision)
    this.#eventTime.set(slot, eventTime)
    this.#appliedAt.set(slot, appliedAt)
  }

  delete(id: string): boolean {
    const slot = this.#slots.get(id)
    if (slot === undefined) return false
    if (slot < this.#textUpTo) this.#text.remove(slot, this.#readerAt(slot))
    for (const { column } of this.#columns) column.set(slot, undefined)
    for (const vectors of this.vectors.values()) vectors.remove(slot)
    this.#slots.delete(id)
    this.#ids[slot] = undefined
    this.#free.push(slot)
    return true
  }

  setVector(slot: number, space: string, vector: Float32Array): void {
    let column = this.vectors.get(space)
    if (!column) this.vectors.set(space, (column = new VectorColumn(vector.length)))
    column.set(slot, vector)
  }

  removeVector(slot: number, space: string): void {
    this.vectors.get(space)?.remove(slot)
  }

  entityAt(slot: number, withVectors?: readonly string[]): StoredEntity {
    const entity: StoredEntity = {
      kind: this.kind,
      id: this.#ids[slot]!,
      fields: this.fieldsAt(slot),
      revision: this.#revision.get(slot)!,
      eventTime: this.#eventTime.get(slot)!,
      appliedAt: this.#appliedAt.get(slot)!,
    }
    if (withVectors) entity.vectors = this.vectorsAt(slot, withVectors)
    return entity
  }

  fieldsAt(slot: number): AnyFields {
    const fields: Record<string, FieldValue> = {}
    for (const { name, column } of this.#columns) {
      const value = column.get(slot)
      if (value !== undefined) fields[name] = value
    }
    return fields
  }

  vectorsAt(slot: number, spaces: readonly string[]): Record<string, Float32Array> {
    const vectors: Record<string, Float32Array> = {}
    for (const space of spaces) {
      const vector = this.vectors.get(space)?.get(slot)
      if (vector) vectors[space] = vector
    }
    return vectors
  }

  /** Reader of a field, `id` included, by slot. */
  reader(field: string): Reader<number> {
    if (field === 'id') return (slot) => this.#ids[slot]
    const column = this.#columnOf.get(field)!
    return (slot) => column.get(slot)
  }

  /** The text index, complete. Builds it in slices at first, so that nothing else waits for long. */
  async text(): Promise<TextIndex> {
    if (this.#textUpTo < this.#ids.length) await (this.#textBuild ??= this.#buildText())
    return this.#text
  }

  async #buildText(): Promise<void> {
    while (this.#textUpTo < this.#ids.length) {
      const end = Math.min(this.#textUpTo + textSlice, this.#ids.length)
      for (; this.#textUpTo < end; this.#textUpTo++) {
        if (this.#ids[this.#textUpTo] !== undefined) this.#text.add(this.#textUpTo, this.#readerAt(this.#textUpTo))
      }
      await new Promise(setImmediate)
    }
    // From here on every new slot enters at once.
    this.#textUpTo = Infinity
  }

  #create(id: string): number {
    const slot = this.#free.pop() ?? this.#ids.length
    this.#slots.set(id, slot)
    this.#ids[slot] = id
    // An empty document, so that the first patch finds one to replace.
    if (slot < this.#textUpTo) this.#text.add(slot, this.#readerAt(slot))
    return slot
  }

  #changesText(slot: number, fields: Readonly<Record<string, FieldValue | null>>): boolean {
    for (const name in fields) {
      if (this.#searchable.has(name) && !same(this.#columnOf.get(name)!.get(slot), fields[name])) return true
    }
    return false
  }

  #readerAt(slot: number): (field: string) => FieldValue | undefined {
    return (field) => this.#columnOf.get(field)!.get(slot)
  }
}

function same(a: FieldValue | undefined, b: FieldValue | null | undefined): boolean {
  if (a === b) return true
  if (!Array.isArray(a) || !Array.isArray(b)) return a === undefined && b === null
  return a.length === b.length && a.every((value, index) => value === b[index])
}
