import { decodeAffinities, encodeAffinities } from './affinities.ts'
import { noCells } from './cells.ts'
import { listViewers, viewersFrom } from './distinct-viewers.ts'
import { decodeFollows, encodeFollows } from './follows.ts'
import type { Metrics } from './index.ts'

/** Metrics as JSON for the state topic, with short names because there is one of it for every entity. */
export interface EncodedMetrics {
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

/** Prune before: what is dropped need not be written. */
export function encodeMetrics(state: Metrics): EncodedMetrics {
  const encoded: EncodedMetrics = { t: [state.eventTime, state.appendedAt], n: state.totals }
  if (state.cells.length > 0) encoded.w = distances(state.cells)
  const people = listViewers(state)
  if (people.length > 0) encoded.s = people.map((value, i) => (i % 2 === 0 ? value : state.appendedAt - value))
  if (state.affinities?.length) encoded.a = encodeAffinities(state.affinities)
  if (state.follows) encoded.f = encodeFollows(state.follows)
  return encoded
}

export function decodeMetrics(encoded: EncodedMetrics): Metrics {
  const [eventTime, appendedAt] = encoded.t
  const people = encoded.s?.map((value, i) => (i % 2 === 0 ? value : appendedAt - value))
  const { few, many } = viewersFrom(people, appendedAt)
  // In the order of `newMetrics`: objects of one shape are smaller and quicker.
  return {
    totals: encoded.n,
    cells: encoded.w ? keys(encoded.w) : noCells,
    few,
    many,
    affinities: encoded.a ? decodeAffinities(encoded.a) : null,
    follows: encoded.f ? decodeFollows(encoded.f) : null,
    eventTime,
    appendedAt,
  }
}

/** Small numbers take few digits. */
function distances(cells: readonly number[]): number[] {
  const encoded = [...cells]
  for (let at = encoded.length - 2; at >= 2; at -= 2) encoded[at] = (encoded[at] as number) - (encoded[at - 2] as number)
  return encoded
}

function keys(encoded: number[]): number[] {
  for (let at = 2; at < encoded.length; at += 2) encoded[at] = (encoded[at] as number) + (encoded[at - 2] as number)
  return encoded
}
