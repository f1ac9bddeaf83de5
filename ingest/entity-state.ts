import { parseEntityKey } from '../events/entity.ts'
import type { EntityKey, EntityKind } from '../events/entity.ts'
import { coreFields, entityFields } from '../search/entities.ts'
import type { FieldDefinition, FieldValue } from '../search/entities.ts'
import type { Effect } from './effects.ts'
import { decodeMetrics } from './metrics/codec.ts'
import { evolve, newMetrics } from './metrics/index.ts'
import type { Metrics } from './metrics/index.ts'
import { compareStamps } from './stamp.ts'
import { StateRecordError } from './state-record-error.ts'
import type { Stamp } from './stamp.ts'

/**
 * All that ingest knows of one entity. There is one writer per entity, and it owns this object: functions change it in
 * place. What it holds depends on the set of effects, not on their order (revisions and changes do).
 *
 * Values and stamps are lists by the field's place in `entityFields`; a missing value is `undefined` (never set, or
 * tombstoned) or `null` (removed by a patch, whose stamp still counts).
 */
export interface EntityState {
  readonly entity: EntityKey
  readonly kind: EntityKind
  readonly id: string
  readonly values: (FieldValue | null | undefined)[]
  readonly stamps: (Stamp | undefined)[]
  /** As of when it was last deleted; writes stamped up to then do not count. */
  tombstone: Stamp | null
  /** By model: who wrote it last, and the values until they are handed to the index. */
  vectors: Map<string, HeldVector> | null
  /** Of the last change that queries see, or of a write behind the rounds that is on its way (`revisions.ts`). The loop sets it. */
  revision: number
  /** Latest event time among the effects, ms. */
  eventTime: number
  /** Until something is counted: null. Counts outlive a tombstone: they commute, and a deletion would not. */
  metrics: Metrics | null
  /**
   * The metrics as the state's record has them, until somebody asks for `metrics`: most entities' are long at rest when a
   * process starts, and bytes are quicker to come by than thousands of numbers. There is nothing to prune of them.
   */
  packedMetrics: Uint8Array | null
  /** When what was counted last was applied, ms: what a view says of its metrics. The loop sets it. */
  appliedAt: number
  /** Names the text whose own embedding the index holds (a hash). The loop sets it; null: none yet. */
  embeddedText: string | null
}

export interface HeldVector {
  stamp: Stamp
  /** `null` once the index has it: vectors are big, and it keeps them. */
  values: Float32Array | null
}

/** What has happened to an entity since `beginChange`, for one change record and one write to the index. */
export interface PendingChange {
  readonly existed: boolean
  /** Former values of the fields that were written, by place; null while there are none, as with most effects. */
  former: Map<number, FieldValue | null> | null
  /** Models whose vector was written or taken away. */
  vectors: Set<string> | null
}

/** @throws TypeError when `entity` is no entity key */
export function newEntityState(entity: EntityKey): EntityState {
  const parsed = parseEntityKey(entity)
  if (!parsed) throw new TypeError(`Expected an entity key like "livestream:ID", got ${JSON.stringify(entity)}.`)
  return new State(entity, parsed.kind, parsed.id)
}

class State implements EntityState {
  readonly entity: EntityKey
  readonly kind: EntityKind
  readonly id: string
  readonly values: (FieldValue | null | undefined)[]
  readonly stamps: (Stamp | undefined)[]
  tombstone: Stamp | null = null
  vectors: Map<string, HeldVector> | null = null
  revision = 0
  eventTime = 0
  appliedAt = 0
  embeddedText: string | null = null
  #metrics: Metrics | null = null
  #packed: Uint8Array | null = null

  constructor(entity: EntityKey, kind: EntityKind, id: string) {
    const places = fieldNames[kind].length
    this.entity = entity
    this.kind = kind
    this.id = id
    this.values = new Array(places).fill(undefined)
    this.stamps = new Array(places).fill(undefined)
  }

  get metrics(): Metrics | null {
    if (this.#packed !== null) this.#unpack(this.#packed)
    return this.#metrics
  }

  set metrics(metrics: Metrics | null) {
    this.#packed = null
    this.#metrics = metrics
  }

  get packedMetrics(): Uint8Array | null {
    return this.#packed
  }

  set packedMetrics(bytes: Uint8Array | null) {
    this.#packed = bytes
    this.#metrics = null
  }

  #unpack(bytes: Uint8Array): void {
    try {
      this.metrics = decodeMetrics(bytes)
    } catch (cause) {
      throw new StateRecordError(this.entity, 'has metrics that cannot be read', { cause })
    }
  }
}

/** The names of a kind's fields by place. */
export const fieldNames: Readonly<Record<EntityKind, readonly string[]>> = {
  user: Object.keys(entityFields.user),
  seller: Object.keys(entityFields.seller),
  livestream: Object.keys(entityFields.livestream),
}

const placesOf = (kind: EntityKind): ReadonlyMap<string, number> => new Map(fieldNames[kind].map((name, i) => [name, i]))
const places = { user: placesOf('user'), seller: placesOf('seller'), livestream: placesOf('livestream') }

/** The place of a field, or undefined where the kind has no such field. */
export const placeOf = (kind: EntityKind, field: string): number | undefined => places[kind].get(field)

