import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evolve, newMetrics } from '../../../ingest/metrics/index.ts'
import { popularityOf } from '../../../ingest/metrics/popularity.ts'
import { start } from './reference.ts'

test('popularity is 0 without events, rises with each and falls with time', () => {
  const state = newMetrics()
  const values = [popularityOf(state, start)]
  for (const increment of [{ viewer: 'u', at: start }, { count: 'purchases', at: start, amount: 1 }] as const) {
    evolve(state, increment, start)
    values.push(popularityOf(state, start))
  }
  assert.equal(values[0], 0)
  assert.ok((values[1] as number) > 0 && (values[2] as number) > (values[1] as number))
  assert.ok(popularityOf(state, start + 60_000) < (values[2] as number))
})
