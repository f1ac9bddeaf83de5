import { blend, type Model } from '../ranking/score.ts'
import { createFeedService } from '../resolvers/feed/service.ts'
import { localScope } from '../resolvers/scope.ts'
import { evaluate, type Evaluation, type EvaluationOptions } from '../simulator/evaluate.ts'
import { createMarketState } from './market-state.ts'

/** What the feed earns in a simulated market, beside popularity alone, luck and the truth: expected cents per list. */
export async function feedEarnings(
  seed: number, { model = blend, exploreEvery, ...options }: Partial<EvaluationOptions> & { model?: Model; exploreEvery?: number } = {},
): Promise<Evaluation> {
  const market = await createMarketState()
  let now = 0
  let draws = 0
  const feed = createFeedService({
    index: market.index, live: market.live, view: market.view, textSpace: market.textSpace, model, exploreEvery,
    served: { note: () => {}, flush: () => Promise.resolve() },
    clock: () => now,
    newId: () => `feed-${++draws}`,
    // Any fixed sequence does; it only chooses which new sellers are tried.
    random: () => ((++draws * 2_654_435_761) % 2 ** 32) / 2 ** 32,
  })
  try {
    return await evaluate({
      seed, ...options,
      ranker: {
        observe: (event) => market.observe(event),
        async rank({ user, now: moment, limit }) {
          if (moment !== now) await market.settle(moment)
          now = moment
          const { items } = await feed.serve({ userId: user.id, first: limit, scope: localScope })
          return items.map(({ livestreamId }) => livestreamId)
        },
      },
    })
  } finally {
    await market.index.close()
  }
}
