import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFreshet, type Parts } from '../../support/freshet.ts'
import type { Market } from './world.ts'

interface Measured {
  livestream: Record<'s30' | 'm5' | 'h1', Record<'viewersNow' | 'viewers' | 'chats' | 'revenue', { value: number; decayed: number; total: number }>>
}

const windows = `query { livestream(id: "timed") {
  s30: metrics(window: THIRTY_SECONDS) { ...values } m5: metrics(window: FIVE_MINUTES) { ...values } h1: metrics(window: ONE_HOUR) { ...values }
} }
fragment values on EntityMetrics { viewersNow { ...value } viewers { ...value } chats { ...value } revenue { ...value } }
fragment value on MetricValue { value decayed total }`

export function metricScenarios(market: () => Market, parts: Parts): void {
  test('metrics of several entities come in the order asked for, null for what nothing was counted of', async () => {
    assert.deepEqual(
      await market().freshet.query('{ metrics(entities: ["user:bob", "livestream:none", "livestream:l-01", "seller:s-books"], window: ONE_HOUR) { window purchases { value } likes { value } shares { value } } }'),
      {
        metrics: [
          { window: 'ONE_HOUR', purchases: { value: 1 }, likes: { value: 1 }, shares: { value: 1 } },
          null,
          { window: 'ONE_HOUR', purchases: { value: 1 }, likes: { value: 1 }, shares: { value: 1 } },
          { window: 'ONE_HOUR', purchases: { value: 1 }, likes: { value: 1 }, shares: { value: 1 } },
        ],
      },
    )
  })

  test('each value says of which moment it is', async () => {
    const { freshet, now } = market()
    const { livestream } = await freshet.query<{ livestream: { metrics: { chats: { eventTime: string; appliedAt: string } } } }>(
      '{ livestream(id: "l-01") { metrics { chats { eventTime appliedAt } } } }',
    )
    const { eventTime, appliedAt } = livestream.metrics.chats
    assert.equal(eventTime, new Date(now - 10_000).toISOString())
    assert.ok(Date.parse(appliedAt) >= Date.parse(eventTime))
  })

  test('refuses keys that are none, in words', async () => {
    const { errors } = await market().freshet.ask('{ metrics(entities: ["stream:l-00"]) { chats { value } } }')
    assert.match(errors?.[0]?.message ?? '', /keys like "livestream:ID", "seller:ID" or "user:ID", but got "stream:l-00"/)
    assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
  })

  // Of its own: the clock that is put forward is the whole gateway's.
  test('windows and decays fall as time passes with no events', async () => {
    await using freshet = await startFreshet({ parts })
    const time = new Date(freshet.clock.now()).toISOString()
    const subject = 'livestream:timed'
    const engagement = (userId: string) => ({ userId, sellerId: 's', category: 'c' })
    const token = await freshet.publish(
      { type: 'LivestreamStarted', subject, time, data: { sellerId: 's', title: 'Timed' } },
      { type: 'LivestreamViewed', subject, time, data: { ...engagement('a'), watchSeconds: 1 } },
      { type: 'LivestreamViewed', subject, time, data: { ...engagement('b'), watchSeconds: 1 } },
      { type: 'ChatPosted', subject, time, data: { ...engagement('a'), message: 'hello' } },
      { type: 'PurchaseMade', subject, time, data: { ...engagement('a'), orderId: 'o', amount: 800, currency: 'EUR' } },
    )
    const values = async () => (await freshet.query<Measured>(windows, {}, { token })).livestream
    const seen = ({ s30, m5, h1 }: Measured['livestream']) => [s30, m5, h1].map(({ viewers, chats, revenue }) => [viewers.value, chats.value, revenue.value])

    const fresh = await values()
    assert.deepEqual(seen(fresh), [[2, 1, 800], [2, 1, 800], [2, 1, 800]])
    assert.equal(fresh.m5.viewersNow.value, 2)

    freshet.clock.advance(60_000)
    const minute = await values()
    assert.deepEqual(seen(minute), [[0, 0, 0], [2, 1, 800], [2, 1, 800]])
    assert.equal(minute.m5.viewersNow.value, 0)

    freshet.clock.advance(10 * 60_000)
    assert.deepEqual(seen(await values()), [[0, 0, 0], [0, 0, 0], [2, 1, 800]])

    // One half-life of the decayed total has passed in all.
    freshet.clock.advance(49 * 60_000)
    const hour = await values()
    assert.ok(Math.abs(hour.h1.revenue.decayed - 400) < 2, `${hour.h1.revenue.decayed} is not near 400`)

    freshet.clock.advance(10 * 60_000)
    const late = await values()
    assert.deepEqual(seen(late), [[0, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert.deepEqual([late.h1.chats.total, late.h1.revenue.total], [1, 800])
  })
}
