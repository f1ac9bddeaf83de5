import { partitionOf } from '../events/topics.ts'
import type { DomainEvent, DomainEventType, EventData } from '../events/vocabulary.ts'

/**
 * The load of the benchmarks: a market of fixed size in which livestreams, people and sellers are chosen by Zipf's law,
 * from a seed. It knows no market dynamics (the simulator does): benchmarks want the same mix from first to last event.
 */
export interface Workload {
  readonly livestreams: number
  readonly users: number
  readonly sellers: number
  /** Registrations and starts, so that everything that events speak of is there. */
  opening(time: number): Generator<DomainEvent>
  /** One event of the mix, dated `time` (ms since the epoch). */
  next(time: number): DomainEvent
  /** A livestream, a user by Zipf's law. */
  pickLivestream(): number
  pickUser(): number
}

const categories = ['cards', 'sneakers', 'vinyl', 'coins', 'comics', 'watches', 'toys', 'beauty', 'plants', 'tools', 'art', 'games']
const words = 'vintage rare signed sealed mint boxed limited original classic gold silver red blue green tiny giant lucky first last grand'.split(' ')

/** Share of each type in the mix, in percent: mostly heartbeats, as in a market of live streams. */
const mix: readonly [DomainEventType, number][] = [
  ['LivestreamViewed', 70], ['ChatPosted', 10], ['LivestreamLiked', 6], ['BidPlaced', 6], ['LivestreamChanged', 3],
  ['SellerFollowed', 2], ['PurchaseMade', 2], ['LivestreamShared', 1],
]

export function createWorkload({ seed = 1, livestreams = 10_000, users = 50_000, sellers = 3_000 }: {
  seed?: number; livestreams?: number; users?: number; sellers?: number
} = {}): Workload {
  const source = `bench-${seed}`
  const random = mulberry32(seed)
  const zipfLivestream = zipf(livestreams, random)
  const zipfUser = zipf(users, random)
  let counter = 0
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const sellerOf = (livestream: number) => livestream % sellers
  const categoryOf = (livestream: number) => categories[livestream % categories.length] as string
  const title = () => `${pick(words)} ${pick(words)} ${pick(categories)} with ${pick(words)} ${pick(words)} finds`

  const event = <T extends DomainEventType>(type: T, subject: DomainEvent['subject'], time: number, data: EventData<T>): DomainEvent =>
    ({ specversion: '1.0', id: String(++counter), source, type, time: new Date(time).toISOString(), subject, data }) as unknown as DomainEvent

  function make(type: DomainEventType, time: number): DomainEvent {
    const livestream = zipfLivestream()
    const subject = `livestream:ls-${livestream}` as const
    const engagement = { userId: `u-${zipfUser()}`, sellerId: `s-${sellerOf(livestream)}`, category: categoryOf(livestream) }
    switch (type) {
      case 'LivestreamViewed': return event(type, subject, time, { ...engagement, watchSeconds: 10 })
      case 'ChatPosted': return event(type, subject, time, { ...engagement, message: `${pick(words)} ${pick(words)}!` })
      case 'BidPlaced': return event(type, subject, time, { ...engagement, auctionId: `a-${livestream}`, amount: 100 + Math.floor(random() * 10_000), currency: 'EUR' })
      case 'PurchaseMade': return event(type, subject, time, { ...engagement, orderId: `o-${counter}`, amount: 500 + Math.floor(random() * 5_000), currency: 'EUR' })
      case 'LivestreamChanged': return event(type, subject, time, { title: title() })
      case 'LivestreamLiked':
      case 'SellerFollowed':
      case 'LivestreamShared': return event(type, subject, time, engagement)
      default: throw new Error(`${type} is not in the mix`)
    }
  }

  return {
    livestreams, users, sellers,
    pickLivestream: zipfLivestream,
    pickUser: zipfUser,
    *opening(time) {
      for (let i = 0; i < sellers; i++) yield event('SellerRegistered', `seller:s-${i}`, time, { name: `Seller ${i}`, description: title() })
      for (let i = 0; i < users; i++) yield event('UserRegistered', `user:u-${i}`, time, { name: `User ${i}`, interests: [categories[i % categories.length] as string] })
      for (let i = 0; i < livestreams; i++)
        yield event('LivestreamStarted', `livestream:ls-${i}`, time, {
          sellerId: `s-${sellerOf(i)}`, title: title(), description: `${title()}, ${title()}`, category: categoryOf(i), tags: [pick(words), pick(words)],
        })
    },
    next(time) {
      let draw = random() * 100
      for (const [type, share] of mix) {
        if (draw < share) return make(type, time)
        draw -= share
      }
      return make('LivestreamViewed', time)
    },
  }
}

/** Marsaglia-style 32-bit generator; uniform in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Ranks 0…n−1 with probability ∝ 1 / (rank + 1), scattered over the ids so that neighbours are not alike. */
function zipf(n: number, random: () => number): () => number {
  const cumulative = new Float64Array(n)
  let sum = 0
  for (let rank = 0; rank < n; rank++) cumulative[rank] = sum += 1 / (rank + 1)
  return () => {
    const target = random() * sum
    let low = 0
    let high = n - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((cumulative[middle] as number) < target) low = middle + 1
      else high = middle
    }
    return partitionOf(String(low), n)
  }
}
