import { nameOf, numberOf } from '../names.ts'
import type { ByteReader, ByteWriter } from '../packed-bytes.ts'
import { compareTexts } from '../texts.ts'

/**
 * Which sellers a user follows: last write wins by (event time, tie), so an unfollowing is remembered as well. Flat:
 * the seller's number doubled, + 1 while following; event time; and a list of ties beside it.
 */
export interface Follows {
  sellers: number[]
  ties: string[]
}

export const newFollows = (): Follows => ({ sellers: [], ties: [] })

/** @param tie orders as the event's (`source`, `id`) do */
export function follow(state: Follows, sellerId: string, following: boolean, at: number, tie: string): void {
  const { sellers, ties } = state
  const seller = numberOf(sellerId)
  let i = 0
  while (i < sellers.length && (sellers[i] as number) >> 1 !== seller) i += 2
  if (i < sellers.length) {
    const order = at - (sellers[i + 1] as number) || compareTexts(tie, ties[i / 2] as string)
    if (order <= 0) return
  }
  sellers[i] = seller * 2 + (following ? 1 : 0)
  sellers[i + 1] = at
  ties[i / 2] = tie
}

/** Ids of the followed sellers, in order. */
export function readFollows({ sellers }: Follows): string[] {
  const ids: string[] = []
  for (let i = 0; i < sellers.length; i += 2)
    if ((sellers[i] as number) & 1) ids.push(nameOf((sellers[i] as number) >> 1))
  return ids.sort(compareTexts)
}

/** Of each the seller, 1 while following, how long before `eventTime`, and the tie. */
export function encodeFollows({ sellers, ties }: Follows, eventTime: number, into: ByteWriter): void {
  into.number(ties.length)
  for (const [i, tie] of ties.entries()) {
    const seller = sellers[2 * i] as number
    into.byte(seller & 1)
    into.text(nameOf(seller >> 1))
    into.number(eventTime - (sellers[2 * i + 1] as number))
    into.text(tie)
  }
}

export function decodeFollows(from: ByteReader, eventTime: number): Follows | null {
  const count = from.number()
  if (count === 0) return null
  const state = newFollows()
  for (let i = 0; i < count; i++) {
    const following = from.byte()
    state.sellers.push(numberOf(from.text()) * 2 + following, eventTime - from.number())
    state.ties.push(from.text())
  }
  return state
}

/** Of the former encoding: seller, 1 while following, event time, tie, … */
export function followsOf(flat: readonly (string | number)[]): Follows {
  const state = newFollows()
  for (let i = 0; i < flat.length; i += 4)
    follow(state, flat[i] as string, flat[i + 1] === 1, flat[i + 2] as number, flat[i + 3] as string)
  return state
}
