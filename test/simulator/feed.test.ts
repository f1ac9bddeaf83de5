import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../events/vocabulary.ts'
import { createRandom } from '../../simulator/random.ts'
import type { Marketplace } from '../../simulator/marketplace.ts'
import { createMarketplace } from '../../simulator/marketplace.ts'
import { createValuation } from '../../simulator/truth.ts'

const START = Date.UTC(2026, 2, 1, 18)
const open = (): Marketplace => {
  const market = createMarketplace({ seed: 21, users: 600, sellers: 80, livestreams: 40, eventsPerSecond: 40, startTime: START })
  market.takeUntil(START + 60_000)
  return market
}
const attributed = (events: readonly DomainEvent[], feedId: string) =>
  events.filter((event) => 'feedId' in event.data && event.data.feedId === feedId)

/** Shows each user a list and gives how often something was opened from it. */
function opensOf(market: Marketplace, listFor: (userId: string) => string[], users: number): number {
  let opened = 0
  for (let index = 1; index <= users; index++) {
    const userId = `user-${index}`
    const items = listFor(userId).map((livestreamId) => ({ livestreamId }))
    if (market.respondToFeed(userId, { feedId: `feed-${index}`, items })) opened++
  }
  return opened
}

describe('a served feed', () => {
  test('is followed by events that carry its id and the position of what was opened', () => {
    const market = open()
    const items = market.truth().livestreams.map(({ id }) => ({ livestreamId: id }))
    let followed = 0
    for (let index = 1; index <= 20; index++) {
      const feedId = `feed-${index}`
      const opened = market.respondToFeed(`user-${index}`, { feedId, items })
      const events = attributed(market.takeUntil(market.now + 20_000), feedId)
      if (!opened) {
        assert.deepEqual(events, [])
        continue
      }
      assert.ok(events.length > 0)
      for (const event of events) {
        assert.equal(event.subject, `livestream:${opened.livestreamId}`)
        assert.ok('position' in event.data)
        assert.equal(event.data.position, opened.position)
        assert.equal(items[opened.position]?.livestreamId, opened.livestreamId)
        assert.equal(event.data.userId, `user-${index}`)
      }
      followed++
    }
    assert.ok(followed >= 10)
  })

  test('leads to chats, likes and purchases too, not to views alone', () => {
    const market = open()
    const items = market.truth().livestreams.map(({ id }) => ({ livestreamId: id }))
    for (let index = 1; index <= 400; index++) market.respondToFeed(`user-${index}`, { feedId: 'f', items })
    const types = new Set(attributed(market.takeUntil(market.now + 300_000), 'f').map(({ type }) => type))
    for (const type of ['LivestreamViewed', 'ChatPosted', 'LivestreamLiked', 'PurchaseMade'] as const) assert.ok(types.has(type), type)
  })

  test('raises opens when it matches tastes: more than by luck, which is more than when it mismatches them', () => {
    const ordered = (direction: 1 | -1): number => {
      const market = open()
      const value = createValuation(market.truth())
      const ids = market.truth().livestreams.map(({ id }) => id)
      return opensOf(market, (userId) => [...ids].sort((left, right) =>
        direction * (value(userId, right, market.now).appeal - value(userId, left, market.now).appeal)).slice(0, 5), 500)
    }
    const market = open()
    const random = createRandom(1)
    const ids = market.truth().livestreams.map(({ id }) => id)
    const byLuck = opensOf(market, () => random.sample(ids, 5), 500)
    const [matching, mismatching] = [ordered(1), ordered(-1)]
    assert.ok(matching > 1.5 * byLuck, `${matching} matching, ${byLuck} by luck`)
    assert.ok(byLuck > 1.5 * mismatching, `${byLuck} by luck, ${mismatching} mismatching`)
  })

  test('is read from the top: the same stream is opened less at a lower position', () => {
    const opensAt = (position: number): number => {
      const market = open()
      const [best] = market.truth().livestreams.sort((left, right) => right.quality - left.quality)
      let opened = 0
      for (let index = 1; index <= 500; index++) {
        const items = [{ livestreamId: best?.id ?? '', position }]
        if (market.respondToFeed(`user-${index}`, { feedId: 'f', items })) opened++
      }
      return opened
    }
    const [top, lower, bottom] = [opensAt(0), opensAt(5), opensAt(50)]
    assert.ok(top > 1.5 * lower && lower > 1.5 * bottom, `${top} at the top, ${lower} at 5, ${bottom} at 50`)
  })

  test('never leads into a stream that is not live, or unknown; an empty one leaves people to themselves', () => {
    const market = open()
    const known = market.cursor().openLivestreams
    const live = new Set(market.truth().livestreams.map(({ id }) => id))
    const scheduled = known.filter((id) => !live.has(id))
    assert.ok(scheduled.length > 0)
    const items = ['live-9-9', ...scheduled].map((livestreamId) => ({ livestreamId, position: 0 }))
    for (let index = 100; index < 300; index++) assert.equal(market.respondToFeed(`user-${index}`, { feedId: 'f', items }), null)
    assert.equal(market.respondToFeed('user-2', { feedId: 'f', items: [] }), null)
    const events = market.takeUntil(market.now + 30_000)
    assert.ok(events.some((event) => event.type === 'LivestreamViewed' && event.data.userId === 'user-2'))
    assert.deepEqual(attributed(events, 'f'), [])
    assert.throws(() => market.respondToFeed('user-9999', { feedId: 'f', items: [] }), /user-1 to user-600\), got user-9999/)
  })
})

test('people who want a feed wait ten seconds for it, and then look around', () => {
  const options = { seed: 22, users: 300, sellers: 50, livestreams: 30, eventsPerSecond: 20, startTime: START }
  const market = createMarketplace({ ...options, feedShare: 1 })
  market.takeUntil(START + 9_000)
  const waiting = market.takeFeedRequests()
  assert.ok(waiting.length > 30)
  assert.deepEqual(market.takeFeedRequests(), [], 'each is handed out once')
  const views = (events: DomainEvent[]) => events.filter(({ type }) => type === 'LivestreamViewed')
  assert.equal(views(createMarketplace({ ...options, feedShare: 1 }).takeUntil(START + 9_000)).length, 0)
  assert.ok(views(market.takeUntil(START + 20_000)).length > 30)
})
