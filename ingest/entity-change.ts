import { entityFields } from '../search/entities.ts'
import type { AnyFields, FieldDefinition, FieldValue } from '../search/entities.ts'
import { exists, fieldNames, liveFields, sameValue } from './entity-state.ts'
import type { EntityState, PendingChange } from './entity-state.ts'

/** What a batch has changed of an entity, as queries see it. */
export interface EntityChange {
  operation: 'created' | 'updated' | 'deleted'
  revision: number
  /** Changed field → its former value (null: it had none). `vector:MODEL` → null. */
  changed: Readonly<Record<string, FieldValue | null>>
  /** The patch for the index: new values, null where a field is gone. Empty when deleted. */
  fields: Readonly<Record<string, FieldValue | null>>
  /** Vectors for the index, null where one is gone. */
  vectors: Readonly<Record<string, Float32Array | null>>
  /** All filterable and orderable fields; null when deleted. */
  after: AnyFields | null
  /**
   * Only when deleted: models whose vector is newer than the tombstone but which the index alone holds. `holdVector`
   * keeps them for the day on which the entity comes back; ask the index before deleting there.
   */
  orphanedVectors: readonly string[]
}

/**
 * Ends what `beginChange` began: what queries will see differently, or null. Vectors in the answer are handed over: the
 * state keeps only their stamps.
 *
 * @param revision of the change: the next one, unless one was reserved for it
 */
export function endChange(state: EntityState, pending: PendingChange, revision: number = state.revision + 1): EntityChange | null {
  const change = changeOf(state, pending, revision)
  if (change) state.revision = revision
  return change
}

function changeOf(state: EntityState, pending: PendingChange, revision: number): EntityChange | null {
  const there = exists(state)
  if (!pending.existed && !there) return null
  if (pending.existed && there && pending.former === null && pending.vectors === null) return null
  if (!there) return deleted(state, pending, revision)
  return pending.existed ? updated(state, pending, revision) : created(state, revision)
}

function created(state: EntityState, revision: number): EntityChange {
  const fields = liveFields(state)
  const vectors = handOver(state, state.vectors?.keys() ?? [])
  const changed: Record<string, null> = {}
  for (const name in fields) changed[name] = null
  for (const model in vectors) changed[`vector:${model}`] = null
  return { operation: 'created', revision, after: announcedFields(state), changed, fields, vectors, orphanedVectors: [] }
}

function updated(state: EntityState, { former, vectors: written }: PendingChange, revision: number): EntityChange | null {
  const names = fieldNames[state.kind]
  const changed: Record<string, FieldValue | null> = {}
  const fields: Record<string, FieldValue | null> = {}
  for (const [place, before] of former ?? []) {
    const value = state.values[place] ?? null
    if (sameValue(before, value)) continue
    const name = names[place] as string
    changed[name] = before
    fields[name] = value
  }
  const vectors = handOver(state, written ?? [])
  for (const model in vectors) changed[`vector:${model}`] = null
  for (const _ in changed) return { operation: 'updated', revision, after: announcedFields(state), changed, fields, vectors, orphanedVectors: [] }
  return null
}

function deleted(state: EntityState, { former }: PendingChange, revision: number): EntityChange {
  const changed: Record<string, FieldValue | null> = {}
  for (const [place, name] of fieldNames[state.kind].entries()) {
    const before = former?.has(place) ? former.get(place) : state.values[place]
    if (before != null) changed[name] = before
  }
  const orphanedVectors = [...(state.vectors ?? [])].filter(([, { values }]) => values === null).map(([model]) => model)
  return { operation: 'deleted', revision, after: null, changed, fields: {}, vectors: {}, orphanedVectors }
}

/** What change records hold of it. */
export const announcedFields = (state: EntityState): Record<string, FieldValue> =>
  liveFields(state, ({ filterable, orderable }: FieldDefinition) => (filterable || orderable) === true)

function handOver(state: EntityState, models: Iterable<string>): Record<string, Float32Array | null> {
  const vectors: Record<string, Float32Array | null> = {}
  for (const model of models) {
    const held = state.vectors?.get(model)
    if (held === undefined) vectors[model] = null
    else if (held.values !== null) {
      vectors[model] = held.values
      held.values = null
    }
  }
  return vectors
}

/** Whether what the entity's text embedding is computed from was written, be it to what it was before. */
export const textWritten = (state: EntityState, { former }: PendingChange): boolean => {
  const definitions = entityFields[state.kind] as Record<string, FieldDefinition>
  return [...former?.keys() ?? []].some((place) => definitions[fieldNames[state.kind][place] as string]?.searchable !== undefined)
}

/** Whether a change touches what the entity's text embedding is computed from. */
export const textChanged = (state: EntityState, change: EntityChange): boolean => {
  const definitions = entityFields[state.kind] as Record<string, FieldDefinition>
  return Object.keys(change.fields).some((name) => definitions[name]?.searchable !== undefined)
}
