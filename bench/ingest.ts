import { setTimeout as delay } from 'node:timers/promises'
import type { BenchOptions, Report } from './report.ts'
import { open, startSystem, type Parts } from './system.ts'
import { createWorkload } from './workload.ts'

/** Sustained ingest with all projections on: how fast a backlog is worked off, and that nothing of it is lost. */
export async function run({ quick, on, report }: BenchOptions): Promise<void> {
  if (on.includes('embedded')) await measure('embedded', quick ? 60_000 : 600_000, '>= 10000', report, quick)
  if (on.includes('Kafka + Weaviate')) await measure('Kafka + Weaviate', quick ? 10_000 : 60_000, '>= 1000', report, quick)
}

async function measure(parts: Parts, events: number, target: string, report: Report, quick: boolean): Promise<void> {
  await using system = await startSystem(parts)
  const workload = createWorkload(quick ? { livestreams: 1_000, users: 5_000, sellers: 300 } : {})
  await open(system, workload.opening(Date.now()))
  const before = { indexWrites: await system.indexWrites(), views: totalViews() }
  let peak = 0
  const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100)

  const startedAt = performance.now()
  let heartbeats = 0
  for (let sent = 0; sent < events; sent += 1_000) {
    const now = Date.now()
    const batch = Array.from({ length: 1_000 }, () => workload.next(now))
    heartbeats += batch.filter(({ type }) => type === 'LivestreamViewed').length
    await system.append(batch)
    // Stay ahead of ingest, but not so far that the backlog is the benchmark's memory.
    if (sent % 20_000 === 0) await delay(0)
  }
  await system.settled()
  const seconds = (performance.now() - startedAt) / 1000
  clearInterval(sampler)

  report.add(`${parts}: sustained ingest, all projections`, events / seconds, 'events/s', target)
  report.add(`${parts}: index writes per event`, (await system.indexWrites() - before.indexWrites) / events, 'writes')
  report.add(`${parts}: peak memory while ingesting`, peak / 2 ** 20, 'MiB', parts === 'embedded' ? '<= 700' : undefined)
  report.add(`${parts}: heartbeats lost or counted twice`, Math.abs(totalViews() - before.views - heartbeats), 'events', '<= 0')

  function totalViews(): number {
    let sum = 0
    for (let i = 0; i < (workload?.livestreams ?? 0); i++)
      sum += system.gateway.services.view.metrics(`livestream:ls-${i}`, Date.now())?.total.views ?? 0
    return sum
  }
}
