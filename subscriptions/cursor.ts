import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { Cut, Position } from './cut.ts'
import { ByteReader, ByteWriter } from './bytes.ts'

/** Changes with everything that an older reader would misread. */
const version = 1
/** HMAC-SHA256 may be truncated to half its length (RFC 2104, section 5). */
const signatureBytes = 16
const logBytes = 8
/** Of a cursor's text: five topics of 1,000 partitions need half of it. */
export const maxCursorLength = 64 * 1024

export interface CursorOptions {
  /** Shared by all replicas. At least 16 bytes. */
  key: Uint8Array
  /** Of the log whose positions it holds: those of another log are void. */
  logId: string
  /** Of the log: with another count, keys lie elsewhere. */
  partitions: number
}

/** Cuts as opaque text for clients. */
export interface Cursors {
  /** The same text for the same cut object, without computing it again. */
  encode(cut: Cut): string
  /** Null for what is no cursor of this log with this count of partitions, signed with this key, whatever it is. */
  decode(text: string): Cut | null
}

/**
 * Cursors are signed, so that nobody can have positions of their own choice read. In bytes: version, the log's identity
 * (the beginning of its SHA-256), its partition count, lanes, signature; base64url.
 */
export function createCursors({ key, logId, partitions }: CursorOptions): Cursors {
  if (key.byteLength < 16) throw new RangeError(`expected a key of at least 16 bytes, got ${key.byteLength}`)
  const head = new ByteWriter()
  head.byte(version)
  head.bytes(createHash('sha256').update(logId).digest().subarray(0, logBytes))
  head.varint(partitions)
  const prefix = Buffer.from(head.finish())
  const secret = createSecretKey(key)
  const sign = (body: Uint8Array): Buffer => createHmac('sha256', secret).update(body).digest().subarray(0, signatureBytes)
  const texts = new WeakMap<Cut, string>()

  function encode(cut: Cut): string {
    const body = new ByteWriter()
    body.bytes(prefix)
    writeLanes(body, cut)
    const signed = body.finish()
    return Buffer.concat([signed, sign(signed)]).toString('base64url')
  }

  return {
    encode(cut) {
      let text = texts.get(cut)
      if (text === undefined) texts.set(cut, text = encode(cut))
      return text
    },
    decode(text) {
      if (text.length > maxCursorLength || !/^[\w-]+$/.test(text)) return null
      const bytes = Buffer.from(text, 'base64url')
      const end = bytes.length - signatureBytes
      // What is not its own canonical text is not what was given out: unused bits at the end are not signed.
      if (end < prefix.length || bytes.toString('base64url') !== text) return null
      const body = bytes.subarray(0, end)
      if (!timingSafeEqual(sign(body), bytes.subarray(end)) || !body.subarray(0, prefix.length).equals(prefix)) return null
      return readLanes(new ByteReader(body.subarray(prefix.length)))
    },
  }
}

/**
 * Lanes by what they have in common: a name once, then its numbers (`TOPIC/3`). Lanes without a number are groups of their
 * own. `changes`, which nearly every cursor holds, is the empty name.
 */
function writeLanes(body: ByteWriter, cut: Cut): void {
  const groups = new Map<string, { number: number; position: Position }[]>()
  for (const [lane, position] of Object.entries(cut)) {
    const numbered = /^(.+)\/(0|[1-9]\d{0,8})$/.exec(lane)
    const name = numbered ? `${numbered[1] as string}/` : lane
    const group = groups.get(name)
    const entry = { number: numbered ? Number(numbered[2]) : 0, position }
    if (group) group.push(entry)
    else groups.set(name, [entry])
  }
  body.varint(groups.size)
  for (const [name, entries] of groups) {
    const isPlain = entries.every(({ position: { epoch, sequence, skip } }) => epoch === -1 && sequence === -1 && skip === 0)
    body.text(name === 'changes/' ? '' : name)
    body.varint(entries.length * 2 + (isPlain ? 1 : 0))
    for (const { number, position: { next, epoch, sequence, skip } } of entries) {
      if (name.endsWith('/')) body.varint(number)
      body.varint(next)
      if (isPlain) continue
      body.varint(epoch + 1)
      body.varint(sequence + 1)
      body.varint(skip)
    }
  }
}

function readLanes(body: ByteReader): Cut {
  const cut: Record<string, Position> = Object.create(null) as Record<string, Position>
  for (let groups = body.varint(); groups > 0; groups--) {
    const name = body.text() || 'changes/'
    const header = body.varint()
    const isPlain = header % 2 === 1
    for (let left = Math.floor(header / 2); left > 0; left--) {
      const lane = name.endsWith('/') ? name + body.varint() : name
      const next = body.varint()
      cut[lane] = isPlain
        ? { next, epoch: -1, sequence: -1, skip: 0 }
        : { next, epoch: body.varint() - 1, sequence: body.varint() - 1, skip: body.varint() }
    }
  }
  return { ...cut }
}
