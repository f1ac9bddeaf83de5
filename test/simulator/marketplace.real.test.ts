import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMarketplace } from '../../simulator/marketplace.ts'
import { START, sum } from './counting.ts'

test('popularity is Zipf-like: the rank-frequency slope lies between -0.6 and -1.6', () => {
  for (const seed of [1, 3]) {
    const market = createMarketplace({ seed, startTime: START, users: 2_000, sellers: 200, livestreams: 100, eventsPerSecond: 100 })
    const watched = new Map<string, number>()
    for (const event of market.takeUntil(START + 900_000)) {
      if (event.type !== 'LivestreamViewed') continue
      watched.set(event.data.sellerId, (watched.get(event.data.sellerId) ?? 0) + event.data.watchSeconds)
    }
    const counts = [...watched.values()].sort((left, right) => right - left).slice(0, 60)
    const points = counts.map((count, index) => ({ x: Math.log(index + 1), y: Math.log(count) }))
    const x = sum(points.map((point) => point.x)) / points.length
    const y = sum(points.map((point) => point.y)) / points.length
    const slope = sum(points.map((point) => (point.x - x) * (point.y - y))) / sum(points.map((point) => (point.x - x) ** 2))
    assert.ok(slope < -0.6 && slope > -1.6, `seed ${seed}: slope ${slope}`)
  }
})
