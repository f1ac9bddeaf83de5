import type { EntityKey } from '../events/entity.ts'
import type { Positions } from '../events/log.ts'
import type { FieldValue } from '../search/entities.ts'
import { exists, fieldNames, newEntityState, placeOf } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { decodeMetrics, encodeMetrics } from './metrics/codec.ts'
import type { EncodedMetrics } from './metrics/codec.ts'
import type { Metrics } from './metrics/index.ts'
import { projectionVersion } from './projections/index.ts'
import type { Stamp } from './stamp.ts'

/** What a state record says beside the state: what it includes. */
export interface StateMark {
  /** Source positions included (exclusive ends). May be empty where a checkpoint record says it for the whole shard. */
  positions: Positions
  /** Of the last batch of the shard that it includes. */
  sequence: number
}

/** What a metric view needs of a state record. */
export interface DecodedMetrics extends StateMark {
  metrics: Metrics | null
  /** When what was counted last was applied, ms. */
  appliedAt: number
  /** Whether the entity was deleted and has not come back. */
  deleted: boolean
  /** Of the projections that made it; a state of another version is void (`projectionVersion`). */
  version: number
}

export interface DecodedState extends StateMark {
  state: EntityState
  version: number
}

/** The value of a state record cannot be read: it is damaged, or not ours. */
export class StateRecordError extends Error {
  override readonly name = 'StateRecordError'
  readonly code = 'STATE_RECORD_INVALID'
}

type Value = FieldValue | null
type EncodedStamp = readonly [time: number, source: string, id: string]

/** One record of the state topic, JSON with short names: there is one for every entity, and all are read at a start. */
interface Encoded {
  /** Projection version. */
  v: number
  /** Sequence and positions. */
  q: number
  p?: Positions
  /** Revision, event time, applied at, whether queries see it. */
  r: readonly [number, number, number, 0 | 1]
  /** Tombstone. */
  t?: EncodedStamp
  /** Stamped fields by stamp. */
  f?: [...EncodedStamp, Record<string, Value>][]
  /** Fields without a stamp. */
  d?: Record<string, Value>
  /** Vectors: model, stamp, and (where the index has not got them) the values as base64 of little-endian floats. */
  x?: [string, ...EncodedStamp, string | null][]
  /** Embedded text. */
  h?: string
  m?: EncodedMetrics
}

/**
 * The value of an entity's record in `freshet.state`; the record's key is the entity. What is written is complete, so
 * call `pruneMetrics` before to leave out what nobody can read any more.
 */
export function encodeEntityState(state: EntityState, mark: StateMark): Uint8Array {
  const encoded: Encoded = {
    v: projectionVersion, q: mark.sequence, r: [state.revision, state.eventTime, state.appliedAt, exists(state) ? 1 : 0],
  }
  for (const _ in mark.positions) {
    encoded.p = mark.positions
    break
  }
  if (state.tombstone) encoded.t = encodeStamp(state.tombstone)
  encodeFields(state, encoded)
  if (state.vectors?.size)
    encoded.x = Array.from(state.vectors, ([model, { stamp, values }]) =>
      [model, ...encodeStamp(stamp), values && Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')])
  if (state.embeddedText !== null) encoded.h = state.embeddedText
  if (state.metrics) encoded.m = encodeMetrics(state.metrics)
  return Buffer.from(JSON.stringify(encoded))
}

/** The inverse. @throws StateRecordError */
export function decodeEntityState(entity: EntityKey, value: Uint8Array): DecodedState {
  const encoded = parse(entity, value)
  const state = newEntityState(entity)
  ;[state.revision, state.eventTime, state.appliedAt] = encoded.r
  if (encoded.t) state.tombstone = decodeStamp(encoded.t)
  for (const [time, source, id, fields] of encoded.f ?? []) decodeFields(state, fields, decodeStamp([time, source, id]))
  if (encoded.d) decodeFields(state, encoded.d, undefined)
  if (encoded.x)
    state.vectors = new Map(encoded.x.map(([model, time, source, id, values]) =>
      [model, { stamp: decodeStamp([time, source, id]), values: values === null ? null : decodeVector(values) }]))
  state.embeddedText = encoded.h ?? null
  if (encoded.m) state.metrics = decodeMetrics(encoded.m)
  return { state, positions: encoded.p ?? {}, sequence: encoded.q, version: encoded.v }
}

/** The part of a state record that a metric view needs. @throws StateRecordError */
export function decodeStateMetrics(entity: EntityKey, value: Uint8Array): DecodedMetrics {
  const { v: version, q: sequence, p: positions = {}, r, t, m } = parse(entity, value)
  const deleted = t !== undefined && r[3] === 0
  return { version, sequence, positions, appliedAt: r[2], deleted, metrics: m ? decodeMetrics(m) : null }
}

function parse(entity: EntityKey, value: Uint8Array): Encoded {
  let encoded: Encoded | null
  try {
    encoded = JSON.parse(utf8.decode(value)) as Encoded | null
  } catch (cause) {
    throw new StateRecordError(`The state record of ${entity} is not JSON. ${mend}`, { cause })
  }
  if (typeof encoded?.v !== 'number' || typeof encoded.q !== 'number' || !Array.isArray(encoded.r))
    throw new StateRecordError(`The state record of ${entity} has no version, sequence or revision. ${mend}`)
  return encoded
}

const mend = 'Expected what encodeEntityState wrote. Rebuild the state from the domain logs with `freshet replay`.'

function encodeFields(state: EntityState, encoded: Encoded): void {
  const byStamp = new Map<Stamp, Record<string, Value>>()
  for (const [place, name] of fieldNames[state.kind].entries()) {
    const stamp = state.stamps[place]
    const value = state.values[place] ?? null
    if (stamp) {
      const fields = byStamp.get(stamp)
      if (fields) fields[name] = value
      else byStamp.set(stamp, { [name]: value })
    } else if (value !== null) (encoded.d ??= {})[name] = value
  }
  if (byStamp.size > 0) encoded.f = Array.from(byStamp, ([stamp, fields]) => [...encodeStamp(stamp), fields])
}

/** Fields that a former schema had and ours has not are left out. */
function decodeFields(state: EntityState, fields: Record<string, Value>, stamp: Stamp | undefined): void {
  for (const name in fields) {
    const place = placeOf(state.kind, name)
    if (place === undefined) continue
    state.values[place] = fields[name]
    state.stamps[place] = stamp
  }
}

const encodeStamp = ({ time, source, id }: Stamp): EncodedStamp => [time, source, id]
const decodeStamp = ([time, source, id]: EncodedStamp): Stamp => ({ time, source: sourceOf(source), id })

/** A source has written many events: one text for all of them. */
const sources = new Map<string, string>()
function sourceOf(source: string): string {
  const known = sources.get(source)
  if (known !== undefined) return known
  if (sources.size >= 1_000) sources.clear()
  sources.set(source, source)
  return source
}

function decodeVector(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

const utf8 = new TextDecoder()