const corePlaces = (kind: EntityKind): readonly number[] =>
  (coreFields[kind] as readonly string[]).map((field) => placeOf(kind, field) as number)
const core = { user: corePlaces('user'), seller: corePlaces('seller'), livestream: corePlaces('livestream') }

/** Whether it is there for queries: it has at least one of its kind's `coreFields`. */
export const exists = (state: EntityState): boolean => core[state.kind].some((place) => state.values[place] != null)

/** Whether it was deleted and has not come back. */
export const isDeleted = (state: EntityState): boolean => state.tombstone !== null && !exists(state)

/** The live fields by name. */
export function liveFields(state: EntityState, which: (definition: FieldDefinition) => boolean = () => true): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {}
  const definitions = entityFields[state.kind] as Record<string, FieldDefinition>
  for (const [place, name] of fieldNames[state.kind].entries()) {
    const value = state.values[place]
    if (value != null && which(definitions[name] as FieldDefinition)) fields[name] = value
  }
  return fields
}

/** Call it before the first effect of a batch. */
export const beginChange = (state: EntityState): PendingChange =>
  ({ existed: exists(state), former: null, vectors: null })

/**
 * Applies an effect of the event `stamp` in place. Fields, tombstone and vectors are last-write-wins by the stamp, so the
 * same event twice changes nothing of them; increments are counted each time, so the caller passes each event once.
 *
 * @param appendedAt append time of the event's record in the domain log, ms
 * @param pending collects what `endChange` tells
 */
export function applyEffect(
  state: EntityState, effect: Effect, stamp: Stamp, appendedAt: number, pending: PendingChange,
): void {
  if (effect.tombstone) applyTombstone(state, stamp, pending)
  if (effect.fields) applyFields(state, effect.fields, stamp, pending)
  if (effect.vector) applyVector(state, effect.vector, stamp, pending)
  if (stamp.time > state.eventTime) state.eventTime = stamp.time
  if (effect.increments?.length) {
    const metrics = (state.metrics ??= newMetrics())
    for (const increment of effect.increments) evolve(metrics, increment, appendedAt)
  }
}

function applyTombstone(state: EntityState, stamp: Stamp, pending: PendingChange): void {
  if (state.tombstone && compareStamps(stamp, state.tombstone) <= 0) return
  state.tombstone = stamp
  for (let place = 0; place < state.values.length; place++) {
    const written = state.stamps[place]
    if (written && compareStamps(written, stamp) > 0) continue
    setValue(state, place, undefined, pending)
    state.stamps[place] = undefined
  }
  for (const [model, { stamp: written }] of state.vectors ?? []) {
    if (compareStamps(written, stamp) > 0) continue
    state.vectors?.delete(model)
    ;(pending.vectors ??= new Set()).add(model)
  }
  // None left is as none ever: what comes back from a record is alike.
  if (state.vectors?.size === 0) state.vectors = null
}

function applyFields(
  state: EntityState, fields: Readonly<Record<string, FieldValue | null>>, stamp: Stamp, pending: PendingChange,
): void {
  if (state.tombstone && compareStamps(stamp, state.tombstone) <= 0) return
  for (const name in fields) {
    const place = placeOf(state.kind, name)
    if (place === undefined) continue
    const written = state.stamps[place]
    if (written && compareStamps(stamp, written) <= 0) continue
    state.stamps[place] = stamp
    setValue(state, place, fields[name] as FieldValue | null, pending)
  }
}

function applyVector(state: EntityState, vector: NonNullable<Effect['vector']>, stamp: Stamp, pending: PendingChange): void {
  if (state.tombstone && compareStamps(stamp, state.tombstone) <= 0) return
  const held = state.vectors?.get(vector.model)
  if (held && compareStamps(stamp, held.stamp) <= 0) return
  state.vectors ??= new Map()
  state.vectors.set(vector.model, { stamp, values: Float32Array.from(vector.values) })
  ;(pending.vectors ??= new Set()).add(vector.model)
}

/**
 * Writes fields that no event decides: the index's copies of metrics. They have no stamp, and a tombstone takes them away.
 */
export function setDerivedFields(state: EntityState, fields: Readonly<Record<string, FieldValue>>, pending: PendingChange): void {
  for (const name in fields) {
    const place = placeOf(state.kind, name)
    if (place === undefined) throw new TypeError(`A ${state.kind} has no field ${JSON.stringify(name)} to copy a metric to.`)
    setValue(state, place, fields[name] as FieldValue, pending)
  }
}

/** Gives values back that the index had: those which `orphanedVectors` names, before the index forgets them. */
export function holdVector(state: EntityState, model: string, values: Float32Array): void {
  const held = state.vectors?.get(model)
  if (held) held.values ??= values
}

function setValue(state: EntityState, place: number, value: FieldValue | null | undefined, pending: PendingChange): void {
  const former = state.values[place]
  state.values[place] = value
  if (sameValue(former, value)) return
  pending.former ??= new Map()
  if (!pending.former.has(place)) pending.former.set(place, former ?? null)
}

/** Whether two values read the same. Absent and removed do. */
export function sameValue(a: FieldValue | null | undefined, b: FieldValue | null | undefined): boolean {
  if (a === b || (a == null && b == null)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a == null || b == null) return false
  return a.length === b.length && a.every((value, i) => value === b[i])
}
