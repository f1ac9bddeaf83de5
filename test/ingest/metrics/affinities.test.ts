import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Increment } from '../../../ingest/effects.ts'
import { affinityHalfLifeMs, affinityLapseMs } from '../../../ingest/metrics/affinities.ts'
import { decodeMetrics, encodeMetrics } from '../../../ingest/metrics/codec.ts'
import { evolve, newMetrics, pruneMetrics } from '../../../ingest/metrics/index.ts'
import { readUserAffinities } from '../../../ingest/metrics/read.ts'
import { readSlackMs } from '../../../ingest/metrics/windows.ts'
import { assertSame } from '../projections/world.ts'
import { start } from './reference.ts'

const read = (all: readonly Increment[], now: number) => {
  const state = newMetrics()
  for (const increment of all) evolve(state, increment, start)
  return readUserAffinities(state, now)
}

test('an affinity adds up by signal and halves in seven days', () => {
  const all: Increment[] = [
    { affinity: 'seller', to: 's1', signal: 'watchSeconds', at: start, amount: 60 },
    { affinity: 'seller', to: 's1', signal: 'watchSeconds', at: start, amount: 20 },
    { affinity: 'seller', to: 's1', signal: 'purchases', at: start, amount: 2 },
    { affinity: 'category', to: 's1', signal: 'engagements', at: start, amount: 1 },
  ]
  const now = start + affinityHalfLifeMs
  assertSame(read(all, now), {
    sellers: [{ id: 's1', watchSeconds: 40, engagements: 0, purchases: 1, lastAt: start }],
    categories: [{ id: 's1', watchSeconds: 0, engagements: 0.5, purchases: 0, lastAt: start }],
    follows: [],
  })
})

test('the latest sign comes first, and one without signs for thirteen half-lives is gone', () => {
  const sign = (to: string, at: number): Increment => ({ affinity: 'seller', to, signal: 'engagements', at, amount: 1 })
  const all = [sign('old', start), sign('b', start + 5), sign('a', start + 5), sign('new', start + 9)]
  const ids = (now: number) => read(all, now).sellers.map(({ id }) => id)
  assert.deepEqual(ids(start + 10), ['new', 'a', 'b', 'old'])
  assert.deepEqual(ids(start + affinityLapseMs), ['new', 'a', 'b'])
})

test('following is decided by the latest event, ties by its source and id, whatever comes first', () => {
  const events = [
    { follow: 's1', following: true, at: start, tie: 'app e1' },
    { follow: 's1', following: false, at: start, tie: 'app e2' },
    { follow: 's2', following: false, at: start, tie: 'app e3' },
    { follow: 's2', following: true, at: start + 1, tie: 'app e0' },
    { follow: 's0', following: true, at: start, tie: 'app e9' },
  ]
  fc.assert(fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
    assert.deepEqual(read(shuffled, start).follows, ['s0', 's2'])
  }))
})

test('pruning drops what has lapsed for every reader and nothing else; the state record holds all', () => {
  const state = newMetrics()
  const all: Increment[] = [
    { affinity: 'seller', to: 'gone', signal: 'purchases', at: start, amount: 1 },
    { affinity: 'category', to: 'c:odd s:name', signal: 'purchases', at: start + 2 * readSlackMs, amount: 3 },
    { follow: 'gone', following: true, at: start, tie: 't' },
    { follow: 'left', following: false, at: start, tie: 't' },
  ]
  for (const increment of all) evolve(state, increment, start)
  const now = start + affinityLapseMs + readSlackMs
  const before = readUserAffinities(state, now)
  pruneMetrics(state, now)
  assert.equal(state.affinities?.length, 5)
  assert.deepEqual(readUserAffinities(state, now), before)
  const restored = decodeMetrics(encodeMetrics(state))
  assert.deepEqual(readUserAffinities(restored, now), before)
  // The unfollowing is remembered too: an older event must not undo it.
  evolve(restored, { follow: 'left', following: true, at: start - 1, tie: 't' }, start)
  assert.deepEqual(readUserAffinities(restored, now).follows, ['gone'])
})
