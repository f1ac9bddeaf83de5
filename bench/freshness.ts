import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { arrivals } from './load.ts'
import { quantile, type Report, type BenchOptions } from './report.ts'
import { open, operation, startSystem, type Parts } from './system.ts'
import { createWorkload } from './workload.ts'

const title = operation('query Title($id: ID!) { livestream(id: $id) { title } }')

/** Event appended → answered by a query, while events come at a steady rate: probes ask until the answer has the event. */
export async function run({ quick, on, report }: BenchOptions): Promise<void> {
  if (on.includes('embedded')) await measure('embedded', { 'p50': undefined, 'p99': '<= 10' }, quick, report)
  if (on.includes('Kafka + Weaviate')) await measure('Kafka + Weaviate', { 'p50': '<= 10', 'p99': '<= 50' }, quick, report)
}

async function measure(parts: Parts, targets: Record<'p50' | 'p99', string | undefined>, quick: boolean, report: Report): Promise<void> {
  const rate = 1_000
  const probesPerSecond = 20
  const seconds = quick ? 8 : 60
  // The opening's own checkpoint, and code that has not run yet, are no part of the steady state.
  const warmUp = quick ? 2 : 15
  await using system = await startSystem(parts)
  const workload = createWorkload(quick ? { livestreams: 1_000, users: 2_000, sellers: 300 } : {})
  await open(system, workload.opening(Date.now()))

  const latencies: number[] = []
  const pending = new Set<Promise<void>>()
  const track = (work: Promise<void>) => {
    pending.add(work)
    void work.finally(() => pending.delete(work))
  }

  async function probe(number: number): Promise<void> {
    const id = `ls-${workload.pickLivestream()}`
    const wanted = `probe ${number}`
    const startedAt = performance.now()
    await system.append([{
      specversion: '1.0', id: `probe-${number}`, source: 'bench-probe', type: 'LivestreamChanged', time: new Date().toISOString(),
      subject: `livestream:${id}`, data: { title: wanted },
    }])
    // Another probe or event may change the title at once: seeing that one counts as well, it came later.
    const deadline = startedAt + 10_000
    let before: unknown
    while (performance.now() < deadline) {
      const { data } = await system.query(title, { id })
      const now = (data?.livestream as { title?: unknown } | null)?.title
      if (now === wanted || (before !== undefined && now !== before)) break
      before ??= now
      // A query of the real index costs milliseconds of the cores that are measured: ask it less eagerly.
      await (parts === 'embedded' ? turn() : delay(2))
    }
    latencies.push(performance.now() - startedAt)
  }

  let probes = 0
  let owed = 0
  await arrivals(rate, warmUp + seconds, (due) => {
    const now = Date.now()
    track(system.append(Array.from({ length: due }, () => workload.next(now))))
    owed += due * probesPerSecond / rate
    while (owed >= 1) {
      owed--
      track(probe(++probes))
    }
  })
  await Promise.all(pending)
  const measured = latencies.slice(warmUp * probesPerSecond)
  report.add(`${parts}: event appended → answered, ${rate.toLocaleString('en')}/s, p50`, quantile(measured, 0.5), 'ms', targets.p50)
  report.add(`${parts}: event appended → answered, ${rate.toLocaleString('en')}/s, p99`, quantile(measured, 0.99), 'ms', targets.p99)
  report.note(`${measured.length} probes, greatest ${Math.max(...measured).toFixed(1)} ms`)
}
