import type { DomainEvent } from '../events/vocabulary.ts'
import { connect, type LiveClient } from '../test/support/live-client.ts'
import { arrivals } from './load.ts'
import { quantile, type BenchOptions } from './report.ts'
import { open, startSystem, type System } from './system.ts'
import { createWorkload, type Workload } from './workload.ts'

const feeds = 200
const feedsPerConnection = 50
const eventsPerSecond = 500
const throttleMs = 2_000
/** Livestreams that end in a second: what is shown and has ended is what staleness is measured by. */
const endingsPerSecond = 5
/** What has not come by then is as stale as that, ms. */
const patienceMs = 10_000

const query = `subscription ($userId: ID!) {
  feed(userId: $userId, first: 20, throttleMs: ${throttleMs}) {
    kind feedId removed moved { id rank } added { rank score reasons node { id title seller { name } metrics { viewersNow { value } } } } nodes { id }
  }
}`

interface Payload {
  data?: { feed: { nodes: { id: string }[] } } | null
  extensions?: { intervalMs?: number }
}

/** Many different live feeds beside ingest: what they cost, and how long they go on showing what has ended. */
export async function run({ quick, report }: Pick<BenchOptions, 'quick' | 'report'>): Promise<void> {
  const workload = createWorkload(quick ? { livestreams: 1_000, users: 2_000, sellers: 300 } : {})
  const seconds = quick ? 6 : 60
  await using system = await startSystem('embedded')
  await open(system, workload.opening(Date.now()))
  await open(system, Array.from({ length: quick ? 5_000 : 50_000 }, () => workload.next(Date.now())))
  await load(system, workload, quick ? 2 : 20)
  const without = await cpuOf(() => load(system, workload, seconds))

  await using viewers = await watch(system, workload)
  await load(system, workload, quick ? 4 : 20)
  viewers.forget()
  const withFeeds = await cpuOf(() => load(system, workload, seconds, viewers))
  const stale = await viewers.staleness()
  report.note(`${feeds} feeds, ${eventsPerSecond} events/s: ${(viewers.messages / seconds).toFixed(0)} messages/s; ${viewers.stretched} of them of a stretched interval; ${stale.length} endings seen`)
  report.add('live feeds: processor for 200 distinct ones, beside ingest', withFeeds - without, 'cores', '<= 1')
  report.add('live feeds: processor of ingest and gateway without them', without, 'cores')
  report.add('live feeds: event → message, 2 s interval, p50', quantile(stale, 0.5), 'ms')
  report.add('live feeds: event → message, 2 s interval, p99', quantile(stale, 0.99), 'ms', '<= 4000')
}

/** Cores that this process takes while it runs. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const [before, startedAt] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / (performance.now() - startedAt)
}

async function load(system: System, workload: Workload, seconds: number, viewers?: Viewers): Promise<void> {
  const pending: Promise<void>[] = []
  let ended = 0
  await Promise.all([
    arrivals(eventsPerSecond, seconds, (due) => {
      pending.push(system.append(Array.from({ length: due }, () => workload.next(Date.now()))))
    }),
    viewers && arrivals(endingsPerSecond, seconds, (due) => {
      for (let i = 0; i < due; i++) {
        const id = viewers.pick(ended++)
        if (id === undefined) continue
        viewers.ends(id)
        pending.push(system.append([event('LivestreamEnded', id, {}), started(`${id}-next`)]))
      }
    }),
  ])
  await Promise.all(pending)
}

let events = 0
const event = (type: string, id: string, data: object): DomainEvent => ({
  specversion: '1.0', id: `live-${++events}`, source: 'bench-live', type, time: new Date().toISOString(), subject: `livestream:${id}`, data,
}) as unknown as DomainEvent
/** Somebody takes the place of who has ended, so that the market stays as it is. */
const started = (id: string): DomainEvent => event('LivestreamStarted', id, { sellerId: `s-${events % 300}`, title: `The show after the show ${events}`, category: 'vinyl' })

type Viewers = Awaited<ReturnType<typeof watch>>

/** People with a live feed each, over WebSocket. */
async function watch(system: System, workload: Workload) {
  const clients: LiveClient[] = []
  const shown: Set<string>[] = []
  const endedAt = new Map<string, number>()
  const waiting = new Map<string, Set<number>>()
  let stale: number[] = []
  let messages = 0
  let stretched = 0

  const take = (who: number, { data, extensions }: Payload): void => {
    if (!data) throw new Error(`A live feed came without data: ${JSON.stringify(data)}`)
    messages++
    if (extensions?.intervalMs !== undefined) stretched++
    shown[who] = new Set(data.feed.nodes.map(({ id }) => id))
    for (const [id, who_] of waiting) {
      if (!who_.has(who) || shown[who]!.has(id)) continue
      who_.delete(who)
      if (who_.size === 0) waiting.delete(id)
      stale.push(performance.now() - endedAt.get(id)!)
    }
  }

  const users = new Set<string>()
  while (users.size < feeds) users.add(`u-${workload.pickUser()}`)
  let client: LiveClient | undefined
  const first: Promise<void>[] = []
  for (const [who, userId] of [...users].entries()) {
    if (who % feedsPerConnection === 0) clients.push(client = await connect(system.gateway.url))
    const stream = client!.subscribe(query, { userId })
    const begun = Promise.withResolvers<void>()
    first.push(begun.promise)
    const read = async (): Promise<void> => {
      for (;;) {
        take(who, await stream.next() as Payload)
        begun.resolve()
      }
    }
    // The streams end with the benchmark.
    read().catch(begun.reject)
  }
  await Promise.all(first)

  return {
    get messages() { return messages },
    get stretched() { return stretched },
    forget(): void {
      stale = []
      messages = stretched = 0
    },
    /** One of those that feeds show. */
    pick(n: number): string | undefined {
      const ids = [...shown[(n * 7) % feeds]!].filter((id) => !endedAt.has(id))
      return ids[n % Math.max(1, ids.length)]
    },
    ends(id: string): void {
      endedAt.set(id, performance.now())
      waiting.set(id, new Set(shown.flatMap((ids, who) => (ids.has(id) ? [who] : []))))
    },
    /** From the append of an ending to each message that takes it away, ms. */
    async staleness(): Promise<number[]> {
      const until = performance.now() + patienceMs
      while (waiting.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50))
      return [...stale, ...[...waiting].flatMap(([id, who]) => [...who].map(() => performance.now() - endedAt.get(id)!))]
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(clients.map((each) => each.close()))
    },
  }
}
