import { feedEarnings } from './feed-earnings.ts'
import { arrivals } from './load.ts'
import { quantile, type Report, type BenchOptions } from './report.ts'
import { open, operation, startSystem, type Parts } from './system.ts'
import { createWorkload } from './workload.ts'

const feed = operation(`query Feed($userId: ID!) {
  feed(userId: $userId, first: 20) { edges { rank score reasons node { id title seller { name } metrics { viewersNow { value } } } } }
}`)

/** Feeds under load, with and without ingest; and what feeds earn in simulated markets. */
export async function run({ quick, on, report }: BenchOptions): Promise<void> {
  if (on.includes('embedded')) await latency('embedded', quick, report)
  if (on.includes('Kafka + Weaviate')) await latency('Kafka + Weaviate', quick, report)
  await earnings(quick, report)
}

async function latency(parts: Parts, quick: boolean, report: Report): Promise<void> {
  await using system = await startSystem(parts)
  const workload = createWorkload(quick ? { livestreams: 1_000, users: 2_000, sellers: 300 } : {})
  await open(system, workload.opening(Date.now()))
  const history = Array.from({ length: quick ? 5_000 : 50_000 }, () => workload.next(Date.now()))
  await open(system, history)

  const ask = async (times: number[]): Promise<void> => {
    const startedAt = performance.now()
    const { errors } = await system.query(feed, { userId: `u-${workload.pickUser()}` })
    times.push(performance.now() - startedAt)
    if (errors) failed++
  }
  let failed = 0
  const measure = async (seconds: number, eventsPerSecond: number): Promise<number[]> => {
    const times: number[] = []
    const pending: Promise<void>[] = []
    await Promise.all([
      arrivals(50, seconds, (due) => {
        for (let i = 0; i < due; i++) pending.push(ask(times))
      }, 2),
      eventsPerSecond > 0 ? arrivals(eventsPerSecond, seconds, (due) => {
        pending.push(system.append(Array.from({ length: due }, () => workload.next(Date.now()))))
      }) : undefined,
    ])
    await Promise.all(pending)
    return times
  }
  const seconds = quick ? 4 : 30
  // Copies and vectors of the opening are still written behind it, and nobody has been asked for yet: no part of the steady state.
  await measure(quick ? 2 : 25, 500)
  const quiet = await measure(seconds, 0)
  const busy = await measure(seconds, 500)
  report.add(`${parts}: feed, 50/s while 500 events/s are ingested, p50`, quantile(busy, 0.5), 'ms', '<= 15')
  report.add(`${parts}: feed, 50/s while 500 events/s are ingested, p99`, quantile(busy, 0.99), 'ms', '<= 60')
  report.add(`${parts}: feeds that failed`, failed, 'answers', '<= 0')
  report.add(`${parts}: feed p99 with ingest against without`, quantile(busy, 0.99) / quantile(quiet, 0.99), '×',
    parts === 'embedded' ? undefined : '<= 2')
}

/** On how many unseen seeds the feed earns more than popularity alone. */
async function earnings(quick: boolean, report: Report): Promise<void> {
  const seeds = Array.from({ length: quick ? 2 : 10 }, (_, i) => 101 + i)
  const ratios: number[] = []
  for (const seed of seeds) {
    const { ranker, popularity, random, oracle } = await feedEarnings(seed, quick ? { usersPerMoment: 20, moments: 2 } : {})
    ratios.push(ranker / popularity)
    report.note(`seed ${seed}: feed ${ranker.toFixed(1)}, popularity ${popularity.toFixed(1)}, luck ${random.toFixed(1)}, truth ${oracle.toFixed(1)} cents a list`)
  }
  report.add('feed out-earns popularity alone, of all seeds', ratios.filter((ratio) => ratio > 1).length / seeds.length, 'share', '>= 0.9')
  report.add('feed earns, against popularity alone, median', quantile(ratios, 0.5), '×')
}
