import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, operation, startSystem } from './system.ts'
import { createWorkload } from './workload.ts'
import type { BenchOptions } from './report.ts'

const first = operation('query First { feed(userId: "u-1", first: 5) { nodes { id title } } livestream(id: "ls-1") { title } }')

/** Start to first answer on data that is there, and peak memory. */
export async function run({ quick, report }: BenchOptions): Promise<void> {
  // The last takes half an hour to fill: only where it is asked for.
  const long = process.env.FRESHET_BENCH_LONG === '1' ? [20_000_000] : []
  for (const events of quick ? [20_000] : [100_000, 1_000_000, ...long]) {
    const dataDir = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
    try {
      await fill(dataDir, events, quick)
      const startedAt = performance.now()
      await using system = await startSystem('embedded', { dataDir })
      const { errors } = await system.query(first)
      if (errors?.[0]) throw errors[0]
      report.add(`embedded: start to first answer after ${events.toLocaleString('en')} events`, (performance.now() - startedAt) / 1000, 's', '<= 5')
      await system.settled()
      report.add(`embedded: the same until ingest has caught up`, (performance.now() - startedAt) / 1000, 's')
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  }
}

async function fill(dataDir: string, events: number, quick: boolean): Promise<void> {
  await using system = await startSystem('embedded', { dataDir })
  const workload = createWorkload(quick ? { livestreams: 1_000, users: 2_000, sellers: 300 } : {})
  await open(system, workload.opening(Date.now()))
  const chunk = 100_000
  for (let sent = 0; sent < events; sent += chunk) {
    const size = Math.min(chunk, events - sent)
    await open(system, function* () {
      for (let i = 0; i < size; i++) yield workload.next(Date.now())
    }())
  }
}
