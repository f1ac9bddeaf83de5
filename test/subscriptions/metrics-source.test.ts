import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChangeHub } from '../../subscriptions/change-hub.ts'
import { metricsParts } from '../../subscriptions/metrics-source.ts'

test('metrics of a view that does not catch up in time are refused with a code, and when to come again', { timeout: 10_000 }, async () => {
  const hub = { begun: Promise.resolve(), cut: () => ({}) } as unknown as ChangeHub
  for (const caughtUp of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('away'))]) {
    const { snapshot } = metricsParts(['user:a'], { hub, log: {} as never, topics: {} as never, partitions: 1, metricsOf: () => null, caughtUp, patienceMs: 1 })
    await assert.rejects(snapshot(new AbortController().signal)[Symbol.asyncIterator]().next(), ({ extensions }: { extensions?: object }) => {
      assert.deepEqual(extensions, { code: 'LOG_UNAVAILABLE', retryAfterMs: 1_000 })
      return true
    })
  }
})
