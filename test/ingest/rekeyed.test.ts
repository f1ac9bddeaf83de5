import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRekeyed, encodeRekeyed, Repetitions } from '../../ingest/rekeyed.ts'

test('whatever is emitted again after crashes, each effect is received once and none is missed', () => {
  const places = fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }).map((steps) => {
    let offset = 0
    return steps.map((step, i) => [offset += step, i] as const)
      .map(([at, i], j, all) => [at, all.slice(0, j).filter(([other]) => other === at).length, i] as const)
  })
  fc.assert(fc.property(places, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 5 }), (all, crashes) => {
    const repetitions = new Repetitions()
    const received: number[] = []
    const emit = (some: typeof all) => {
      for (const [offset, index, i] of some) if (!repetitions.seen('t/0', offset, index)) received.push(i)
    }
    // Each emitter goes on from somewhere at or before where the former one stopped.
    let reached = 0
    for (const [back, forth] of crashes) {
      const from = reached - (back % (reached + 1))
      reached = Math.max(reached, from + (forth % (all.length - from + 1)))
      emit(all.slice(from, reached))
    }
    emit(all.slice(reached))
    assert.deepEqual(received, all.map(([, , i]) => i))
  }))
})

test('sources do not disturb each other, and marks survive a checkpoint', () => {
  const repetitions = new Repetitions()
  assert.equal(repetitions.seen('t/0', 5, 1), false)
  assert.equal(repetitions.seen('t/1', 3, 0), false)
  const again = new Repetitions(JSON.parse(JSON.stringify(repetitions.marks())))
  assert.equal(again.seen('t/0', 5, 1), true)
  assert.equal(again.seen('t/0', 5, 2), false)
  assert.equal(again.seen('t/1', 4, 0), false)
  assert.equal(again.seen('t/2', 0, 0), false)
})

test('a record passes the log unchanged', () => {
  const record = {
    shard: 3,
    effects: [{
      topic: 't', offset: 7, index: 2, type: 'PurchaseMade', source: 'urn:é', id: '1', time: 5, appendedAt: 6,
      effect: { entity: 'user:日本' as const, increments: [{ count: 'revenue' as const, at: 5, amount: 100 }] },
    }],
  }
  assert.deepEqual(decodeRekeyed(encodeRekeyed(record)), record)
})
