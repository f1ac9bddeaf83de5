import type { BenchOptions } from './report.ts'
import { changes } from './subscriptions/changes.ts'
import { distinct, entities, one, ownIds, slow, type Timing } from './subscriptions/fan-out.ts'
import { idle } from './subscriptions/idle.ts'
import { processes } from './subscriptions/processes.ts'
import { checkOpenFiles } from './subscriptions/open-files.ts'
import { startWorld, type World } from './subscriptions/world.ts'

/** FRESHET_BENCH_ROWS: which of the rows are measured, separated by commas; all of them unless it is said. */
const wanted = process.env.FRESHET_BENCH_ROWS?.split(',')

/** Subscriptions beside a plain graphql-ws server, beside the most that a process can do at all, and beside Cosmo where it is there. */
export async function run({ quick, report }: BenchOptions): Promise<void> {
  const timing: Timing = quick ? { warmUp: 0.3, seconds: 0.6, share: 0.2 } : { warmUp: 3, seconds: 8, share: 1 }
  checkOpenFiles(Math.ceil(6_000 * timing.share) + 500)
  const fanOut: Record<string, (world: World) => Promise<void>> = {
    'one-200': (world) => one(world, report, timing, 1_000, 200, 'rate'),
    'one-50': (world) => one(world, report, timing, 1_000, 50, 'p99'),
    'five-thousand': (world) => one(world, report, timing, 5_000, 50, 'rate'),
    'own-ids': (world) => ownIds(world, report, timing),
    distinct: (world) => distinct(world, report, timing),
    entities: (world) => entities(world, report, timing),
    processes: (world) => processes(world, report, timing),
    slow: (world) => slow(world, report, timing),
    idle: (world) => idle(world, report, timing),
  }
  const others: Record<string, () => Promise<void>> = {
    'live-feeds': async () => (await import('./live-feeds.ts')).run({ quick, report }),
    changes: () => changes(report, timing),
  }
  const known = [...Object.keys(fanOut), ...Object.keys(others)]
  const unknown = wanted?.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`FRESHET_BENCH_ROWS: there is no row "${unknown}"; the rows are ${known.join(', ')}.`)
  const isWanted = ([name]: [string, unknown]): boolean => wanted?.includes(name) ?? true
  const first = Object.entries(fanOut).filter(isWanted)
  if (first.length > 0) {
    await using world = await startWorld((text) => report.note(text))
    for (const [, row] of first) await row(world)
  }
  for (const [, row] of Object.entries(others).filter(isWanted)) await row()
}
