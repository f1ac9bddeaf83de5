import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EventQueue } from '../../federation/event-queue.ts'
import { areSame, handOver } from '../../gateway/hand-over.ts'

test('events are the same if what both select is, and something is', () => {
  assert.ok(areSame({ data: { a: { id: 1, x: 2 } } }, { data: { a: { id: 1, y: 3 } } }))
  assert.ok(!areSame({ data: { a: { id: 1 } } }, { data: { a: { id: 2, y: 3 } } }))
  assert.ok(!areSame({ data: { a: 1 } }, { data: { b: 1 } }))
  assert.ok(!areSame({ data: { a: [1, 2] } }, { data: { a: [1] } }))
  assert.ok(!areSame({ data: { a: null } }, { data: { a: { id: 1 } } }))
})

const narrow = (id: number) => ({ data: { tick: { id } } })
const wide = (id: number) => ({ data: { tick: { id, more: `more of ${id}` } } })
const idOf = (event: unknown): number => (event as ReturnType<typeof narrow>).data.tick.id

describe('a source that takes over', { timeout: 60_000 }, () => {
  test('misses nothing and repeats nothing, whenever it begins and whichever is faster', async () => {
    await fc.assert(fc.asyncProperty(
      fc.integer({ min: 0, max: 12 }), fc.array(fc.constantFrom('former', 'next', 'read'), { minLength: 10, maxLength: 60 }), fc.boolean(),
      async (begin, steps, dies) => {
        const count = 30
        const former = new EventQueue<unknown>(1_000)
        const next = new EventQueue<unknown>(1_000)
        let switched = 0
        const events = handOver(former, undefined, next, () => { switched++ })
        const seen: unknown[] = []
        let [a, b] = [0, begin]
        const reading: Promise<void>[] = []
        const read = () => void reading.push(events.next().then(({ done, value }) => { if (!done) seen.push(value) }))
        for (const step of steps) {
          if (step === 'former' && a < count) former.push(narrow(a++))
          if (step === 'next' && b < count) next.push(wide(b++))
          if (step === 'read') read()
          await new Promise((resolve) => setImmediate(resolve))
        }
        while (a < count) former.push(narrow(a++))
        while (b < count) next.push(wide(b++))
        if (dies) former.fail(new Error('lost'))
        while (reading.length < count) read()
        await Promise.all(reading)
        assert.deepEqual(seen.map(idOf), Array.from({ length: count }, (_, id) => id))
        assert.equal(switched, 1)
        assert.ok(former.ended)
        await events.return?.()
      },
    ), { numRuns: 300 })
  })
})
