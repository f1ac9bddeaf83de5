import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Increment } from '../../../ingest/effects.ts'
import { counterNames } from '../../../ingest/effects.ts'
import { kinds } from '../../../ingest/metrics/cells.ts'
import { decodeMetrics, encodeMetrics } from '../../../ingest/metrics/codec.ts'
import { evolve, newMetrics, pruneMetrics } from '../../../ingest/metrics/index.ts'
import type { Metrics } from '../../../ingest/metrics/index.ts'
import { decayedValue, readMetrics, viewersNow, windowValue } from '../../../ingest/metrics/read.ts'
import { readSlackMs } from '../../../ingest/metrics/windows.ts'
import { windowNames } from '../../../search/metrics.ts'
import { assertSame } from '../projections/world.ts'
import { increments, reference, start } from './reference.ts'

const evolved = (all: readonly Increment[], appendedAt = start): Metrics => {
  const state = newMetrics()
  for (const increment of all) evolve(state, increment, appendedAt)
  return state
}
const chats = (at: number, amount = 1): Increment => ({ count: 'chats', at, amount })

test('an event counts from at once until its bucket is a window old', () => {
  const at = start + 500
  const state = evolved([chats(at)])
  const inWindow = (now: number) => readMetrics(state, now, 0).windows['30s'].chats
  assert.deepEqual([at - 5_000, at, start + 29_999, start + 30_000, start + 30_001].map(inWindow), [1, 1, 1, 0, 0])
})

test('the windows are 30 seconds, 5 minutes and an hour', () => {
  const state = evolved([chats(start)])
  for (const [name, length] of [['30s', 30_000], ['5m', 300_000], ['1h', 3_600_000]] as const) {
    assert.equal(windowValue(state, name, 'chats', start + length - 1), 1, name)
    assert.equal(windowValue(state, name, 'chats', start + length), 0, name)
  }
})

test('a decayed total halves in an hour and never exceeds what was counted', () => {
  const state = evolved([chats(start, 8)])
  assert.equal(decayedValue(state, 'chats', start), 8)
  assert.equal(decayedValue(state, 'chats', start - 1_000), 8)
  assert.ok(Math.abs(decayedValue(state, 'chats', start + 3 * 3_600_000) - 1) < 1e-12)
})

test('a person counts once however often seen, until 30 s after the last sighting', () => {
  const state = evolved([0, 10_000, 20_000].map((ms) => ({ viewer: 'ann', at: start + ms })), start + 20_000)
  assert.equal(viewersNow(state, start + 49_999), 1)
  assert.equal(viewersNow(state, start + 50_000), 0)
  assert.equal(readMetrics(state, start + 50_000, 0).windows['5m'].viewers, 1)
})

for (const people of [3, 12, 2_000])
  test(`agrees with the sum over all increments in any order, among ${people} people, pruned and restarted anywhere`, () => {
    fc.assert(fc.property(
      increments(people), fc.integer({ min: 2, max: 50 }), fc.integer({ min: -readSlackMs, max: 2 * 3_600_000 }),
      (all, each, offset) => {
        let state = newMetrics()
        let greatest = 0
        for (const [i, { increment, appendedAt }] of all.entries()) {
          evolve(state, increment, appendedAt)
          greatest = Math.max(greatest, appendedAt)
          if (i % each === 0) pruneMetrics(state, greatest)
          if (i % each === 1) state = decodeMetrics(encodeMetrics(state))
        }
        const now = greatest + offset
        const { eventTime, appliedAt, ...values } = readMetrics(state, now, 7)
        assertSame(values, reference(all.map(({ increment }) => increment), now))
        assert.equal(eventTime, Math.max(...all.map(({ increment }) => increment.at)))
        assert.equal(appliedAt, 7)
        for (const window of windowNames)
          for (const name of [...counterNames, 'viewers'] as const)
            assert.equal(windowValue(state, window, name, now), values.windows[window][name])
      },
    ), { numRuns: people > 100 ? 150 : 300 })
  })

test('with no events every value falls as time passes', () => {
  fc.assert(fc.property(increments(20), fc.array(fc.integer({ min: 0, max: 4_000_000 }), { minLength: 2, maxLength: 6 }), (all, steps) => {
    const state = newMetrics()
    for (const { increment, appendedAt } of all) evolve(state, increment, appendedAt)
    let now = state.appendedAt
    let former = readMetrics(state, now, 0)
    for (const step of steps) {
      now += step
      const current = readMetrics(state, now, 0)
      for (const window of windowNames)
        for (const name of [...counterNames, 'viewers'] as const)
          assert.ok(current.windows[window][name] <= former.windows[window][name], `${window} ${name}`)
      for (const name of counterNames) assert.ok(current.decayed[name] <= former.decayed[name], name)
      former = current
    }
  }))
})

test('a bucket tells all counters apart', () => {
  assert.ok(counterNames.length <= kinds && Number.isInteger(Math.log2(kinds)), `raise kinds (ingest/metrics/cells.ts) from ${kinds}`)
})

test('what nobody can read any more takes no memory', () => {
  const state = newMetrics()
  for (let second = 0; second < 4 * 3_600; second++) {
    const at = start + second * 1_000
    for (const count of counterNames) evolve(state, { count, at, amount: 1 }, at)
    evolve(state, { viewer: `u${second}`, at }, at)
  }
  // A window and the slack in its own buckets, and a bucket at either end.
  const buckets = [[30, 1], [300, 10], [3_600, 120]].reduce((sum, [length = 0, width = 1]) => sum + (length + readSlackMs / 1_000) / width + 2, 0)
  const cells = state.cells.length / 2
  assert.ok(cells <= counterNames.length * buckets + 32, `${cells} cells, of ${counterNames.length} × ${buckets}`)
  const slots = (state.many?.table?.slots.length ?? 0) / 2
  assert.ok(slots > 0 && slots <= 16_384, `${slots} slots for 3,660 people`)

  pruneMetrics(state, start + 10 * 3_600_000)
  assert.deepEqual(state.cells, [])
  assert.deepEqual([state.few, state.many], [[], null])
  assert.equal(readMetrics(state, start + 10 * 3_600_000, 0).total.chats, 4 * 3_600)
})
