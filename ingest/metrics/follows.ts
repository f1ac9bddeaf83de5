import { nameOf, numberOf } from '../names.ts'
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

/** Seller, 1 while following, event time, tie, … */
export const encodeFollows = ({ sellers, ties }: Follows): (string | number)[] =>
  ties.flatMap((tie, i) => {
    const seller = sellers[2 * i] as number
    return [nameOf(seller >> 1), seller & 1, sellers[2 * i + 1] as number, tie]
  })

export function decodeFollows(flat: readonly (string | number)[]): Follows {
  const state = newFollows()
  for (let i = 0; i < flat.length; i += 4)
    follow(state, flat[i] as string, flat[i + 1] === 1, flat[i + 2] as number, flat[i + 3] as string)
  return state
}
