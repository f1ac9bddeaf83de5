import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createAgenda } from '../../simulator/agenda.ts'
import { aliasTable, createRandom } from '../../simulator/random.ts'

const draws = (seed: number, purpose: string, count: number): number[] => {
  const random = createRandom(seed, purpose)
  return Array.from({ length: count }, () => random.float())
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('random', () => {
  test('repeats itself for a seed and a purpose, and for no other', () => {
    assert.deepEqual(draws(1, 'a', 100), draws(1, 'a', 100))
    assert.notDeepEqual(draws(1, 'a', 4), draws(2, 'a', 4))
    assert.notDeepEqual(draws(1, 'a', 4), draws(1, 'b', 4))
  })

  test('is uniform: ten bins of 100,000 draws pass a chi-squared test at 0.1%', () => {
    const bins = new Array<number>(10).fill(0)
    for (const value of draws(3, 'bins', 100_000)) {
      assert.ok(value >= 0 && value < 1)
      bins[Math.floor(value * 10)] = (bins[Math.floor(value * 10)] ?? 0) + 1
    }
    const statistic = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    assert.ok(statistic < 27.88, `chi-squared ${statistic} with 9 degrees of freedom`)
  })

  test('has the distributions that it names', () => {
    const random = createRandom(5, 'shapes')
    const normal = Array.from({ length: 100_000 }, () => random.normal())
    assert.ok(Math.abs(mean(normal)) < 0.02)
    assert.ok(Math.abs(mean(normal.map((value) => value * value)) - 1) < 0.03)
    assert.ok(Math.abs(mean(Array.from({ length: 100_000 }, () => random.exponential(7))) - 7) < 0.15)
    assert.throws(() => random.pick([]), /expected a list with members/)
  })

  test('samples different members, all of them when asked for more', () => {
    const random = createRandom(6)
    const chosen = random.sample([1, 2, 3, 4, 5], 9)
    assert.deepEqual(chosen.toSorted(), [1, 2, 3, 4, 5])
  })

  test('draws from an alias table in proportion to the weights', () => {
    const weights = [5, 0, 1, 4]
    const draw = aliasTable(weights)
    const random = createRandom(7)
    const counts = [0, 0, 0, 0]
    for (let index = 0; index < 100_000; index++) {
      const drawn = draw(random)
      counts[drawn] = (counts[drawn] ?? 0) + 1
    }
    assert.equal(counts[1], 0)
    weights.forEach((weight, index) => assert.ok(Math.abs((counts[index] ?? 0) / 100_000 - weight / 10) < 0.01))
  })
})

describe('agenda', () => {
  test('gives what is planned by time, and in the order of planning within a moment', () => {
    fc.assert(fc.property(fc.array(fc.nat(20)), (times) => {
      const agenda = createAgenda<number>()
      times.forEach((time, order) => agenda.plan(time, order))
      const taken: { time: number; order: number }[] = []
      while (agenda.size > 0) {
        const next = agenda.nextTime()
        const entry = agenda.take()
        assert.equal(entry?.time, next)
        taken.push({ time: entry?.time ?? NaN, order: entry?.what ?? NaN })
      }
      const expected = times.map((time, order) => ({ time, order })).sort((a, b) => a.time - b.time || a.order - b.order)
      assert.deepEqual(taken, expected)
      assert.equal(agenda.take(), undefined)
      assert.equal(agenda.nextTime(), Infinity)
    }))
  })
})
