import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMarketplace } from '../../simulator/marketplace.ts'
import { near, perSecond, START, sum } from './counting.ts'

describe('rate', () => {
  test('1 event per second, over an hour', () => {
    const counts = perSecond(createMarketplace({ seed: 1, startTime: START, eventsPerSecond: 1, swing: 0 }), 3_600)
    near(sum(counts), 3_600, 0.1, 'events in an hour')
  })

  test('200 events per second, over five minutes and in each ten seconds once the people are there', () => {
    const counts = perSecond(createMarketplace({ seed: 2, startTime: START, swing: 0 }), 300)
    near(sum(counts), 60_000, 0.05, 'events in five minutes')
    for (let second = 20; second < 300; second += 10) near(sum(counts.slice(second, second + 10)), 2_000, 0.25, `from second ${second}`)
  })

  test('can be changed while running', () => {
    const market = createMarketplace({ seed: 5, startTime: START, eventsPerSecond: 50, swing: 0 })
    perSecond(market, 60)
    market.setRate(1_000)
    near(sum(perSecond(market, 60, START + 60_000).slice(20)), 40_000, 0.1, 'after raising it')
    market.setRate(20)
    near(sum(perSecond(market, 400, START + 120_000).slice(200)), 4_000, 0.15, 'after lowering it')
  })

  test('follows the day: the first half is busier than the second, by the swing', () => {
    const counts = perSecond(createMarketplace({ seed: 6, startTime: START, eventsPerSecond: 10, swing: 0.5, users: 500 }), 7_200)
    const [evening, morning] = [sum(counts.slice(0, 3_600)), sum(counts.slice(3_600))]
    near(evening / morning, (1 + 1 / Math.PI) / (1 - 1 / Math.PI), 0.1, 'evening to morning')
    near(evening + morning, 72_000, 0.05, 'events in a day')
  })
})

test('people, streams and time keep flowing: the number of live streams stays near its target for hours', () => {
  const market = createMarketplace({ seed: 7, startTime: START, eventsPerSecond: 10, users: 500 })
  for (let minute = 1; minute <= 180; minute++) {
    market.takeUntil(START + minute * 60_000)
    near(market.truth().livestreams.length, 60, 0.15, `live streams in minute ${minute}`)
  }
})

test('a jump over lost time dates what follows after it, and makes no events for it', () => {
  const market = createMarketplace({ seed: 8, startTime: START, users: 500, eventsPerSecond: 50 })
  market.takeUntil(START + 30_000)
  market.skipTo(START + 8 * 3_600_000)
  const events = market.takeUntil(START + 8 * 3_600_000 + 10_000)
  near(events.length, 500, 0.3, 'events in ten seconds')
  // What was on its way to the log still has the time at which it happened.
  const old = events.filter((event) => Date.parse(event.time) < START + 8 * 3_600_000)
  assert.ok(old.length < 20, `${old.length} events of before`)
})
