import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../events/vocabulary.ts'
import type { Ranker, RankRequest } from '../../simulator/evaluate.ts'
import { evaluate } from '../../simulator/evaluate.ts'
import type { ObservedLivestream } from '../../simulator/observations.ts'
import { createMarketplace } from '../../simulator/marketplace.ts'
import { createValuation } from '../../simulator/truth.ts'

const dot = (left: readonly number[] = [], right: readonly number[] = []): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0)
const by = (score: (stream: ObservedLivestream, request: RankRequest) => number): Ranker => ({
  rank: (request) => [...request.candidates]
    .sort((left, right) => score(right, request) - score(left, request)).map(({ id }) => id),
})
const popular = by((stream) => stream.viewers)
/** Not Freshet's ranking: a simple one, to show that the market rewards what is visible of a taste. */
const personal = by((stream, { user }) => 2 * dot(user.embedding, stream.embedding)
  + (user.follows.has(stream.sellerId) ? 1 : 0) + 0.5 * Math.log1p(stream.viewers))

describe('evaluation', () => {
  test('popularity is no straw man, and taste pays: on ten seeds luck < popularity < a simple personal ranking < the truth', async () => {
    let personalWins = 0
    for (let seed = 101; seed <= 110; seed++) {
      const result = await evaluate({ seed, ranker: personal, moments: 3, warmUpSeconds: 400 })
      assert.ok(result.random < 0.8 * result.popularity, `seed ${seed}: luck ${result.random / result.popularity} of popularity`)
      assert.ok(result.oracle > 1.3 * result.popularity, `seed ${seed}: the truth ${result.oracle / result.popularity} of popularity`)
      assert.ok(result.oracle > result.ranker)
      if (result.ranker > 1.1 * result.popularity) personalWins++
    }
    assert.ok(personalWins >= 9, `${personalWins} of 10`)
  })

  test('repeats itself for a seed, and values popularity as popularity', async () => {
    const options = { seed: 5, ranker: popular, moments: 3, warmUpSeconds: 300, usersPerMoment: 50 }
    const [one, two] = [await evaluate(options), await evaluate(options)]
    assert.deepEqual(one, two)
    assert.equal(one.lists, 150)
    assert.ok(Math.abs(one.ranker / one.popularity - 1) < 0.02)
  })

  test('shows a ranking the events of the log once and in order, and only what is live', async () => {
    const seen: DomainEvent[] = []
    const live = new Set<string>()
    await evaluate({
      seed: 6, moments: 3, warmUpSeconds: 300, usersPerMoment: 5,
      ranker: {
        observe: (event) => {
          seen.push(event)
          if (event.type === 'LivestreamStarted') live.add(event.subject)
          if (event.type === 'LivestreamEnded') live.delete(event.subject)
        },
        rank: ({ candidates, now, limit, user }) => {
          assert.equal(limit, 20)
          assert.ok(Date.parse(seen.at(-1)?.time ?? '') <= now)
          assert.deepEqual(candidates.map(({ id }) => `livestream:${id}`).sort(), [...live].sort())
          assert.ok(candidates.every(({ embedding, title, category }) => embedding?.length === 32 && title && category))
          for (const hidden of ['latent', 'quality', 'stamina', 'affinities', 'loyalties', 'budget']) {
            assert.ok(![user, ...candidates].some((known) => hidden in known), `${hidden} is visible`)
          }
          return []
        },
      },
    }).then((result) => assert.equal(result.ranker, 0))
    assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length)
  })

  test('a repeated or invented id earns nothing', async () => {
    const options = { seed: 7, moments: 1, warmUpSeconds: 300, usersPerMoment: 20 }
    const once = await evaluate({ ...options, ranker: { rank: ({ candidates }) => [candidates[0]?.id ?? ''] } })
    const twice = await evaluate({ ...options, ranker: { rank: ({ candidates }) => [candidates[0]?.id ?? '', candidates[0]?.id ?? '', 'x'] } })
    assert.ok(once.ranker > 0)
    assert.equal(twice.ranker, once.ranker)
  })
})

test('the truth is plain JSON, values every pair, and decays as a show gets old', () => {
  const start = Date.UTC(2026, 2, 1, 18)
  const market = createMarketplace({ seed: 8, users: 200, sellers: 40, livestreams: 20, startTime: start, eventsPerSecond: 10 })
  market.takeUntil(start + 60_000)
  const truth = market.truth()
  assert.deepEqual(JSON.parse(JSON.stringify(truth)), truth)
  const value = createValuation(truth)
  for (const user of truth.users) {
    for (const livestream of truth.livestreams) {
      const { appeal, earnings } = value(user.id, livestream.id, market.now)
      assert.ok(appeal > 0 && appeal < 1 && earnings > 0)
      assert.ok(value(user.id, livestream.id, market.now + 7_200_000).appeal < appeal)
    }
  }
  const attached = truth.users.find(({ loyalties }) => truth.livestreams.some(({ sellerId }) => loyalties[sellerId]))
  const show = truth.livestreams.find(({ sellerId }) => attached?.loyalties[sellerId])
  assert.ok(attached && show)
  const without = createValuation({ ...truth, users: truth.users.map((user) => ({ ...user, loyalties: {} })) })
  assert.ok(value(attached.id, show.id, market.now).appeal > without(attached.id, show.id, market.now).appeal)
  assert.throws(() => value('user-0', 'live-0-1', 0), /expected a user of this market, got user-0/)
  assert.throws(() => value('user-1', 'live-7-1', 0), /expected a stream that was live when the truth was told, got live-7-1/)
})
