/**
 * The hidden law of the market: how much somebody wants to see a stream, and what that is worth. People behave by it,
 * and evaluation measures with it; nothing that ranks may know it.
 */

/** Observable by nobody: what decides between one person and one stream at one moment. */
export interface Meeting {
  /** Cosine of the person's taste and the stream. */
  match: number
  /** Weight of the stream's category with the person, 0 to 1. */
  affinity: number
  /** Attachment to the seller, 0 to 1. */
  loyalty: number
  /** Of this show, 0 to 1. */
  quality: number
  /** Seconds since the stream started. */
  age: number
  /** Seconds in which the show loses about two thirds of its freshness. */
  stamina: number
}

/** A show needs a minute to warm up, then tires: 0 to 1. */
function freshness(age: number, stamina: number): number {
  if (age < 0) return 0
  return (1 - Math.exp(-(age + 10) / 45)) * Math.exp(-age / stamina)
}

/** Probability that a person who notices the stream wants it: 0 to 1. */
export function appeal(meeting: Meeting): number {
  const wish = -3.1 + 2.2 * meeting.match + 0.5 * meeting.affinity + 1.2 * meeting.loyalty
    + 2.6 * (meeting.quality - 0.5) + 1.2 * freshness(meeting.age, meeting.stamina)
  return 1 / (1 + Math.exp(-wish))
}

/** Mean seconds that a person stays once there. */
export const meanStay = (appealed: number): number => 25 + 420 * appealed ** 1.3

/** Purchases per second of watching. Dear things sell less often, though not as much less as they cost more. */
export const purchaseRate = (appealed: number, price: number, budget: number): number =>
  0.0015 * appealed * budget * (3_000 / price) ** 0.75

/** What the marketplace earns by one second of attention, in cents. */
const CENTS_PER_WATCHED_SECOND = 0.03
/** The marketplace's share of a purchase. */
const COMMISSION = 0.08

/** Expected cents that the marketplace earns once the person has opened the stream. */
export function earningsOnceOpen(appealed: number, price: number, budget: number): number {
  return meanStay(appealed) * (CENTS_PER_WATCHED_SECOND + purchaseRate(appealed, price, budget) * price * COMMISSION)
}

/** Probability that an item at this rank (from 0) of a list is looked at: attention falls down the page. */
export const examination = (position: number): number => 1 / (1 + position) ** 0.6

/**
 * Expected cents of showing somebody a list: the person goes down it, opens the first item that appeals, and is then gone
 * from the list (the cascade model of Craswell et al., 2008, with attention that falls by rank).
 */
export function earningsOfList(items: readonly { appeal: number; earnings: number }[]): number {
  let stillLooking = 1
  let expected = 0
  items.forEach((item, position) => {
    const opens = stillLooking * examination(position) * item.appeal
    expected += opens * item.earnings
    stillLooking -= opens
  })
  return expected
}
