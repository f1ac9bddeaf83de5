import { isUtf8 } from 'node:buffer'
import { parseEntityKey, type EntityKey } from './entity.ts'
import { parseTime } from './time.ts'
import { partitionOf } from './topics.ts'
import { describe, faultOf } from './validate.ts'
import { eventTypes, type DomainEvent, type DomainEventType } from './vocabulary.ts'

/** The largest event, in bytes of its JSON. */
export const MAX_EVENT_BYTES = 1 << 20
/** Levels of nesting; our own schemas need four. Whoever walks an event may recurse. */
const MAX_DEPTH = 32
const MAX_ATTRIBUTE_LENGTH = 512
export const FUTURE_MS = 60_000

/** Why an event is rejected: stable, for machines. */
export type RejectReason =
  | 'MALFORMED_JSON' | 'OVERSIZED' | 'INVALID_ENVELOPE' | 'INVALID_DATA' | 'FAR_FUTURE'
  | 'SUBJECT_MISMATCH' | 'WRONG_PARTITION'
/** Why an event is parked: a later version of Freshet may understand it. */
export type ParkReason = 'UNKNOWN_TYPE' | 'UNSUPPORTED_VERSION'

export type Parsed =
  | { ok: true; event: DomainEvent; key: EntityKey; /** Event time, ms since the epoch. */ time: number }
  | { ok: false; parked: false; reason: RejectReason; message: string }
  | { ok: false; parked: true; reason: ParkReason; message: string }

export interface ParseContext {
  /** The record's append time (ms), or now for an event that is to be appended: what "future" is judged against. */
  appendedAt: number
  /** The record's key; left out where there is no record yet. */
  key?: string | null
  /** Where the record was found: a producer with another hash would break the rule of one writer per entity. */
  partition?: { number: number; count: number }
  /** How far ahead of `appendedAt` an event may be, in ms. Default 60 s. */
  futureMs?: number
}

/**
 * The one door through which events come in: the bytes of a record, or the JSON value of an event that is published. It
 * decides by its arguments alone, so that a replay decides as the first run did. Fields that are not known are kept.
 *
 * The envelope is CloudEvents 1.0 in its JSON format (structured mode), with `time` and `subject` required.
 */
export function parseEvent(input: Uint8Array | unknown, context: ParseContext): Parsed {
  if (!(input instanceof Uint8Array)) return parseValue(input, context)
  if (input.length > MAX_EVENT_BYTES) {
    return reject('OVERSIZED', `expected at most ${MAX_EVENT_BYTES} bytes, got ${input.length}`)
  }
  if (!isUtf8(input)) return reject('MALFORMED_JSON', 'expected UTF-8, got bytes that are none')
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString())
  } catch (error) {
    // The engine's own message quotes the event.
    const [, position] = /position (\d+)/.exec((error as Error).message) ?? []
    return reject('MALFORMED_JSON', `expected one JSON object, got ${input.length} bytes that are none` +
      (position === undefined ? '' : ` from character ${position} on`))
  }
  return parseValue(value, context)
}

function parseValue(value: unknown, context: ParseContext): Parsed {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return reject('INVALID_ENVELOPE', `expected a JSON object, got ${describe(value)}`)
  }
  const event = value as Record<string, unknown>
  return faultOfEnvelope(event) ?? faultOfType(event) ?? parseTyped(event as unknown as DomainEvent, context)
}

function faultOfEnvelope(event: Record<string, unknown>): Parsed | null {
  if (event.specversion !== '1.0') return envelope('specversion', "'1.0'", event.specversion)
  for (const name of ['id', 'source', 'type'] as const) {
    const value = event[name]
    if (typeof value !== 'string' || value.length === 0 || value.length > MAX_ATTRIBUTE_LENGTH) {
      return envelope(name, `1 to ${MAX_ATTRIBUTE_LENGTH} characters`, value)
    }
  }
  const { datacontenttype, dataschema } = event
  if (datacontenttype !== undefined && (typeof datacontenttype !== 'string' || !jsonType.test(datacontenttype))) {
    return envelope('datacontenttype', "'application/json' or nothing", datacontenttype)
  }
  if (dataschema !== undefined && (typeof dataschema !== 'string' || dataschema.length > MAX_ATTRIBUTE_LENGTH)) {
    return envelope('dataschema', `at most ${MAX_ATTRIBUTE_LENGTH} characters`, dataschema)
  }
  if (isDeeperThan(event, MAX_DEPTH)) {
    return reject('INVALID_ENVELOPE', `expected at most ${MAX_DEPTH} levels of nesting, got more`)
  }
  return null
}

