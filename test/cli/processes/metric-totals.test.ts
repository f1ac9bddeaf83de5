import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Registry, Counter, Gauge, Histogram } from 'prom-client'
import { MetricTotals } from '../../../cli/processes/metric-totals.ts'

/** One process's metrics, of each kind. */
function instruments() {
  const registry = new Registry()
  const registers = [registry]
  return {
    registry,
    requests: new Counter({ name: 'requests_total', help: 'Own.', labelNames: ['outcome'], registers }),
    seen: new Counter({ name: 'seen_total', help: 'What all see.', aggregator: 'max', registers }),
    open: new Gauge({ name: 'open', help: 'Now.', registers }),
    lag: new Gauge({ name: 'lag', help: 'Now, for all.', aggregator: 'max', registers }),
    seconds: new Histogram({ name: 'seconds', help: 'Own.', buckets: [0.1, 1], registers }),
  }
}

const samplesOf = (text: string): Map<string, number> =>
  new Map(text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const at = line.lastIndexOf(' ')
    return [line.slice(0, at), Number(line.slice(at + 1))]
  }))

test('sums what each counts, and takes the most of what all see', async () => {
  const [a, b] = [instruments(), instruments()]
  a.requests.inc({ outcome: 'ok' }, 3)
  b.requests.inc({ outcome: 'ok' }, 4)
  b.requests.inc({ outcome: 'error' })
  for (const [each, seen] of [[a, 10], [b, 8]] as const) each.seen.inc(seen)
  for (const each of [a, b]) each.open.set(2)
  a.lag.set(5)
  for (const [each, seconds] of [[a, 0.05], [b, 0.5]] as const) each.seconds.observe(seconds)
  const totals = new MetricTotals()
  totals.measured(1, await a.registry.getMetricsAsJSON())
  totals.measured(2, await b.registry.getMetricsAsJSON())
  const text = await totals.text([])
  const samples = samplesOf(text)
  assert.deepEqual(['requests_total{outcome="ok"}', 'requests_total{outcome="error"}', 'seen_total', 'open', 'lag', 'seconds_bucket{le="0.1"}', 'seconds_bucket{le="+Inf"}', 'seconds_count', 'seconds_sum']
    .map((name) => samples.get(name)), [7, 1, 10, 4, 5, 1, 2, 2, 0.55])
  assert.match(text, /# TYPE seconds histogram\n/)
  assert.match(text, /# HELP requests_total Own\.\n# TYPE requests_total counter\n/)
})

test('keeps what an ended process has counted, and forgets what was only then', async () => {
  const [a, b] = [instruments(), instruments()]
  a.requests.inc({ outcome: 'ok' }, 3)
  b.requests.inc({ outcome: 'error' }, 4)
  a.seen.inc(10)
  b.seen.inc(8)
  for (const each of [a, b]) each.open.set(2)
  const totals = new MetricTotals()
  totals.measured(1, await a.registry.getMetricsAsJSON())
  totals.measured(2, await b.registry.getMetricsAsJSON())
  totals.gone(1)
  const after = samplesOf(await totals.text([]))
  assert.deepEqual(['requests_total{outcome="ok"}', 'requests_total{outcome="error"}', 'seen_total', 'open'].map((name) => after.get(name)), [3, 4, 10, 2])
  b.requests.inc({ outcome: 'ok' })
  b.seen.inc(2)
  totals.measured(2, await b.registry.getMetricsAsJSON())
  totals.gone(2)
  const none = samplesOf(await totals.text([]))
  assert.deepEqual(['requests_total{outcome="ok"}', 'requests_total{outcome="error"}', 'seen_total', 'open'].map((name) => none.get(name)), [4, 4, 12, undefined])
})

test('what fractions lose by rounding does not make a total less', async () => {
  const [a, b] = [instruments(), instruments()]
  // 0.142… + (3.619… − 0.142…) is less than 3.619…
  a.seen.inc(3.6194985273904376)
  b.seen.inc(0.14213532994001565)
  const totals = new MetricTotals()
  totals.measured(1, await a.registry.getMetricsAsJSON())
  totals.measured(2, await b.registry.getMetricsAsJSON())
  totals.gone(1)
  assert.ok((samplesOf(await totals.text([])).get('seen_total') ?? 0) >= 3.6194985273904376)
})

test('no counter ever goes backwards, whoever counts, ends and begins', async () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('count' as const), by: fc.nat(2), amount: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
    fc.record({ what: fc.constant('end' as const), by: fc.nat(2) }),
  )
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
    const totals = new MetricTotals()
    let next = 0
    const begin = () => ({ number: ++next, ...instruments() })
    const processes = [begin(), begin(), begin()]
    let before = new Map<string, number>()
    for (const each of steps) {
      const process = processes[each.by] as ReturnType<typeof begin>
      if (each.what === 'end') {
        totals.gone(process.number)
        processes[each.by] = begin()
      } else {
        process.requests.inc({ outcome: 'ok' }, each.amount)
        process.seen.inc(each.amount)
        process.seconds.observe(each.amount)
        totals.measured(process.number, await process.registry.getMetricsAsJSON())
      }
      const now = samplesOf(await totals.text([]))
      for (const [name, value] of before) if (!['open', 'lag'].includes(name)) assert.ok((now.get(name) ?? -1) >= value, `${name}: ${value}, then ${now.get(name)}`)
      before = now
    }
  }), { numRuns: 200 })
})
