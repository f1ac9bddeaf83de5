import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FreshnessMark } from '../../gateway/freshness.ts'
import type { EntityChanged, MetricsChanged } from '../../ingest/changes.ts'

const entity = (eventTime: number, appliedAt: number) => ({ eventTime, appliedAt }) as EntityChanged
const metrics = (eventTime: number, appliedAt: number) => ({ eventTime, appliedAt }) as MetricsChanged

test('answers say when their newest event happened, was applied, and when they were delivered', () => {
  let now = 5_000
  const mark = new FreshnessMark(() => now)
  const told = () => JSON.parse(mark.render()) as unknown
  assert.deepEqual(told(), { eventTime: null, appliedAt: null, deliveredAt: '1970-01-01T00:00:05.000Z' })

  mark.apply({ entities: [entity(1_000, 2_000)], metrics: [metrics(1_500, 2_100)] })
  const first = { eventTime: '1970-01-01T00:00:01.500Z', appliedAt: '1970-01-01T00:00:02.100Z' }
  assert.deepEqual(told(), { ...first, deliveredAt: '1970-01-01T00:00:05.000Z' })
  now = 5_001
  assert.deepEqual(told(), { ...first, deliveredAt: '1970-01-01T00:00:05.001Z' })

  mark.apply({ entities: [entity(500, 2_050)], metrics: [] })
  assert.deepEqual(told(), { ...first, deliveredAt: '1970-01-01T00:00:05.001Z' })
  mark.apply({ entities: [entity(3_000, 4_000)], metrics: [] })
  assert.deepEqual(told(), { eventTime: '1970-01-01T00:00:03.000Z', appliedAt: '1970-01-01T00:00:04.000Z', deliveredAt: '1970-01-01T00:00:05.001Z' })
})

test('an event from a clock that is ahead makes no answer newer than its application', () => {
  const mark = new FreshnessMark(() => 0)
  mark.apply({ entities: [entity(9_000, 2_000)], metrics: [] })
  assert.equal(mark.state.eventTime, 2_000)
})

test('the words are made once in a millisecond, and again when the state changes', () => {
  let asked = 0
  const mark = new FreshnessMark(() => {
    asked++
    return 7
  })
  const first = mark.render()
  assert.equal(mark.render(), first)
  mark.apply({ entities: [entity(1, 2)], metrics: [] })
  assert.notEqual(mark.render(), first)
  assert.equal(asked, 3)
})
