import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { feedEarnings } from '../../bench/feed-earnings.ts'

/** Seeds that nothing was tuned on. Ten of them, in full length: `npm run bench:feed`. */
describe('what the feed earns in a simulated market', { timeout: 120_000 }, () => {
  for (const seed of [9_001, 9_002, 9_003])
    test(`is more than popularity alone, less than the truth (seed ${seed})`, async () => {
      const { ranker, popularity, random, oracle } = await feedEarnings(seed, {
        market: { users: 400, eventsPerSecond: 40 }, warmUpSeconds: 600, moments: 2, usersPerMoment: 40,
      })
      assert.ok(ranker > popularity, `${ranker} is not more than ${popularity}`)
      assert.ok(popularity > random && ranker < oracle)
    })
})
