import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EvaluationBudget } from '../../subscriptions/evaluation-budget.ts'
import { FakeTime } from './fake-time.ts'

describe('the budget of evaluations', () => {
  test('gives a turn when it is due, and not before', async () => {
    const time = new FakeTime()
    const budget = new EvaluationBudget({ ...time, clock: time.clock, after: time.after, perSecond: 100 })
    const at: number[] = []
    budget.ask(70, async () => void at.push(time.clock()))
    budget.ask(30, async () => void at.push(time.clock()))
    const giveBack = budget.ask(50, async () => assert.fail('it was given back'))
    giveBack()
    await time.pass(1_000)
    assert.deepEqual(at, [30, 70])
  })

  test('never gives more in a second than it has, whoever asks how', async () => {
    const asks = fc.array(fc.record({ dueAt: fc.nat(3_000), takes: fc.nat(100) }), { minLength: 30, maxLength: 150 })
    await fc.assert(fc.asyncProperty(asks, fc.integer({ min: 5, max: 60 }), async (all, perSecond) => {
      const time = new FakeTime()
      const budget = new EvaluationBudget({ clock: time.clock, after: time.after, perSecond })
      const begun: number[] = []
      for (const { dueAt, takes } of all) budget.ask(dueAt, () => new Promise((resolve) => {
        begun.push(time.clock())
        time.after(takes, resolve)
      }))
      await time.pass((all.length / perSecond) * 1_000 + 60_000)
      assert.equal(begun.length, all.length, 'everybody has had a turn')
      for (const [place, first] of begun.entries()) {
        const within = begun.slice(place).filter((at) => at < first + 1_000).length
        assert.ok(within <= perSecond + Math.max(1, perSecond * 0.1), `${within} within a second of ${perSecond}`)
      }
    }), { numRuns: 30 })
  })

  test('lets all wait alike when there are too many, and nobody for ever', async () => {
    const time = new FakeTime()
    const budget = new EvaluationBudget({ clock: time.clock, after: time.after, perSecond: 10 })
    const turns = Array.from({ length: 50 }, () => [] as number[])
    const again = (who: number): void => void budget.ask(time.clock() + (who % 2 ? 100 : 1_000), async () => {
      turns[who]!.push(time.clock())
      again(who)
    })
    for (let who = 0; who < 50; who++) again(who)
    await time.pass(60_000)
    // 50 of them share 10 a second: each has a turn about every five seconds, whatever it had asked for.
    for (const [who, at] of turns.entries()) {
      assert.ok(at.length >= 9 && at.length <= 14, `${who} had ${at.length} turns`)
      for (let n = 1; n < at.length; n++) assert.ok(at[n]! - at[n - 1]! <= 7_000, `${who} waited ${at[n]! - at[n - 1]!} ms`)
    }
  })

  test('runs no more of them at the same time than is of use', async () => {
    const time = new FakeTime()
    const budget = new EvaluationBudget({ clock: time.clock, after: time.after, perSecond: 1_000, together: 3 })
    let running = 0
    let most = 0
    for (let n = 0; n < 20; n++) budget.ask(0, () => new Promise((resolve) => {
      most = Math.max(most, ++running)
      time.after(50, () => {
        running--
        resolve()
      })
    }))
    await time.pass(1_000)
    assert.deepEqual([most, running, budget.size], [3, 0, 0])
  })

  test('gives nothing any more once it is closed', async () => {
    const time = new FakeTime()
    const budget = new EvaluationBudget({ clock: time.clock, after: time.after, perSecond: 1 })
    budget.ask(10, async () => assert.fail('it was closed'))
    budget.close()
    budget.ask(20, async () => assert.fail('it was closed'))
    await time.pass(1_000)
  })
})
