import type { DomainEvent } from '../events/vocabulary.ts'
import { earningsOfList } from './appeal.ts'
import type { MarketplaceOptions } from './marketplace.ts'
import { createMarketplace } from './marketplace.ts'
import type { ObservedLivestream, ObservedUser } from './observations.ts'
import { createObservations } from './observations.ts'
import { createRandom } from './random.ts'
import type { ExpectedValue } from './truth.ts'
import { createValuation } from './truth.ts'

export interface RankRequest {
  user: ObservedUser
  /** All streams that are live. */
  candidates: readonly ObservedLivestream[]
  /** Milliseconds since the epoch. */
  now: number
  limit: number
}

/** A ranking under evaluation. It sees what the log shows and never the truth. */
export interface Ranker {
  /** Each event once, in the order of the log, for a ranking that keeps its own state (projections, models). */
  observe?(event: DomainEvent): void | Promise<void>
  /** Ids of candidates, best first. Unknown or repeated ids earn nothing and still take up their rank. */
  rank(request: RankRequest): readonly string[] | Promise<readonly string[]>
}

export interface EvaluationOptions {
  /** Of the market and of who is asked. */
  seed: number
  ranker: Ranker
  market?: Partial<Omit<MarketplaceOptions, 'seed' | 'startTime'>>
  /** Simulated seconds before the first list. Default 900. */
  warmUpSeconds?: number
  /** Moments at which lists are made, and simulated seconds between them. Defaults 8 and 60. */
  moments?: number
  secondsBetween?: number
  /** People asked at each moment. Default 100. */
  usersPerMoment?: number
  /** Length of a list. Default 20. */
  limit?: number
}

/** Expected cents that the marketplace earns per list. */
export interface Evaluation {
  seed: number
  lists: number
  ranker: number
  /** By viewers now, the same list for everybody. */
  popularity: number
  /** What luck earns. */
  random: number
  /** What knowing the truth would earn, sorted by expected value. */
  oracle: number
}

/** Any fixed moment does: the market has no calendar. */
const START = Date.UTC(2026, 0, 5, 12)

/**
 * Runs an organic market, asks the ranking for lists at some moments and values them by the hidden truth, beside popularity
 * alone. Expected values instead of played-out choices: the same lists always earn the same, so a difference is the
 * ranking's and not luck's.
 */
export async function evaluate(options: EvaluationOptions): Promise<Evaluation> {
  const { seed, ranker } = options
  const moments = options.moments ?? 8
  const limit = options.limit ?? 20
  const market = createMarketplace({ users: 1_000, eventsPerSecond: 80, ...options.market, seed, startTime: START })
  const random = createRandom(seed, 'evaluation')
  const observations = createObservations()
  const sums = { ranker: 0, popularity: 0, random: 0, oracle: 0 }
  let lists = 0

  for (let moment = 0; moment < moments; moment++) {
    const now = START + 1000 * ((options.warmUpSeconds ?? 900) + moment * (options.secondsBetween ?? 60))
    for (const event of market.takeUntil(now)) {
      observations.apply(event)
      await ranker.observe?.(event)
    }
    const truth = market.truth()
    const value = createValuation(truth)
    const candidates = observations.live(now)
    const popular = [...candidates].sort((left, right) => right.viewers - left.viewers || (left.id < right.id ? -1 : 1))

    for (const { id: userId } of random.sample(truth.users, options.usersPerMoment ?? 100)) {
      const values = new Map(candidates.map(({ id }) => [id, value(userId, id, now)]))
      const worth = (id: string): number => {
        const { appeal, earnings } = values.get(id) ?? NOTHING
        return appeal * earnings
      }
      const ranked = await ranker.rank({ user: observations.user(userId), candidates, now, limit })
      const ids = candidates.map(({ id }) => id)
      sums.ranker += earned(ranked, values, limit)
      sums.popularity += earned(popular.map(({ id }) => id), values, limit)
      sums.random += earned(random.sample(ids, limit), values, limit)
      sums.oracle += earned(ids.sort((left, right) => worth(right) - worth(left)), values, limit)
      lists++
    }
  }
  return {
    seed, lists,
    ranker: sums.ranker / lists,
    popularity: sums.popularity / lists,
    random: sums.random / lists,
    oracle: sums.oracle / lists,
  }
}

const NOTHING: ExpectedValue = { appeal: 0, earnings: 0 }

function earned(ids: readonly string[], values: ReadonlyMap<string, ExpectedValue>, limit: number): number {
  const listed = ids.slice(0, limit)
  return earningsOfList(listed.map((id, index) => (listed.indexOf(id) === index && values.get(id)) || NOTHING))
}
