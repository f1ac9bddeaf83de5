import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { EventQueue } from '../../federation/event-queue.ts'
import { mapStream } from '../../federation/subscribe.ts'

/** A source that counts what is pulled, and maps that end when they are told. */
const watched = (events: number, atOnce: number) => {
  let pulled = 0
  const source = (async function* () {
    for (let event = 0; event < events; event++) {
      pulled++
      yield event
    }
  })()
  const maps: PromiseWithResolvers<string>[] = []
  const stream = mapStream(source, (event) => {
    maps[event] = Promise.withResolvers()
    return maps[event].promise
  }, { atOnce })
  return { stream, maps, pulled: () => pulled, finish: (event: number) => maps[event]!.resolve(`result ${event}`) }
}

test('events at hand are mapped together, up to so many, and given in their order', async () => {
  const { stream, maps, pulled, finish } = watched(10, 4)
  assert.equal(pulled(), 0, 'nothing is pulled before somebody reads')
  const first = stream.next()
  await nextTurn()
  assert.deepEqual([pulled(), maps.length], [4, 4])
  for (const event of [3, 1, 2]) finish(event)
  await nextTurn()
  assert.equal(pulled(), 4, 'the first is still waited for')
  finish(0)
  assert.deepEqual(await first, { done: false, value: 'result 0' })
  await nextTurn()
  assert.equal(pulled(), 4, 'nobody reads, so nothing is pulled')
  for (const event of [1, 2, 3]) assert.deepEqual(await stream.next(), { done: false, value: `result ${event}` })
  assert.ok(pulled() <= 7)
  await stream.return?.()
})

test('what arrives while nobody reads is left to the source, but for one event that was asked for', async () => {
  const queue = new EventQueue<number>(20)
  const mapped: number[] = []
  const stream = mapStream(queue, async (event) => mapped.push(event), { atOnce: 4 })
  const first = stream.next()
  await nextTurn()
  queue.push(0)
  await first
  for (let event = 1; event <= 10; event++) queue.push(event)
  await nextTurn()
  assert.deepEqual(mapped, [0, 1])
  await stream.return?.()
})

test('one at a time, nothing is pulled before the last result is read', async () => {
  const { stream, pulled, finish } = watched(3, 1)
  const first = stream.next()
  await nextTurn()
  finish(0)
  await first
  await nextTurn()
  assert.equal(pulled(), 1)
  await stream.return?.()
})

test('leaving ends the source at once, and nothing comes any more of what was under way', async () => {
  for (const atOnce of [1, 4]) {
    const queue = new EventQueue<number>(10)
    const never = Promise.withResolvers<number>()
    const stream = mapStream(queue, (event) => event === 0 ? Promise.resolve(0) : never.promise, { atOnce })
    for (const event of [0, 1, 2]) queue.push(event)
    assert.deepEqual(await stream.next(), { done: false, value: 0 })
    const waiting = stream.next()
    await nextTurn()
    await stream.return?.()
    assert.equal(queue.ended, true)
    never.resolve(1)
    await waiting
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
  }
})

test('a source that fails has the last word after all results, and is thrown where nobody makes a result of it', async () => {
  for (const atOnce of [1, 8]) {
    const queue = new EventQueue<number>(10)
    const stream = mapStream<number, number | string>(queue, async (event) => event, { failed: (cause) => String(cause), atOnce })
    for (const event of [1, 2, 3]) queue.push(event)
    queue.fail(new Error('gone'))
    const results = []
    for await (const result of stream) results.push(result)
    assert.deepEqual(results, [1, 2, 3, 'Error: gone'])
    const failing = new EventQueue<number>(10)
    failing.fail(new Error('gone'))
    await assert.rejects(mapStream(failing, async (event) => event, { atOnce }).next(), /gone/)
  }
})

test('a result that cannot be made ends the stream, the source as well', async () => {
  const queue = new EventQueue<number>(10)
  const stream = mapStream(queue, async (event) => {
    if (event !== 2) return event
    await nextTurn()
    throw new Error('no')
  }, { atOnce: 4 })
  for (const event of [1, 2, 3]) queue.push(event)
  assert.deepEqual(await stream.next(), { done: false, value: 1 })
  await assert.rejects(stream.next(), /no/)
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
  assert.equal(queue.ended, true)
})

test('whatever takes how long, all results come, in order, and no more are under way than may be', async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.nat(3), { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), fc.nat(3),
    async (turns, atOnce, reading) => {
      let underWay = 0
      let most = 0
      const source = (async function* () {
        for (const [index, wait] of turns.entries()) {
          if (wait === 0) await nextTurn()
          yield index
        }
      })()
      const stream = mapStream(source, async (event) => {
        most = Math.max(most, ++underWay)
        for (let turn = 0; turn < turns[event]!; turn++) await nextTurn()
        underWay--
        return event
      }, { atOnce })
      const results: number[] = []
      for await (const result of stream) {
        results.push(result)
        for (let turn = 0; turn < reading; turn++) await nextTurn()
      }
      assert.deepEqual(results, [...turns.keys()])
      assert.ok(most <= atOnce)
    },
  ), { numRuns: 100 })
})
