import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWithUninterrupted } from './kill-embedded.ts'

test('killed ten times, ingest ends where the uninterrupted run ends and has announced everything once', { timeout: 120_000 }, async (t) => {
  const kills = await compareWithUninterrupted({ kills: 10, events: 12_000, seed: 7 })
  t.diagnostic(`${kills} kills`)
  assert.ok(kills >= 8, `expected the children to be killed at work, got only ${kills} kills`)
})
