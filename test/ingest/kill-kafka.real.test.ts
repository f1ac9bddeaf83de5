import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { killMembersInTurn } from './kill-kafka.ts'

describe('two ingest processes on Kafka', { skip: requireReal('kafka') }, () => {
  test('one dies and comes back, by turns: nothing is lost or repeated, and its partitions go on within 10 s', { timeout: 180_000 }, async (t) => {
    const { takeovers } = await killMembersInTurn({ kills: 3, seed: 11 })
    t.diagnostic(`takeovers after ${takeovers.join(', ')} ms`)
    assert.ok(Math.max(...takeovers) <= 10_000, `expected takeovers within 10 s, got ${takeovers.join(', ')} ms`)
  })
})
