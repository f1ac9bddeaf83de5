import { after, before, describe } from 'node:test'
import { startFreshet, type Parts } from '../support/freshet.ts'
import { entityScenarios } from './scenarios/entities.ts'
import { feedScenarios } from './scenarios/feed.ts'
import { listingScenarios } from './scenarios/listings.ts'
import { metricScenarios } from './scenarios/metrics.ts'
import { publishScenarios } from './scenarios/publish.ts'
import { searchScenarios } from './scenarios/search.ts'
import { subgraphScenarios } from './scenarios/subgraphs.ts'
import { subscriptionScenarios } from './scenarios/subscriptions.ts'
import { fill, type Market } from './scenarios/world.ts'

/** What Freshet promises to whoever stands at its door, whatever it is made of. */
export function describeFreshet(name: string, parts: Parts, { skip = false }: { skip?: string | false } = {}): void {
  describe(name, { skip, timeout: 180_000 }, () => {
    let market: Market | undefined
    before(async () => {
      market = await fill(await startFreshet({ parts }))
    })
    after(async () => {
      await market?.freshet[Symbol.asyncDispose]()
    })
    const current = (): Market => {
      if (!market) throw new Error('The market is there in tests, not outside of them.')
      return market
    }

    describe('publishing', () => publishScenarios(current))
    describe('entities', () => entityScenarios(current))
    describe('listings', () => listingScenarios(current))
    describe('search', () => searchScenarios(current))
    describe('metrics', () => metricScenarios(current, parts))
    describe('the feed', () => feedScenarios(current))
    for (const transport of ['graphql-ws', 'server-sent events'] as const)
      describe(`subscriptions over ${transport}`, () => subscriptionScenarios(current, transport))
    describe('subgraphs of their own', () => subgraphScenarios(current))
  })
}
