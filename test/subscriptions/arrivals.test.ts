import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Arrivals } from '../../subscriptions/arrivals.ts'

interface Arrival { key: string; place: number }

describe('arrivals', { timeout: 20_000 }, () => {
  test('come in their order, however they are read: of each key the latest in its own place, and every key once in each taking', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.constant(null)), { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), async (steps, bound) => {
      const arrivals = new Arrivals<Arrival>({ onEnd: () => {}, bound })
      const put: Arrival[] = []
      const got: Arrival[] = []
      for (const key of steps) {
        if (key !== null) {
          put.push({ key, place: put.length })
          arrivals.put(put.at(-1)!)
        } else if (arrivals.size > 0) got.push((await arrivals.next()).value)
        // What is taken, at most a bound and the keys; and as much again that waits.
        assert.ok(arrivals.size <= 2 * Math.max(bound, 2 * 4))
      }
      arrivals.end()
      for await (const each of arrivals) got.push(each)
      assert.deepEqual(got.map(({ place }) => place), got.map(({ place }) => place).toSorted((a, b) => a - b))
      for (const key of new Set(put.map((each) => each.key)))
        assert.equal(got.findLast((each) => each.key === key), put.findLast((each) => each.key === key))
      if (put.length <= bound) assert.deepEqual(got, put)
    }))
  })

  test('a busy key keeps no other one waiting', async () => {
    const arrivals = new Arrivals<Arrival>({ onEnd: () => {}, bound: 2 })
    const busy = () => { for (let i = 0; i < 5; i++) arrivals.put({ key: 'busy', place: 0 }) }
    busy()
    arrivals.put({ key: 'quiet', place: 0 })
    const keys: string[] = []
    for (let i = 0; i < 4; i++) {
      busy()
      keys.push(((await arrivals.next()).value as Arrival).key)
    }
    assert.ok(keys.includes('quiet'), keys.join())
  })

  test('end with what waits, then the error; who leaves gets nothing more, and the producer hears of it once', async () => {
    let ends = 0
    const failing = new Arrivals<Arrival>({ onEnd: () => void ends++ })
    failing.put({ key: 'a', place: 0 })
    failing.end(new Error('gone'))
    failing.put({ key: 'b', place: 1 })
    assert.equal((await failing.next()).value?.key, 'a')
    await assert.rejects(failing.next(), /gone/)
    assert.equal((await failing.next()).done, true)
    const left = new Arrivals<Arrival>({ onEnd: () => void ends++ })
    const waiting = left.next()
    left.put({ key: 'a', place: 0 })
    await left.return()
    assert.equal((await waiting).done, true)
    left.end(new Error('too late'))
    assert.equal((await left.next()).done, true)
    assert.equal(ends, 2)
  })
})
