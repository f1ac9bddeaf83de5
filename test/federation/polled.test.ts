import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventQueue } from '../../federation/event-queue.ts'
import { Outcome } from '../../federation/polled.ts'

/** Counts how often it is called. */
const counter = () => {
  const wake = () => { wake.calls++ }
  wake.calls = 0
  return wake
}

test('a queue gives what waits without a promise, and wakes whoever found nothing, once', () => {
  const queue = new EventQueue<number>(10)
  queue.push(1)
  const [first, second] = [counter(), counter()]
  assert.deepEqual(queue.poll(first), { done: false, value: 1 })
  queue.push(2)
  assert.equal(first.calls, 0, 'whoever was given something waits for nothing')
  assert.deepEqual(queue.poll(first), { done: false, value: 2 })
  assert.equal(queue.poll(first), undefined)
  assert.equal(queue.poll(second), undefined)
  queue.push(3)
  queue.push(4)
  assert.deepEqual([first.calls, second.calls], [0, 1], 'the latest one is woken')
  assert.deepEqual([queue.poll(first), queue.poll(first)], [{ done: false, value: 3 }, { done: false, value: 4 }])
  queue.end()
  assert.equal(first.calls, 0)
  assert.deepEqual(queue.poll(first), { done: true, value: undefined })
})

test('the end and a failure wake as well; a failure comes behind what waited, and then the end', () => {
  const ended = new EventQueue<number>(10)
  const wake = counter()
  ended.poll(wake)
  ended.end()
  assert.equal(wake.calls, 1)
  const failed = new EventQueue<number>(10)
  failed.poll(wake)
  failed.push(1)
  failed.fail(new Error('lost'))
  assert.deepEqual(failed.poll(wake), { done: false, value: 1 })
  assert.throws(() => failed.poll(wake), /lost/)
  assert.deepEqual(failed.poll(wake), { done: true, value: undefined })
})

test('what overflows fails for those who poll as for those who wait', () => {
  const queue = new EventQueue<number>(2)
  const wake = counter()
  queue.poll(wake)
  for (const event of [1, 2, 3]) queue.push(event)
  assert.equal(wake.calls, 1)
  assert.deepEqual([queue.poll(wake)?.value, queue.poll(wake)?.value], [1, 2])
  assert.throws(() => queue.poll(wake), /more than 2 events were waiting/)
})

test('the outcome of a promise is given once, thrown where it is a failure', async () => {
  const outcome = new Outcome<number>()
  const [wake, late] = [counter(), counter()]
  const promised = Promise.withResolvers<number>()
  outcome.await(promised.promise)
  assert.deepEqual([outcome.poll(wake), outcome.poll(late), outcome.isAwaited], [undefined, undefined, true])
  promised.resolve(7)
  await promised.promise
  assert.deepEqual([wake.calls, late.calls, outcome.isAwaited], [0, 1, true])
  assert.deepEqual([outcome.poll(wake), outcome.isAwaited], [7, false])
  const failed = Promise.reject<number>(new Error('no'))
  outcome.await(failed)
  await failed.catch(() => {})
  assert.throws(() => outcome.poll(wake), /no/)
  assert.equal(outcome.isAwaited, false)
})
