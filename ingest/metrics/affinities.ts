import type { AffinitySignal } from '../effects.ts'
import type { Affinity } from '../../search/metrics.ts'
import { nameOf, numberOf } from '../names.ts'
import type { ByteReader, ByteWriter } from '../packed-bytes.ts'
import { compareTexts } from '../texts.ts'
import { append } from './append.ts'
import { addDecayed, factorAt } from './decay.ts'

/** Half-life of affinities. */
export const affinityHalfLifeMs = 7 * 24 * 3_600_000

/** After so long without a sign an affinity reads as none: thirteen half-lives, 1/8192 of what it was. */
export const affinityLapseMs = 13 * affinityHalfLifeMs

/**
 * A user's affinities, flat, five numbers each: to whom (the name's number, doubled, + 1 for a category), decayed watch
 * seconds, engagements and purchases, and when the latest sign was, which they are decayed to.
 */
export type Affinities = number[]

const stride = 5
const slots: Record<AffinitySignal, number> = { watchSeconds: 0, engagements: 1, purchases: 2 }

const tagOf = (to: 'seller' | 'category', name: string): number => numberOf(name) * 2 + (to === 'category' ? 1 : 0)

/** Gives the list, which may be another one. */
export function addAffinity(
  state: Affinities, to: 'seller' | 'category', name: string, signal: AffinitySignal, at: number, amount: number,
): Affinities {
  const tag = tagOf(to, name)
  let from = 0
  while (from < state.length && state[from] !== tag) from += stride
  if (from === state.length) state = append(state, [tag, 0, 0, 0, 0], 256)
  addDecayed(state, { from: from + 1, count: 3, reference: from + 4, halfLifeMs: affinityHalfLifeMs }, slots[signal], at, amount)
  return state
}

/** As they are at `now`, the latest first, then by id. */
export function readAffinities(state: Affinities, to: 'seller' | 'category', now: number): Affinity[] {
  const found: Affinity[] = []
  const kind = to === 'category' ? 1 : 0
  for (let from = 0; from < state.length; from += stride) {
    const tag = state[from] as number
    const lastAt = state[from + 4] as number
    if (tag % 2 !== kind || lastAt <= now - affinityLapseMs) continue
    const factor = factorAt(lastAt, now, affinityHalfLifeMs)
    found.push({
      id: nameOf((tag - kind) / 2),
      watchSeconds: (state[from + 1] as number) * factor,
      engagements: (state[from + 2] as number) * factor,
      purchases: (state[from + 3] as number) * factor,
      lastAt,
    })
  }
  return found.sort((a, b) => b.lastAt - a.lastAt || compareTexts(a.id, b.id))
}

/** Without those that have lapsed for every reader. */
export function pruneAffinities(state: Affinities, oldestNow: number): Affinities {
  const hasLapsed = (_: number, i: number) => i % stride === stride - 1 && (state[i] as number) <= oldestNow - affinityLapseMs
  // Mostly none has, and this comes around again and again.
  if (!state.some(hasLapsed)) return state
  return state.filter((_, i) => !hasLapsed(0, i - (i % stride) + stride - 1))
}

/** With names in the place of numbers; times as their distance before `eventTime`, which small numbers say. */
export function encodeAffinities(state: Affinities, eventTime: number, into: ByteWriter): void {
  into.number(state.length / stride)
  for (let from = 0; from < state.length; from += stride) {
    const tag = state[from] as number
    into.byte(tag % 2)
    into.text(nameOf(Math.floor(tag / 2)))
    for (let i = from + 1; i < from + 4; i++) into.number(state[i] as number)
    into.number(eventTime - (state[from + 4] as number))
  }
}

export function decodeAffinities(from: ByteReader, eventTime: number): Affinities | null {
  const count = from.number()
  if (count === 0) return null
  const state: number[] = []
  for (let i = 0; i < count; i++) {
    const kind = from.byte()
    state.push(numberOf(from.text()) * 2 + kind, from.number(), from.number(), from.number(), eventTime - from.number())
  }
  // Without the room that pushing reserves.
  return state.slice()
}

/** Of the former encoding: flat, `s:` or `c:` and the name in the place of numbers. */
export function affinitiesOf(flat: readonly (string | number)[]): Affinities {
  const state: number[] = []
  for (let from = 0; from < flat.length; from += stride) {
    const name = flat[from] as string
    state.push(tagOf(name.startsWith('c:') ? 'category' : 'seller', name.slice(2)))
    for (let i = from + 1; i < from + stride; i++) state.push(flat[i] as number)
  }
  return state
}
