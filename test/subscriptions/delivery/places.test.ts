import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Places } from '../../../subscriptions/delivery/places.ts'

/** Places, who has got one so far, and timers that are run by hand. */
function watched(most: number) {
  const timers = new Set<() => void>()
  const places = new Places({ most, patienceMs: 7, after: (ms, run) => {
    assert.equal(ms, 7)
    timers.add(run)
    return () => timers.delete(run)
  } })
  const leave: (() => void)[] = []
  return { timers, leave, come: async (count: number) => {
    for (let left = count; left > 0; left--) void places.take().then((give) => leave.push(give))
    await nextTurn()
  } }
}

test('so many have a place at once, the others follow in their order; a place is given back once', async () => {
  const { leave, come, timers } = watched(2)
  await come(5)
  assert.equal(leave.length, 2)
  leave[0]!()
  leave[0]!()
  await nextTurn()
  assert.equal(leave.length, 3)
  leave[1]!()
  leave[2]!()
  await nextTurn()
  assert.equal(leave.length, 5)
  leave[3]!()
  leave[4]!()
  await come(3)
  assert.equal(leave.length, 7, 'as many as before')
  assert.equal(timers.size, 2, 'nobody who has left is waited for')
})

test('whoever takes too long has others beside it', async () => {
  const { leave, come, timers } = watched(1)
  await come(2)
  assert.equal(leave.length, 1)
  for (const run of timers) run()
  await nextTurn()
  assert.equal(leave.length, 2)
  leave[0]!()
  await come(1)
  assert.equal(leave.length, 2, 'it has no place to give back any more')
})
