import fc from 'fast-check'
import type { DomainEvent } from '../../../events/vocabulary.ts'

/** Where generated times lie: not at the edge of any bucket. */
export const epoch = Date.UTC(2026, 0, 15, 12, 0, 0) + 123

const user = fc.constantFrom('u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9', 'u10', 'u11', 'u12')
const seller = fc.constantFrom('s1', 's2', 's3')
const livestream = fc.constantFrom('l1', 'l2', 'l3')
const category = fc.constantFrom('shoes', 'cards', 'art')
const money = fc.integer({ min: 0, max: 1_000_000 })
const auctionId = fc.constantFrom('a1', 'a2')
const currency = fc.constantFrom('EUR', 'USD')

const optionally = <T>(values: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(values, { requiredKeys: [] })

const profile = optionally({ name: fc.constantFrom('Ada', 'Bo', 'Cy'), bio: fc.string(), interests: fc.array(category), language: fc.constantFrom('en', 'de') })
const sellerProfile = optionally({
  name: fc.constantFrom('Shop', 'Store'), categories: fc.array(category), verified: fc.boolean(), rating: fc.double({ min: 0, max: 5, noNaN: true }),
})
const listing = optionally({
  title: fc.constantFrom('Evening', 'Morning'), category, tags: fc.array(category), scheduledFor: fc.constant('2026-02-01T10:00:00Z'), sellerId: seller,
})
const engagement = { userId: user, sellerId: seller, category: fc.option(category, { nil: undefined }) }

const subjects = {
  user: user.map((id) => `user:${id}` as const),
  seller: seller.map((id) => `seller:${id}` as const),
  livestream: livestream.map((id) => `livestream:${id}` as const),
}

/** Type, subject and data of an event; heartbeats are the most frequent, as in life. */
const content: fc.Arbitrary<Pick<DomainEvent, 'type' | 'subject' | 'data'>> = fc.oneof(
  of('UserRegistered', subjects.user, fc.record({ name: fc.constantFrom('Ada', 'Bo') })),
  of('UserProfileChanged', subjects.user, profile),
  of('UserDeleted', subjects.user, fc.constant({})),
  of('SellerRegistered', subjects.seller, fc.record({ name: fc.constantFrom('Shop', 'Store') })),
  of('SellerProfileChanged', subjects.seller, sellerProfile),
  of('SellerDeleted', subjects.seller, fc.constant({})),
  of('LivestreamScheduled', subjects.livestream, fc.record({ title: fc.constantFrom('Evening', 'Morning'), sellerId: seller })),
  of('LivestreamStarted', subjects.livestream, listing),
  of('LivestreamChanged', subjects.livestream, listing),
  of('LivestreamEnded', subjects.livestream, fc.constant({})),
  of('AuctionStarted', subjects.livestream, fc.record({ auctionId, startingPrice: money, currency })),
  of('BidPlaced', subjects.livestream, fc.record({ auctionId, amount: money, currency, ...engagement })),
  of('AuctionEnded', subjects.livestream, fc.record({ auctionId, amount: fc.option(money, { nil: undefined }) })),
  of('GiveawayStarted', subjects.livestream, fc.record({ giveawayId: fc.constant('g1') })),
  of('GiveawayEnded', subjects.livestream, fc.record({ giveawayId: fc.constant('g1') })),
  { weight: 15, arbitrary: of('LivestreamViewed', subjects.livestream, fc.record({ ...engagement, watchSeconds: fc.integer({ min: 0, max: 60 }) })) },
  of('ChatPosted', subjects.livestream, fc.record({ ...engagement, message: fc.constant('hi') })),
  of('LivestreamLiked', subjects.livestream, fc.record(engagement)),
  of('SellerFollowed', subjects.livestream, fc.record(engagement)),
  of('SellerUnfollowed', subjects.seller, fc.record(engagement)),
  of('LivestreamShared', subjects.livestream, fc.record(engagement)),
  of('PurchaseMade', subjects.livestream, fc.record({ ...engagement, orderId: fc.constant('o'), amount: money, currency })),
  of('EmbeddingComputed', fc.oneof(subjects.user, subjects.seller, subjects.livestream), fc.record({
    model: fc.constantFrom('m1', 'm2'), dimensions: fc.constant(2), vector: fc.tuple(fc.integer(), fc.integer()),
  })),
)

function of<T extends DomainEvent['type']>(type: T, subject: fc.Arbitrary<DomainEvent['subject']>, data: fc.Arbitrary<object>) {
  return fc.record({ type: fc.constant(type), subject, data }) as fc.Arbitrary<Pick<DomainEvent, 'type' | 'subject' | 'data'>>
}

/** An event with its time in ms and how long after it the log received it. */
export interface Arriving {
  event: DomainEvent
  at: number
  delay: number
}

/**
 * A marketplace's events over some hours, times often equal, each delayed by up to `latenessMs`.
 * (source, id) names an event; sources and ids are such that they decide ties either way.
 */
export const arriving = (latenessMs: number): fc.Arbitrary<Arriving[]> =>
  fc.array(
    fc.tuple(
      content,
      fc.oneof(fc.integer({ min: 0, max: 10 * 3_600_000 }), fc.integer({ min: 9.9 * 3_600_000, max: 10 * 3_600_000 }), fc.constantFrom(0, 35_999_000)),
      fc.oneof(fc.constant(0), fc.integer({ min: 0, max: latenessMs })),
      fc.constantFrom('app', 'web'),
    ),
    { minLength: 1, maxLength: 80 },
  ).map((all) => all.map(([{ type, subject, data }, offset, delay, source], index) => ({
    at: epoch + offset,
    delay,
    event: {
      specversion: '1.0', id: `e${(index * 7919) % 101}-${index}`, source, type, subject, data, time: new Date(epoch + offset).toISOString(),
    } as DomainEvent,
  })))
