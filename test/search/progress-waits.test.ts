import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import fc from 'fast-check'
import { covers } from '../../events/log.ts'
import { ProgressWaits } from '../../search/progress-waits.ts'

const never = new AbortController().signal

/** A promise with a look at whether it is settled, after all that is due. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false
  void promise.then(() => { done = true })
  for (let i = 0; i < 5; i++) await Promise.resolve()
  return done
}

test('resolves when all that is asked for is covered, at once where it already is', async () => {
  const waits = new ProgressWaits()
  const wait = waits.waitFor({ 'users/0': 5, 'users/1': 3 }, never)
  waits.advance({ 'users/0': 7 }, {})
  assert.equal(await isDone(wait), false)
  waits.advance({ 'users/1': 2 }, {})
  assert.equal(await isDone(wait), false)
  waits.advance({ 'users/1': 3 }, {})
  assert.equal(await isDone(wait), true)
  assert.equal(await isDone(waits.waitFor({ 'users/0': 7 }, never)), true)
  assert.equal(await isDone(waits.waitFor({}, never)), true)
  assert.deepEqual(waits.covered(), { 'users/0': 7, 'users/1': 3 })
})

test('waits for what the events had re-keyed too, and no further', async () => {
  const waits = new ProgressWaits()
  const wait = waits.waitFor({ 'engagements/0': 5 }, never)
  waits.advance({ 'engagements/0': 5 }, { 'rekeyed/2': 9 })
  assert.equal(await isDone(wait), false)
  // More is re-keyed later, by others and by the same shard: none of it is this wait's business.
  waits.advance({ 'engagements/0': 6 }, { 'rekeyed/2': 11 })
  waits.advance({ 'rekeyed/2': 8 }, { 'rekeyed/1': 100 })
  assert.equal(await isDone(wait), false)
  waits.advance({ 'rekeyed/2': 9 }, { 'rekeyed/1': 100 })
  assert.equal(await isDone(wait), true)
})

test('one who asks after the fact waits for what was re-keyed meanwhile', async () => {
  const waits = new ProgressWaits()
  waits.advance({ 'engagements/0': 5 }, { 'rekeyed/2': 9 })
  const wait = waits.waitFor({ 'engagements/0': 5 }, never)
  assert.equal(await isDone(wait), false)
  waits.advance({ 'rekeyed/2': 9 }, {})
  assert.equal(await isDone(wait), true)
})

test('rejects with the reason of its signal and forgets the wait', async () => {
  const waits = new ProgressWaits()
  const abort = new AbortController()
  const wait = waits.waitFor({ 'users/0': 1 }, abort.signal)
  assert.equal(waits.waiting, 1)
  abort.abort(new Error('too long'))
  await assert.rejects(wait, /too long/)
  assert.equal(waits.waiting, 0)
  await assert.rejects(waits.waitFor({ 'users/0': 1 }, abort.signal), /too long/)
  waits.advance({ 'users/0': 1 }, {})
})

test('leaves nothing behind on a signal that outlives it', async () => {
  const waits = new ProgressWaits()
  const { signal } = new AbortController()
  const wait = waits.waitFor({ 'users/0': 1 }, signal)
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  waits.advance({ 'users/0': 1 }, {})
  await wait
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('never resolves before, and always once, the positions and what they re-keyed are covered', async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ shard: fc.nat({ max: 2 }), own: fc.nat({ max: 3 }), received: fc.nat({ max: 3 }), emitted: fc.nat({ max: 3 }), to: fc.nat({ max: 2 }) }), { maxLength: 30 }),
    fc.array(fc.nat({ max: 20 }), { minLength: 3, maxLength: 3 }), fc.nat({ max: 30 }),
    async (steps, wanted, begin) => {
      const waits = new ProgressWaits()
      const ends: Record<string, number>[] = [{}, {}, {}]
      const positions = Object.fromEntries(wanted.map((offset, shard) => [`users/${shard}`, offset]))
      let wait: Promise<void> | null = null
      for (const [i, { shard, own, received, emitted, to }] of steps.entries()) {
        if (i === begin) wait = waits.waitFor(positions, never)
        const covered = waits.covered()
        const rekeyed = ends[shard] as Record<string, number>
        rekeyed[`rekeyed/${to}`] = (rekeyed[`rekeyed/${to}`] ?? 0) + emitted
        waits.advance({ [`users/${shard}`]: (covered[`users/${shard}`] ?? 0) + own, [`rekeyed/${shard}`]: (covered[`rekeyed/${shard}`] ?? 0) + received }, { ...rekeyed })
        if (wait && await isDone(wait)) {
          assert.ok(covers(waits.covered(), positions))
          break
        }
      }
      if (!wait) return
      const all: Record<string, number> = { ...positions }
      for (const rekeyed of ends) for (const [key, end] of Object.entries(rekeyed)) all[key] = Math.max(all[key] ?? 0, end)
      for (let shard = 0; shard < 3; shard++) {
        const mine = Object.fromEntries(Object.entries(all).filter(([key]) => key.endsWith(`/${shard}`)))
        waits.advance(mine, ends[shard] as Record<string, number>)
      }
      assert.equal(await isDone(wait), true)
    },
  ))
})
