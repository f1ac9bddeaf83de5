import type { EntityKey } from '../events/entity.ts'
import type { LogRecord, Positions } from '../events/log.ts'
import type { HighWaterMarks } from './rekeyed.ts'
import type { ShardTail } from './takeover.ts'
import { projectionVersion } from './projections/index.ts'

/**
 * Records of the state topic, partition n for shard n. A checkpoint is fuzzy: entities are written while events go on
 * coming, each with the positions that it includes, and the marker that ends it says from which positions a reader must
 * go on so that nothing is missed. Keys begin with the projection version, so that a replay can write the states of a new
 * one while the old one is still at work.
 */

/** Said of every record: by whose hand and in which checkpoint it was written. */
export interface StateHead {
  epoch: number
  checkpoint: number
  /** Of an entity's state: source positions that it includes. Many were written together, so their heads are the same. */
  includes?: Positions
}

/** Ends a checkpoint: it is complete, and what it covers is durable in the index. */
export interface CheckpointMarker extends StateHead {
  version: number
  /** Source positions as the checkpoint began: recovery reads from there. */
  positions: Positions
  /** What had been received re-keyed by then. */
  marks: HighWaterMarks
  /** What had been announced by then. */
  tail: ShardTail
  /** Names of the records that hold which events were seen by then; others of their kind are left-overs. */
  slices: readonly string[]
  /** Of the index that holds what the checkpoint covers. */
  generation: string
  at: number
}

const prefixOf = (version: number): string => `${version}|`

export const stateKey = (name: string, version: number = projectionVersion): string => `${prefixOf(version)}${name}`

/** The names of records that are no entity's. An entity key has a colon, these have none. */
export const markerName = 'checkpoint'
export const ownerName = 'owner'
const slicePrefix = 'duplicates/'
/** Each checkpoint writes what has come to a slice since the one before, under a name of its own. */
export const sliceName = (topic: string, slice: number, checkpoint: number): string => `${slicePrefix}${checkpoint}/${topic}/${slice}`
export function parseSliceName(name: string): { topic: string; slice: number } {
  const [, , topic, slice] = name.split('/') as [string, string, string, string]
  return { topic, slice: Number(slice) }
}
export const isSliceName = (name: string): boolean => name.startsWith(slicePrefix)

export function parseStateKey(key: string): { version: number; name: string } | null {
  const bar = key.indexOf('|')
  const version = Number(key.slice(0, bar))
  return bar > 0 && Number.isInteger(version) ? { version, name: key.slice(bar + 1) } : null
}

export const isEntityName = (name: string): name is EntityKey => name.includes(':')

export const LINE_FEED = 10

/** A JSON head, a line feed, and bytes that the head speaks of. */
export function joinHead(head: Uint8Array, body: Uint8Array): Uint8Array {
  const joined = Buffer.allocUnsafe(head.length + 1 + body.length)
  joined.set(head)
  joined[head.length] = LINE_FEED
  joined.set(body, head.length + 1)
  return joined
}

/** Do not change the head: records that follow may share it. @throws SyntaxError where there is none */
export function splitHead<Head extends StateHead>(record: LogRecord): { head: Head; body: Uint8Array } {
  const { buffer, byteOffset, byteLength } = record.value ?? none
  const value = Buffer.from(buffer, byteOffset, byteLength)
  // Most often it is the former one's.
  const { bytes } = last
  if (value.length > bytes.length && value[bytes.length] === LINE_FEED && value.compare(bytes, 0, bytes.length, 0, bytes.length) === 0)
    return { head: last.head as Head, body: value.subarray(bytes.length + 1) }
  const end = value.indexOf(LINE_FEED)
  const head = JSON.parse(value.toString('utf8', 0, end < 0 ? value.length : end)) as Head
  if (end < 0) return { head, body: none }
  last = { bytes: Buffer.from(value.subarray(0, end)), head }
  return { head, body: value.subarray(end + 1) }
}

const none = new Uint8Array()
let last: { bytes: Buffer; head: StateHead } = { bytes: Buffer.from('?'), head: { epoch: -1, checkpoint: -1 } }
