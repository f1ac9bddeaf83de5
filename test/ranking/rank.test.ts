import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { hasSource } from '../../ranking/candidate.ts'
import { explore } from '../../ranking/explore.ts'
import { featureNames, featuresOf, scalesOf } from '../../ranking/features.ts'
import { defaultDiversity, rank, scoreAll, type RankOptions } from '../../ranking/rank.ts'
import { blend, partsOf, scoreOf } from '../../ranking/score.ts'
import { now, someCandidates, someProfile } from './arbitrary.ts'

const options = (rest: Partial<RankOptions> = {}): RankOptions =>
  ({ model: blend, diversity: defaultDiversity, exploreEvery: 4, count: 20, now, random: () => 0.5, ...rest })

describe('features', () => {
  test('are all there, each from 0 to 1, whatever is known', () => {
    fc.assert(fc.property(someCandidates, someProfile, (candidates, profile) => {
      const scales = scalesOf(candidates, profile)
      for (const candidate of candidates) {
        const features = featuresOf(candidate, profile, scales, now)
        assert.deepEqual(Object.keys(features), [...featureNames])
        for (const [name, value] of Object.entries(features)) assert.ok(value >= 0 && value <= 1, `${name} is ${value}`)
      }
    }), { numRuns: 500 })
  })

  test('a similarity that rounding has taken beyond 1 is 1', () => {
    fc.assert(fc.property(someCandidates, someProfile, (candidates, profile) => {
      const scales = scalesOf(candidates, profile)
      for (const candidate of candidates) assert.equal(featuresOf({ ...candidate, similarity: 1.0000001 }, profile, scales, now).similarity, 1)
    }))
  })

  test('recency and freshness halve in their half-lives', () => {
    const candidate = { id: 'l', sellerId: 's', category: undefined, startedAt: now - 1_800_000, auctionActive: false, giveawayActive: false, viewersNow: 0, popularity: 0, similarity: undefined, vector: undefined, sources: 0 }
    const seller = { id: 's', watchSeconds: 1, engagements: 0, purchases: 1, lastAt: now - 24 * 3_600_000 }
    const profile = { follows: new Set<string>(), sellers: new Map([['s', seller]]), categories: new Map<string, never>(), interests: new Set<string>() }
    const { recency, freshness, purchases } = featuresOf(candidate, profile, scalesOf([candidate], profile), now)
    assert.deepEqual([recency, freshness, purchases], [0.5, 0.5, 0.5])
  })
})

describe('scores', () => {
  test('are the sum of their parts, greatest part first', () => {
    fc.assert(fc.property(someCandidates, someProfile, (candidates, profile) => {
      const scores = new Map(scoreAll(candidates, profile, blend, now).map((scored) => [scored.candidate, scored.score]))
      for (const { item: { candidate, score, parts, features } } of rank(candidates, profile, options())) {
        assert.equal(score, scores.get(candidate))
        assert.ok(Math.abs(parts.reduce((sum, { contribution }) => sum + contribution, 0) - score) < 1e-9)
        const sizes = parts.map(({ contribution }) => Math.abs(contribution))
        assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a))
        for (const { name, value, contribution } of parts) {
          assert.equal(value, features[name])
          assert.equal(contribution, value * blend.weights[name])
        }
      }
    }))
  })

  test('leave out parts that add nothing', () => {
    const features = Object.fromEntries(featureNames.map((name) => [name, name === 'follow' ? 1 : 0])) as Parameters<typeof scoreOf>[0]
    assert.equal(scoreOf(features, blend), blend.weights.follow)
    assert.deepEqual(partsOf(features, blend), [{ name: 'follow', value: 1, contribution: blend.weights.follow }])
  })
})

describe('rank', () => {
  test('gives the same feed for the same input, in whatever order the candidates come', () => {
    fc.assert(fc.property(someCandidates, someProfile, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (candidates, profile, draws) => {
      const drawn = [...draws.take(20)]
      const ranked = (order: typeof candidates) => {
        let draw = 0
        return rank(order, profile, options({ random: () => drawn[draw++] ?? 0 })).map(({ item, propensity }) => [item.candidate.id, item.score, propensity])
      }
      assert.deepEqual(ranked(candidates.toReversed()), ranked(candidates))
    }))
  })

  test('shows no candidate twice and none that it was not given', () => {
    fc.assert(fc.property(someCandidates, someProfile, fc.nat(40), fc.integer({ min: 0, max: 5 }), (candidates, profile, count, exploreEvery) => {
      const shown = rank(candidates, profile, options({ count, exploreEvery })).map(({ item }) => item.candidate)
      assert.ok(shown.length <= count)
      assert.equal(new Set(shown.map(({ id }) => id)).size, shown.length)
      for (const candidate of shown) assert.ok(candidates.includes(candidate))
    }))
  })

  test('explores new sellers only, at every nth place, with the probability that it had', () => {
    fc.assert(fc.property(someCandidates, someProfile, fc.integer({ min: 1, max: 5 }), (candidates, profile, exploreEvery) => {
      const placed = rank(candidates, profile, options({ exploreEvery }))
      for (const [place, { item, propensity }] of placed.entries()) {
        assert.ok(propensity > 0 && propensity <= 1)
        if (propensity === 1) continue
        assert.equal((place + 1) % exploreEvery, 0)
        assert.ok(hasSource(item.candidate.sources, 'NEW_SELLER'))
      }
      for (const { propensity } of rank(candidates, profile, options({ exploreEvery: 0 }))) assert.equal(propensity, 1)
    }))
  })
})

describe('explore', () => {
  test('draws uniformly from what the ranking did not choose, each once', () => {
    const draws = [0, 0.99]
    assert.deepEqual(
      explore(['a', 'b', 'c', 'd', 'e'], ['b', 'x', 'y', 'z'], { every: 2, random: () => draws.shift() ?? 0 }),
      [{ item: 'a', propensity: 1 }, { item: 'x', propensity: 1 / 3 }, { item: 'c', propensity: 1 }, { item: 'z', propensity: 1 / 2 }, { item: 'e', propensity: 1 }],
    )
  })

  test('each of n is drawn in an nth of the draws', () => {
    const drawn = new Map<string, number>()
    for (let i = 0; i < 300; i++) {
      const [, second] = explore(['a', 'b'], ['x', 'y', 'z'], { every: 2, random: () => i / 300 })
      drawn.set(second!.item, (drawn.get(second!.item) ?? 0) + 1)
    }
    assert.deepEqual([...drawn], [['x', 100], ['y', 100], ['z', 100]])
  })

  test('leaves the ranking as it is where there is nothing to explore', () => {
    assert.deepEqual(explore(['a', 'b'], ['a'], { every: 1, random: () => 0 }), [{ item: 'a', propensity: 1 }, { item: 'b', propensity: 1 }])
  })
})

test('no seller is shown more often than the cap, whether chosen or explored', () => {
  fc.assert(fc.property(someCandidates, someProfile, fc.double({ min: 0, max: 0.999, noNaN: true }), (candidates, profile, draw) => {
    const ofSeller = new Map<string, number>()
    for (const { item } of rank(candidates, profile, options({ exploreEvery: 2, random: () => draw }))) {
      const { sellerId } = item.candidate
      if (sellerId === undefined) continue
      const count = (ofSeller.get(sellerId) ?? 0) + 1
      ofSeller.set(sellerId, count)
      assert.ok(count <= defaultDiversity.perSeller, `${sellerId} is shown ${count} times`)
    }
  }), { numRuns: 500 })
})
