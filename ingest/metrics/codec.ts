import { ByteReader, ByteWriter } from '../packed-bytes.ts'
import { affinitiesOf, decodeAffinities, encodeAffinities } from './affinities.ts'
import { cellsOf, decodeCells, encodeCells } from './cells.ts'
import { decodeViewers, encodeViewers, viewersFrom } from './distinct-viewers.ts'
import { decodeFollows, encodeFollows, followsOf } from './follows.ts'
import type { Metrics } from './index.ts'

/**
 * Metrics as bytes for the state topic, where they are most of what there is, and read at every start: a byte that says
 * which encoding it is, then numbers and names (`ByteWriter`). Prune before: what is dropped need not be written.
 */
export function encodeMetrics(state: Metrics): Uint8Array {
  const { eventTime, appendedAt, totals, cells, affinities, follows } = state
  writer.clear()
  writer.byte(packed)
  writer.number(eventTime)
  writer.number(appendedAt)
  writer.numbers(totals)
  encodeCells(cells, writer)
  encodeViewers(state, appendedAt, writer)
  if (affinities) encodeAffinities(affinities, eventTime, writer)
  else writer.number(0)
  if (follows) encodeFollows(follows, eventTime, writer)
  else writer.number(0)
  writer.byte(end)
  return writer.take()
}

/** The inverse. Takes the former encoding, too. @throws RangeError, SyntaxError where it is neither */
export function decodeMetrics(bytes: Uint8Array): Metrics {
  if (bytes[0] === brace) return fromJson(JSON.parse(utf8.decode(bytes)) as JsonMetrics)
  const from = new ByteReader(bytes)
  const encoding = from.byte()
  if (encoding !== packed) throw new RangeError(`Expected metrics in the encoding ${packed}, got ${encoding}.`)
  const eventTime = from.number()
  const appendedAt = from.number()
  const totals = from.numbers()
  const cells = decodeCells(from)
  const { few, many } = decodeViewers(from)
  // In the order of `newMetrics`: objects of one shape are smaller and quicker.
  const metrics: Metrics = {
    totals, cells, few, many,
    affinities: decodeAffinities(from, eventTime), follows: decodeFollows(from, eventTime), eventTime, appendedAt,
  }
  if (from.byte() !== end || !from.done) throw new RangeError('Expected the end of the metrics.')
  return metrics
}

/** Whether it begins and ends as metrics do, which tells what was cut off without reading it. */
export const looksWhole = (bytes: Uint8Array): boolean =>
  bytes.length > 1 && (bytes[0] === brace ? bytes.at(-1) === closingBrace : bytes[0] === packed && bytes.at(-1) === end)

/** Whether it is in today's encoding. */
export const isPacked = (bytes: Uint8Array): boolean => bytes[0] === packed

const packed = 1
const end = 0xff
const brace = 0x7b
const closingBrace = 0x7d
const writer = new ByteWriter(1 << 16)
const utf8 = new TextDecoder()

/** The former encoding, with short names. */
interface JsonMetrics {
  /** Latest event time, greatest append time. */
  t: [number, number]
  /** Totals, decayed totals, reference time. */
  n: number[]
  /** Buckets: the first key, then each key as its distance from the former one; amounts between. */
  w?: number[]
  /** Viewers: person, how long before the greatest append time last seen. */
  s?: number[]
  a?: (string | number)[]
  f?: (string | number)[]
}

function fromJson({ t: [eventTime, appendedAt], n, w = [], s = [], a, f }: JsonMetrics): Metrics {
  const { few, many } = viewersFrom(s.map((value, i) => (i % 2 === 0 ? value : appendedAt - value)), appendedAt)
  return {
    totals: n, cells: cellsOf(w), few, many, affinities: a ? affinitiesOf(a) : null, follows: f ? followsOf(f) : null,
    eventTime, appendedAt,
  }
}
