import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../../subscriptions/delivery/pace.ts'

/** A pace whose time passes as it is told, in turns that are run by hand. */
const paced = (budgetMs: number, left?: number) => {
  const turns: (() => void)[] = []
  const rests: number[] = []
  const time = { now: 0 }
  const pace = new Pace({ budgetMs, left, now: () => time.now, defer: (run) => void turns.push(run), after: (ms, run) => { rests.push(ms); turns.push(run) } })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return {
    pace, time, turns, rests,
    turn: async () => {
      for (const run of turns.splice(0)) run()
      await settle()
    },
  }
}

test('what fits into a turn is let in at once, what does not waits for later ones, in its order', async () => {
  const { pace, time, turns, turn } = paced(2)
  const begun: number[] = []
  const work = async (number: number): Promise<void> => {
    await pace.turn
    begun.push(number)
    time.now++
  }
  assert.equal(pace.turn, undefined)
  time.now++
  assert.equal(pace.turn, undefined)
  time.now++
  const all = Array.from({ length: 7 }, (_, number) => work(number))
  await turn()
  assert.deepEqual(begun, [0, 1], 'as much as there is time for')
  await turn()
  assert.deepEqual(begun, [0, 1, 2, 3])
  // Whoever comes now is the last.
  all.push(work(7))
  await turn()
  await turn()
  await Promise.all(all)
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7])
  assert.deepEqual(turns, [], 'nothing is done where nobody waits')
  assert.equal(pace.turn, undefined)
})

test('work that takes longer than a turn may still goes on, one piece in each', async () => {
  const { pace, time, turn } = paced(2)
  const begun: number[] = []
  const piece = async (number: number): Promise<void> => {
    const later = pace.turn
    if (later) await later
    begun.push(number)
    time.now += 10
  }
  const all = Array.from({ length: 3 }, (_, number) => piece(number).then(() => piece(number + 10)))
  assert.deepEqual(begun, [0])
  while (begun.length < 6) {
    const before = begun.length
    await turn()
    assert.equal(begun.length - before, 1)
  }
  await Promise.all(all)
  assert.deepEqual(begun, [0, 1, 2, 10, 11, 12])
})

test('all that somebody does without waiting counts, over however many promises', async () => {
  const { pace, time, turn } = paced(2)
  while (pace.turn === undefined) time.now++
  const begun: number[] = []
  const all = [0, 1, 2].map(async (number) => {
    await pace.turn
    begun.push(number)
    for (let step = 0; step < 20; step++) await undefined
    time.now += 5
  })
  for (const expected of [0, 1, 2, 3]) {
    assert.equal(begun.length, expected)
    await turn()
  }
  await Promise.all(all)
})

test('many times what it takes is left to others where that is wanted, less where those who wait would wait too long', async () => {
  const { pace, time, rests, turn } = paced(2, 8)
  const work = async (ms: number): Promise<void> => {
    const later = pace.turn
    if (later) await later
    time.now += ms
  }
  // The first two are let in at once.
  const few = Array.from({ length: 8 }, () => work(1))
  for (let turns = 0; turns < 4; turns++) await turn()
  await Promise.all(few)
  assert.deepEqual(rests, [16, 16], 'behind two of a ms each, as long as somebody waits')

  rests.length = 0
  const many = Array.from({ length: 2_002 }, () => work(1))
  await turn()
  assert.deepEqual(rests, [2 * (4_000 / 1_998 - 1)])
  while (rests.length < 1_000 && rests.at(-1) !== 16) await turn()
  assert.equal(rests.at(-1), 16)
  while (rests.length > 0) {
    rests.length = 0
    await turn()
  }
  await Promise.all(many)
})
