import type { EntityKey } from '../events/entity.ts'
import type { Positions } from '../events/log.ts'
import type { FieldValue } from '../search/entities.ts'
import { exists, fieldNames, newEntityState, placeOf } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { encodeMetrics, isPacked, looksWhole } from './metrics/codec.ts'
import type { Metrics } from './metrics/index.ts'
import { ownBytes } from './packed-bytes.ts'
import { projectionVersion } from './projections/index.ts'
import type { Stamp } from './stamp.ts'
import { StateRecordError } from './state-record-error.ts'
import { joinHead, LINE_FEED } from './state-records.ts'

/** What a state record says beside the state: what it includes. */
export interface StateMark {
  /** Source positions included (exclusive ends). Empty where the record's head says it (`StateHead`). */
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

type Value = FieldValue | null
type EncodedStamp = readonly [time: number, source: string, id: string]

/**
 * What a record of the state topic begins with, JSON with short names: there is one for every entity, and all are read at a
 * start. The metrics follow behind a line feed, as bytes that are read when somebody asks for them; formerly they were
 * the last member, `m`.
 */
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
  const json = JSON.stringify(encoded)
  const packed = state.packedMetrics
  const metrics = packed && isPacked(packed) ? packed : state.metrics && encodeMetrics(state.metrics)
  return metrics ? joinHead(Buffer.from(json), metrics) : Buffer.from(json)
}

/** The inverse. @throws StateRecordError, and so does whoever asks for metrics that are damaged within */
export function decodeEntityState(entity: EntityKey, value: Uint8Array): DecodedState {
  const { encoded, metrics } = parse(entity, value)
  const state = newEntityState(entity)
  ;[state.revision, state.eventTime, state.appliedAt] = encoded.r
  if (encoded.t) state.tombstone = decodeStamp(encoded.t)
  for (const [time, source, id, fields] of encoded.f ?? []) decodeFields(state, fields, decodeStamp([time, source, id]))
  if (encoded.d) decodeFields(state, encoded.d, undefined)
  if (encoded.x)
    state.vectors = new Map(encoded.x.map(([model, time, source, id, values]) =>
      [model, { stamp: decodeStamp([time, source, id]), values: values === null ? null : decodeVector(values) }]))
  state.embeddedText = encoded.h ?? null
  if (metrics) state.packedMetrics = ownBytes(metrics)
  return { state, positions: encoded.p ?? {}, sequence: encoded.q, version: encoded.v }
}

/** The part of a state record that a metric view needs. @throws StateRecordError */
export function decodeStateMetrics(entity: EntityKey, value: Uint8Array): DecodedMetrics {
  const { encoded: { v: version, q: sequence, p: positions = {}, r, t }, metrics } = parse(entity, value)
  const deleted = t !== undefined && r[3] === 0
  const state = newEntityState(entity)
  state.packedMetrics = metrics
  return { version, sequence, positions, appliedAt: r[2], deleted, metrics: state.metrics }
}

function parse(entity: EntityKey, value: Uint8Array): { encoded: Encoded; metrics: Uint8Array | null } {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const lineFeed = bytes.indexOf(LINE_FEED)
  // No text within JSON has these bytes: its quotation marks are escaped.
  const member = lineFeed < 0 ? bytes.indexOf(formerMetrics) : -1
  let json = bytes.toString('utf8', 0, lineFeed >= 0 ? lineFeed : member >= 0 ? member : bytes.length)
  if (member >= 0) json += '}'
  let encoded: Encoded | null
  try {
    encoded = JSON.parse(json) as Encoded | null
  } catch (cause) {
    throw new StateRecordError(entity, 'is not JSON', { cause })
  }
  if (typeof encoded?.v !== 'number' || typeof encoded.q !== 'number' || !Array.isArray(encoded.r))
    throw new StateRecordError(entity, 'has no version, sequence or revision')
  const metrics =
    lineFeed >= 0 ? bytes.subarray(lineFeed + 1) : member >= 0 ? bytes.subarray(member + formerMetrics.length - 1, bytes.length - 1) : null
  if (metrics && !looksWhole(metrics)) throw new StateRecordError(entity, 'has metrics that are cut off')
  return { encoded, metrics }
}

const formerMetrics = Buffer.from(',"m":{')

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
