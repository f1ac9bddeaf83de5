import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { eventTypes } from '../../../events/vocabulary.ts'
import type { DomainEvent, DomainEventType, EventData } from '../../../events/vocabulary.ts'
import type { Effect } from '../../../ingest/effects.ts'
import { project } from '../../../ingest/projections/index.ts'
import { placeOf } from '../../../ingest/entity-state.ts'
import { parseEntityKey } from '../../../events/entity.ts'
import { arriving } from './arbitrary.ts'

const at = 1_000

function effectsOf<T extends DomainEventType>(type: T, subject: DomainEvent['subject'], data: EventData<T>): Effect[] {
  const event = { specversion: '1.0', id: 'e1', source: 'app', type, subject, data, time: new Date(at).toISOString() }
  return project(event as DomainEvent, at)
}

const stream = 'livestream:l1'
const who = { userId: 'u1', sellerId: 's1', category: 'shoes' }
const taste = (signal: 'engagements' | 'watchSeconds' | 'purchases', amount = 1) => [
  { affinity: 'seller', to: 's1', at, signal, amount }, { affinity: 'category', to: 'shoes', at, signal, amount },
]
const countedFor = (signal: 'engagements' | 'watchSeconds' | 'purchases', amount: number, ...increments: object[]) => [
  { entity: stream, increments }, { entity: 'seller:s1', increments },
  { entity: 'user:u1', increments: [...increments, ...taste(signal, amount)] },
]

test('a registration sets what it says and when it was; a change patches only what it says', () => {
  assert.deepEqual(effectsOf('UserRegistered', 'user:u1', { name: 'Ada', referrer: 'ad' }),
    [{ entity: 'user:u1', fields: { name: 'Ada', registeredAt: at } }])
  assert.deepEqual(effectsOf('UserProfileChanged', 'user:u1', { interests: [] }), [{ entity: 'user:u1', fields: { interests: [] } }])
  assert.deepEqual(effectsOf('SellerRegistered', 'seller:s1', { name: 'Shop', verified: false, rating: 0 }),
    [{ entity: 'seller:s1', fields: { name: 'Shop', verified: false, rating: 0, registeredAt: at } }])
  assert.deepEqual(effectsOf('SellerProfileChanged', 'seller:s1', { description: '' }), [{ entity: 'seller:s1', fields: { description: '' } }])
})

test('a deletion is a tombstone', () => {
  assert.deepEqual(effectsOf('UserDeleted', 'user:u1', {}), [{ entity: 'user:u1', tombstone: true }])
  assert.deepEqual(effectsOf('SellerDeleted', 'seller:s1', { reason: 'fraud' }), [{ entity: 'seller:s1', tombstone: true }])
})

test('a livestream is scheduled, starts, changes and ends', () => {
  assert.deepEqual(effectsOf('LivestreamScheduled', stream, { sellerId: 's1', title: 'T', scheduledFor: '2026-01-01T01:00:00+01:00' }),
    [{ entity: stream, fields: { sellerId: 's1', title: 'T', scheduledFor: Date.UTC(2026, 0, 1), status: 'SCHEDULED' } }])
  assert.deepEqual(effectsOf('LivestreamStarted', stream, { title: 'T' }),
    [{ entity: stream, fields: { title: 'T', status: 'LIVE', startedAt: at, endedAt: null } }])
  assert.deepEqual(effectsOf('LivestreamChanged', stream, { tags: ['x'] }), [{ entity: stream, fields: { tags: ['x'] } }])
  assert.deepEqual(effectsOf('LivestreamEnded', stream, {}),
    [{ entity: stream, fields: { status: 'ENDED', endedAt: at, auctionActive: false, giveawayActive: false } }])
})

test('an auction starts at its price without a bidder, and ends with what it says', () => {
  assert.deepEqual(effectsOf('AuctionStarted', stream, { auctionId: 'a', startingPrice: 100, currency: 'EUR' }), [{
    entity: stream,
    fields: { auctionId: 'a', auctionActive: true, currentBid: 100, bidCurrency: 'EUR', highestBidderId: null },
  }])
  assert.deepEqual(effectsOf('AuctionEnded', stream, { auctionId: 'a' }), [{ entity: stream, fields: { auctionActive: false } }])
  assert.deepEqual(effectsOf('AuctionEnded', stream, { auctionId: 'a', winnerId: 'u1', amount: 300, currency: 'EUR' }),
    [{ entity: stream, fields: { auctionActive: false, currentBid: 300, bidCurrency: 'EUR', highestBidderId: 'u1' } }])
})

