import { describe, test } from 'node:test'
import { createMarketplace } from '../../simulator/marketplace.ts'
import { near, perSecond, START, sum } from './counting.ts'

/** Whole markets at their largest: too long for a unit test. */
describe('rate', () => {
  test('20,000 events per second, with as many people as that takes and with few', () => {
    for (const users of [50_000, 2_000]) {
      const market = createMarketplace({ seed: 3, startTime: START, eventsPerSecond: 20_000, users, livestreams: 500, swing: 0 })
      const counts = perSecond(market, 9)
      near(sum(counts.slice(4)), 100_000, 0.08, `${users} users`)
    }
  })

  test('10,000 streams are live at the same time when asked for', () => {
    const market = createMarketplace({ seed: 4, startTime: START, users: 5_000, livestreams: 10_000, eventsPerSecond: 500, swing: 0 })
    market.takeUntil(START + 120_000)
    near(market.truth().livestreams.length, 10_000, 0.05, 'live streams')
  })
})
