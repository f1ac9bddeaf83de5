import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ConflatingMailbox } from '../../subscriptions/mailbox.ts'

const mailbox = <V>(merge?: (waiting: V, next: V) => V | undefined) => {
  let ends = 0
  const box = new ConflatingMailbox<string, V>({ merge, onEnd: () => void ends++ })
  return { box, ends: () => ends }
}

async function drain<V>(box: ConflatingMailbox<string, V>): Promise<V[]> {
  const values: V[] = []
  box.end()
  for await (const value of box) values.push(value)
  return values
}

describe('a conflating mailbox', () => {
  test('keeps the latest value of each key at the place of the first', async () => {
    const { box } = mailbox<string>()
    for (const [key, value] of [['a', 'a1'], ['b', 'b1'], ['a', 'a2'], ['c', 'c1'], ['a', 'a3']] as const) box.put(key, value)
    assert.equal(box.size, 3)
    assert.deepEqual(await drain(box), ['a3', 'b1', 'c1'])
  })

  test('merges, and forgets what cancels out', async () => {
    const { box } = mailbox<number>((waiting, next) => (waiting + next === 0 ? undefined : waiting + next))
    for (const [key, value] of [['a', 1], ['a', 2], ['b', 5], ['b', -5], ['c', 1], ['b', 3]] as const) box.put(key, value)
    assert.deepEqual(await drain(box), [3, 1, 3])
  })

  test('whoever reads everything sees the same totals as whoever reads nothing until the end', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 5 }), fc.boolean())), async (steps) => {
      const [eager, lazy] = [mailbox<{ key: string; sum: number }>(add), mailbox<{ key: string; sum: number }>(add)]
      const read: { key: string; sum: number }[] = []
      for (const [key, sum, reads] of steps) {
        for (const { box } of [eager, lazy]) box.put(key, { key, sum })
        if (reads && eager.box.size > 0) read.push(((await eager.box.next()) as { value: { key: string; sum: number } }).value)
      }
      const rest = await drain(eager.box)
      assert.deepEqual(totals([...read, ...rest]), totals(await drain(lazy.box)))
      assert.deepEqual(totals([...read, ...rest]), totals(steps.map(([key, sum]) => ({ key, sum }))))
    }))

    function add(waiting: { key: string; sum: number }, next: { key: string; sum: number }) {
      return { key: waiting.key, sum: waiting.sum + next.sum }
    }
    function totals(all: { key: string; sum: number }[]) {
      const sums = new Map<string, number>()
      for (const { key, sum } of all) sums.set(key, (sums.get(key) ?? 0) + sum)
      return new Map([...sums].toSorted())
    }
  })

  test('wakes a reader that waits', async () => {
    const { box } = mailbox<number>()
    const next = box.next()
    box.put('a', 1)
    assert.deepEqual(await next, { done: false, value: 1 })
  })

  test('delivers what waits before it ends, and the reason once', async () => {
    const { box, ends } = mailbox<number>()
    box.put('a', 1)
    box.end(new Error('why'))
    box.put('b', 2)
    box.end(new Error('again'))
    assert.deepEqual(await box.next(), { done: false, value: 1 })
    await assert.rejects(box.next(), /why/)
    assert.deepEqual(await box.next(), { done: true, value: undefined })
    assert.equal(ends(), 1)
  })

  test('its reader leaves at once, while waiting too', async () => {
    const { box, ends } = mailbox<number>()
    const next = box.next()
    assert.deepEqual(await box.return(), { done: true, value: undefined })
    assert.deepEqual(await next, { done: true, value: undefined })
    assert.equal(ends(), 1)
  })
})