test('a bid is the highest one and counts for stream, seller and bidder', () => {
  const [own, ...others] = countedFor('engagements', 1, { count: 'bids', at, amount: 1 })
  assert.deepEqual(effectsOf('BidPlaced', stream, { auctionId: 'a', amount: 200, currency: 'EUR', ...who }),
    [{ ...own, fields: { currentBid: 200, bidCurrency: 'EUR', highestBidderId: 'u1' } }, ...others])
})

test('a giveaway runs until it ends', () => {
  assert.deepEqual(effectsOf('GiveawayStarted', stream, { giveawayId: 'g' }), [{ entity: stream, fields: { giveawayActive: true } }])
  assert.deepEqual(effectsOf('GiveawayEnded', stream, { giveawayId: 'g' }), [{ entity: stream, fields: { giveawayActive: false } }])
})

test('watching counts a view, a viewer and the seconds', () => {
  assert.deepEqual(effectsOf('LivestreamViewed', stream, { ...who, watchSeconds: 10 }), countedFor('watchSeconds', 10,
    { count: 'views', at, amount: 1 }, { viewer: 'u1', at }, { count: 'watchSeconds', at, amount: 10 }))
  assert.deepEqual(effectsOf('LivestreamViewed', stream, { ...who, watchSeconds: 0 }), countedFor('watchSeconds', 0,
    { count: 'views', at, amount: 1 }, { viewer: 'u1', at }))
})

test('chats, likes and shares count one each; a purchase counts once with its amount', () => {
  assert.deepEqual(effectsOf('ChatPosted', stream, { ...who, message: 'hi' }), countedFor('engagements', 1, { count: 'chats', at, amount: 1 }))
  assert.deepEqual(effectsOf('LivestreamLiked', stream, who), countedFor('engagements', 1, { count: 'likes', at, amount: 1 }))
  assert.deepEqual(effectsOf('LivestreamShared', stream, who), countedFor('engagements', 1, { count: 'shares', at, amount: 1 }))
  assert.deepEqual(effectsOf('PurchaseMade', stream, { ...who, orderId: 'o', amount: 900, currency: 'EUR', quantity: 3 }),
    countedFor('purchases', 1, { count: 'purchases', at, amount: 1 }, { count: 'revenue', at, amount: 900 }))
})

test('without a category the seller alone is remembered', () => {
  const effects = effectsOf('LivestreamLiked', stream, { userId: 'u1', sellerId: 's1' })
  assert.deepEqual(effects[2]?.increments, [{ count: 'likes', at, amount: 1 }, taste('engagements')[0]])
})

test('following is a state of the user, from a stream or from the seller', () => {
  const follow = (following: boolean) => ({ entity: 'user:u1', increments: [{ follow: 's1', following, at, tie: 'app e1' }] })
  assert.deepEqual(effectsOf('SellerFollowed', stream, who), [{ entity: stream }, follow(true)])
  assert.deepEqual(effectsOf('SellerUnfollowed', 'seller:s1', who), [{ entity: 'seller:s1' }, follow(false)])
})

test('a computed embedding is a vector of its subject', () => {
  assert.deepEqual(effectsOf('EmbeddingComputed', 'user:u1', { model: 'm', dimensions: 2, vector: [1, 2] }),
    [{ entity: 'user:u1', vector: { model: 'm', values: [1, 2] } }])
})

test('every event type is projected: subject first, at most one effect an entity, known fields only', () => {
  const types = new Set<string>()
  fc.assert(fc.property(arriving(0), (items) => {
    for (const { event, at: time } of items) {
      types.add(event.type)
      const effects = project(event, time)
      assert.equal(effects[0]?.entity, event.subject)
      assert.equal(new Set(effects.map(({ entity }) => entity)).size, effects.length)
      for (const { entity, fields } of effects)
        for (const field in fields)
          assert.notEqual(placeOf((parseEntityKey(entity) as NonNullable<ReturnType<typeof parseEntityKey>>).kind, field), undefined, field)
    }
  }))
  assert.deepEqual([...types].sort(), Object.keys(eventTypes).filter((type) => type !== 'FeedServed').sort())
})

test('a type without a projection is named', () => {
  assert.throws(() => project({ type: 'MoonLanded' } as never, 0), /No projection for events of type MoonLanded/)
})
