import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SaidOnce } from '../../../cli/processes/said-once.ts'

test('what several find out at about the same time is said by the first', () => {
  let now = 0
  const once = new SaidOnce(() => now)
  assert.deepEqual([1, 2, 3].map((by) => once.says(by, 'Kafka is away')), [true, false, false])
  assert.equal(once.says(2, 'Kafka is back'), true)
  assert.equal(once.says(1, 'Kafka is away'), true, 'whoever has said it may say it again')
  now = 4_999
  assert.equal(once.says(2, 'Kafka is away'), false)
  now = 5_000
  assert.equal(once.says(2, 'Kafka is away'), true, 'that is something new')
})

test('remembers no more than it must', () => {
  const once = new SaidOnce(() => 0)
  for (let sentence = 0; sentence <= 1_000; sentence++) once.says(1, `sentence ${sentence}`)
  assert.equal(once.says(2, 'sentence 0'), true)
  assert.equal(once.says(2, 'sentence 1000'), false)
})
