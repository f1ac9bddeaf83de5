import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { compareWithUninterrupted } from './kill-embedded.ts'
import { killMembersInTurn } from './kill-kafka.ts'

const wanted = 200
const minutes = 60_000

describe('kill -9 at random moments', () => {
  test(`${wanted} times on the embedded log: every figure and announcement equals the uninterrupted run's`, { timeout: 40 * minutes }, async (t) => {
    let kills = 0
    for (let seed = 100; kills < wanted; seed++) {
      kills += await compareWithUninterrupted({ kills: 25, events: 25_000, seed })
      t.diagnostic(`${kills} kills`)
    }
  })

  test('20 times one of two processes on Kafka, with takeovers within 10 s', { timeout: 20 * minutes, skip: requireReal('kafka') }, async (t) => {
    const { takeovers } = await killMembersInTurn({ kills: 20, seed: 200 })
    t.diagnostic(`takeovers after ${takeovers.join(', ')} ms`)
    assert.ok(Math.max(...takeovers) <= 10_000, `expected takeovers within 10 s, got ${takeovers.join(', ')} ms`)
  })
})