const jsonType = /^application\/([a-z0-9.+-]+\+)?json\s*(;|$)/i

function faultOfType({ type, dataschema }: Record<string, unknown>): Parsed | null {
  if (!Object.hasOwn(eventTypes, type as string)) {
    return park('UNKNOWN_TYPE', `this version does not know events of the type '${printable(type as string)}'`)
  }
  if (type === 'FeedServed') {
    return reject('INVALID_ENVELOPE', "/type: 'FeedServed' is written by Freshet itself and accepted from nobody")
  }
  const schema = /^urn:freshet:event:([^:]*):(\d+)/.exec((dataschema as string | undefined) ?? '')
  if (!schema) return null // a schema of somebody else's, or none: the data itself decides
  const known = eventTypes[type as DomainEventType].version
  if (schema[1] !== type) return envelope('dataschema', `'urn:freshet:event:${type as string}:${known}'`, dataschema)
  if (Number(schema[2]) > known) {
    return park('UNSUPPORTED_VERSION', `this version knows ${type as string} up to ${known}, the event has ${schema[2]}`)
  }
  return null
}

function parseTyped(event: DomainEvent, { appendedAt, key, partition, futureMs = FUTURE_MS }: ParseContext): Parsed {
  const { type, subject } = event
  const entity = typeof subject === 'string' ? parseEntityKey(subject) : null
  if (!entity) return envelope('subject', "an entity, as in 'livestream:ls-42'", subject)
  const { subjects } = eventTypes[type]
  if (!(subjects as readonly string[]).includes(entity.kind)) {
    return reject('SUBJECT_MISMATCH', `/subject: expected a ${subjects.join(' or ')} for ${type}, got a ${entity.kind}`)
  }
  if (key !== undefined && key !== subject) {
    return reject('SUBJECT_MISMATCH', `/subject: expected the key of the record (${describe(key)}), got another`)
  }
  if (partition && partitionOf(subject, partition.count) !== partition.number) {
    const right = partitionOf(subject, partition.count)
    return reject('WRONG_PARTITION', `expected partition ${right} (FNV-1a of the key modulo ${partition.count}), ` +
      `got ${partition.number}: the producer must use the same hash`)
  }
  const time = typeof event.time === 'string' ? parseTime(event.time) : null
  if (time === null) return envelope('time', "an existing RFC 3339 time, as in '2026-01-31T12:00:00.000Z'", event.time)
  if (time > appendedAt + futureMs) {
    return reject('FAR_FUTURE', `/time: expected at most ${futureMs} ms after the event was appended ` +
      `(${new Date(appendedAt).toISOString()}), got ${time - appendedAt} ms`)
  }
  const fault = faultOf(type, event.data)
  if (fault) return reject('INVALID_DATA', `${fault.pointer}: expected ${fault.expected}, got ${fault.came}`)
  // From a seller's own page: both name the seller, and an entity has one writer.
  const follows = type === 'SellerFollowed' || type === 'SellerUnfollowed'
  if (follows && entity.kind === 'seller' && event.data.sellerId !== entity.id) {
    return reject('SUBJECT_MISMATCH', '/data/sellerId: expected the seller of /subject, got another')
  }
  return { ok: true, event, key: subject, time }
}

const MAX_MESSAGE = 500
const bounded = (text: string): string => (text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 1)}…` : text)
const reject = (reason: RejectReason, message: string): Parsed =>
  ({ ok: false, parked: false, reason, message: bounded(message) })
const park = (reason: ParkReason, message: string): Parsed =>
  ({ ok: false, parked: true, reason, message: bounded(message) })
const envelope = (name: string, expected: string, came: unknown): Parsed =>
  reject('INVALID_ENVELOPE', `/${name}: expected ${expected}, got ${describe(came)}`)

/** A name from outside that is to be read by people: no control characters, no novel. */
const printable = (text: string): string => text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')

function isDeeperThan(value: object, levels: number): boolean {
  if (levels === 0) return true
  for (const child of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof child === 'object' && child !== null && isDeeperThan(child, levels - 1)) return true
  }
  return false
}
