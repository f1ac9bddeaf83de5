import { crc32 } from 'node:zlib'
import { entityKinds, type EntityKind } from '../../events/entity.ts'
import type { AnyFields } from '../entities.ts'
import type { Store } from './store.ts'

/**
 * What a segment file is made of. A frame is a header of five little-endian 32-bit words (magic, flags, bytes of JSON,
 * bytes of vectors, CRC-32 of everything else), JSON padded to a multiple of four, and raw 32-bit floats. A batch of
 * frames counts only with its last one, which carries the commit flag: what a crash cut off is never half there.
 */
const magic = 0x46525348
const committed = 1
export const headerBytes = 20
/** A frame is encoded in one go: small enough to keep the event loop free. */
const entitiesPerFrame = 200
const vectorBytesPerFrame = 1 << 19
const maxFrameBytes = 1 << 28

export interface Header {
  committed: boolean
  jsonBytes: number
  vectorBytes: number
  checksum: number
}

interface Content {
  deleted: [EntityKind, string][]
  /** kind, id, revision, event time, applied at, fields */
  entities: [EntityKind, string, number, number, number, AnyFields][]
  /** kind, id, space, dimensions (0: removed), in the order of the floats */
  vectors: [EntityKind, string, string, number][]
}

const empty = (): Content => ({ deleted: [], entities: [], vectors: [] })

export interface Frame {
  bytes: Buffer
  /** How many entities' fields it holds, and how many bytes of it are not vectors. */
  entities: number
  fieldBytes: number
}

/**
 * The frames of these entities, read from the store as they are asked for: later changes may already be in them, which
 * does no harm, since they will be written again. None where nothing is selected.
 */
export function* encode(store: Store, selection: Selection): Generator<Frame> {
  let pending: { content: Content; floats: Float32Array[] } | undefined
  for (const next of contents(store, selection)) {
    if (pending) yield toFrame(pending.content, pending.floats, false)
    pending = next
  }
  if (pending) yield toFrame(pending.content, pending.floats, true)
}

/** Which entities to write; each list is read once. */
export interface Selection {
  deleted: Iterable<[EntityKind, Iterable<string>]>
  fields: Iterable<[EntityKind, Iterable<string>]>
  vectors: Iterable<[EntityKind, Iterable<[string, Iterable<string>]>]>
}

/** Everything in the store, for a segment that replaces all before it. Read as it goes: what is new meanwhile may be in it. */
export function everythingIn(store: Store): Selection {
  return {
    deleted: [],
    fields: entityKinds.map((kind) => [kind, store.tables[kind].ids()]),
    vectors: entityKinds.map((kind) => [kind, [...store.tables[kind].vectors.keys()]
      .map((space) => [space, store.tables[kind].idsWithVector(space)])]),
  }
}

function* contents(store: Store, selection: Selection): Generator<{ content: Content; floats: Float32Array[] }> {
  const first = empty()
  for (const [kind, ids] of selection.deleted) for (const id of ids) first.deleted.push([kind, id])
  if (first.deleted.length > 0) yield { content: first, floats: [] }

  let content = empty()
  for (const [kind, ids] of selection.fields) {
    for (const id of ids) {
      const entity = store.get(kind, id)
      if (!entity) continue
      content.entities.push([kind, id, entity.revision, entity.eventTime, entity.appliedAt, entity.fields])
      if (content.entities.length < entitiesPerFrame) continue
      yield { content, floats: [] }
      content = empty()
    }
  }
  if (content.entities.length > 0) yield { content, floats: [] }

  content = empty()
  let floats: Float32Array[] = []
  let bytes = 0
  for (const [kind, spaces] of selection.vectors) {
    const table = store.tables[kind]
    for (const [space, ids] of spaces) {
      for (const id of ids) {
        const slot = table.slotOf(id)
        if (slot === undefined) continue
        const vector = table.vectors.get(space)?.get(slot)
        content.vectors.push([kind, id, space, vector?.length ?? 0])
        if (!vector) continue
        floats.push(vector)
        bytes += vector.byteLength
        if (bytes < vectorBytesPerFrame) continue
        yield { content, floats }
        content = empty()
        floats = []
        bytes = 0
      }
    }
  }
  if (content.vectors.length > 0) yield { content, floats }
}

function toFrame(content: Content, floats: Float32Array[], last: boolean): Frame {
  const json = JSON.stringify(content)
  const length = Buffer.byteLength(json)
  const jsonBytes = (length + 3) & ~3
  const vectorBytes = floats.reduce((sum, vector) => sum + vector.byteLength, 0)
  const bytes = Buffer.alloc(headerBytes + jsonBytes + vectorBytes, ' ')
  bytes.write(json, headerBytes)
  let offset = headerBytes + jsonBytes
  for (const vector of floats) {
    bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), offset)
    offset += vector.byteLength
  }
  bytes.writeUInt32LE(magic, 0)
  bytes.writeUInt32LE(last ? committed : 0, 4)
  bytes.writeUInt32LE(jsonBytes, 8)
  bytes.writeUInt32LE(vectorBytes, 12)
  bytes.writeUInt32LE(checksum(bytes.subarray(0, 16), bytes.subarray(headerBytes)), 16)
  return { bytes, entities: content.entities.length, fieldBytes: bytes.length - vectorBytes }
}

const checksum = (header: Uint8Array, body: Uint8Array): number => crc32(body, crc32(header))

/** The header's content; null where these bytes begin no frame. */
export function decodeHeader(bytes: Buffer): Header | null {
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic) return null
  const jsonBytes = bytes.readUInt32LE(8)
  const vectorBytes = bytes.readUInt32LE(12)
  if (jsonBytes + vectorBytes > maxFrameBytes) return null
  return { committed: bytes.readUInt32LE(4) === committed, jsonBytes, vectorBytes, checksum: bytes.readUInt32LE(16) }
}

export interface DecodedFrame {
  content: Content
  floats: Float32Array
}

/** Whether the checksum holds. */
export const isWhole = ({ checksum: expected }: Header, header: Buffer, body: Buffer): boolean =>
  checksum(header.subarray(0, 16), body) === expected

/** The frame's content; its floats are a view of `body`, which must begin at a multiple of 4 in its buffer. */
export function decodeBody({ jsonBytes, vectorBytes }: Header, body: Buffer): DecodedFrame {
  return {
    content: JSON.parse(body.toString('utf8', 0, jsonBytes)) as Content,
    floats: new Float32Array(body.buffer, body.byteOffset + jsonBytes, vectorBytes / 4),
  }
}

/** Makes the frame's changes to a store. */
export function applyFrame(store: Store, { content, floats }: DecodedFrame): void {
  for (const [kind, id] of content.deleted) store.delete(kind, id)
  for (const [kind, id, revision, eventTime, appliedAt, fields] of content.entities) {
    store.load(kind, id, fields, revision, eventTime, appliedAt)
  }
  let offset = 0
  for (const [kind, id, space, dimensions] of content.vectors) {
    store.loadVector(kind, id, space, dimensions === 0 ? null : floats.subarray(offset, offset + dimensions))
    offset += dimensions
  }
}
