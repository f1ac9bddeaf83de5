import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { dump } from 'js-yaml'
import { random as seeded, type Random } from '../../federation/differential/random.ts'
import { temporaryDirectory } from '../../servers/process.ts'
import { Answers } from './answers.ts'
import { Followers } from './followers.ts'
import { GatewayProcess } from './gateway-process.ts'
import { heartsSdl, sdlOf, streaming, type Remote } from './market.ts'
import { classesOf, growthPerHour, grown, type Sample } from './memory.ts'
import { Pauses } from './pauses.ts'
import { startSubgraphs, type MortalSubgraph } from './processes.ts'
import { Requests } from './requests.ts'

export interface Report {
  seconds: number
  counts: Record<string, number>
  faults: string[]
  deaths: number
  hangs: number
  /** As the gateway counts them. */
  swaps: number
  refusals: number
  pausedSeconds: number
  /** MiB after a collection with nothing under way: after warming up, and in the end. */
  heap: { before: number; after: number; largest: number }
  /** MiB; the planner's process is the gateway's child. */
  rss: { before: number; after: number; plannerBefore: number; plannerAfter: number }
  /** The trend under load, as a share of the heap. */
  heapGrowthPerHour: number
  grownClasses: { name: string; before: number; after: number; bytes: number }[]
  openAfterwards: number
  /** What the process would have waited for once everything was closed. */
  openHandles: string[]
  exit: number | null
}

/** Subscriptions at the same time. */
const followers = 32
const reloadMs = 10_000
const mebibyte = 1024 * 1024

const round = (bytes: number): number => Math.round(bytes / mebibyte * 10) / 10

export async function runMixedLoad({ seconds, perSecond, seed }: { seconds: number; perSecond: number; seed: number }): Promise<Report> {
  await using folder = temporaryDirectory('mixed-load')
  const inFolder = (name: string): string => join(folder.path, name)
  const marks = inFolder('marks')
  writeFileSync(marks, '')
  const pauses = new Pauses()
  const answers = new Answers((from, to) => pauses.touches(from, to))
  const subgraphs = await startSubgraphs(marks)
  writeFileSync(inFolder('hearts.graphql'), heartsSdl)
  writeFileSync(inFolder('catalog.graphql'), sdlOf('catalog', 0))
  const settings = inFolder('freshet.yaml')
  writeFileSync(settings, dump({
    pollSeconds: reloadMs / 1000,
    subgraphs: {
      ...Object.fromEntries([...subgraphs].map(([name, { url }]) => [name, {
        // Most are asked for their SDL, also when they are away.
        url, timeoutMs: 5_000, ...name === 'catalog' && { sdl: inFolder('catalog.graphql') },
        ...streaming[name] && { subscriptions: { protocol: streaming[name] } },
      }])),
      hearts: { sdl: inFolder('hearts.graphql'), events: true },
    },
  }))
  const gateway = new GatewayProcess(settings, { PORT: '0', FRESHET_DATA_DIR: inFolder('data') }, ({ said, paused }) => {
    if (paused) pauses.add(paused.from, paused.to)
    else if (said !== undefined) answers.count(`said: ${said.replace(/\d+/g, 'N').slice(0, 90)}`)
  })
  const startedAt = Date.now()
  const after = (): number => Math.round((Date.now() - startedAt) / 1000)
  const { url = '' } = await gateway.told()

  let generation = 0
  const wasAway = (from: number, to: number) => (name: Remote): boolean => subgraphs.get(name)?.wasAway(from, to) ?? false
  const requests = new Requests({ url, seed, answers, wasAway, generation: () => generation % 7, perSecond, marks })
  const following = new Followers({ url, answers, random: seeded(seed + 1), wasAway, generation: () => generation % 7 })

  const ending = new AbortController()
  const { signal } = ending
  const reloading = (async () => {
    for (let turn = 1; !signal.aborted; turn++) {
      await delay(reloadMs, undefined, { signal }).catch(() => undefined)
      // Every seventh is refused.
      if (turn % 7 === 0) writeFileSync(inFolder('catalog.graphql'), 'type Query {')
      else writeFileSync(inFolder('catalog.graphql'), sdlOf('catalog', ++generation))
    }
  })()
  const fates = [...subgraphs.values()].map((subgraph, place) => fate(subgraph, seeded(seed + 10 + place), signal))

  const load = async (forSeconds: number, samples: Sample[]): Promise<void> => {
    const until = Date.now() + forSeconds * 1000
    await requests.start()
    following.start(followers)
    while (Date.now() < until && gateway.child.exitCode === null) {
      await delay(Math.min(60_000, Math.max(0, until - Date.now())))
      const { memory } = await gateway.ask('memory')
      if (memory) samples.push({ at: after(), ...memory })
      console.error(`mixed-load: ${after()} s, heap ${round(memory?.heapUsed ?? 0)} MiB, RSS ${round(memory?.rss ?? 0)}, planner ${gateway.plannerRss.toFixed(0)}; ${JSON.stringify(Object.fromEntries(answers.counts))}`)
    }
    await following.stop()
    await requests.stop()
  }
  const quiet = async (path: string) => {
    // Plans for requests that have left, idle connections and retired engines have their time to go.
    await delay(Math.min(45_000, seconds * 100))
    const { memory } = await gateway.ask('snapshot', path)
    return { heapUsed: memory?.heapUsed ?? 0, rss: memory?.rss ?? 0, planner: gateway.plannerRss }
  }

  const samples: Sample[] = []
  try {
    await load(Math.min(600, seconds / 5), [])
    const before = await quiet(inFolder('before.heapsnapshot'))
    await load(seconds - Math.min(600, seconds / 5), samples)
    const end = await quiet(inFolder('after.heapsnapshot'))
    const metrics = await (await fetch(`${url}/metrics`)).text()
    const metric = (name: string): number => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0)
    ending.abort()
    await Promise.all([reloading, ...fates])
    await requests.end()
    await answers.settled()
    const { resources } = await gateway.ask('end')
    const exit = await Promise.race([gateway.exited, delay(30_000, -1, { ref: false })])
    const growth = growthPerHour(samples.map(({ at, heapUsed }) => ({ at, value: heapUsed })))
    return {
      seconds: after(), counts: Object.fromEntries(answers.counts), faults: answers.faults,
      deaths: sum(subgraphs, 'deaths'), hangs: sum(subgraphs, 'hangs'),
      swaps: metric('freshet_supergraph_swaps_total'), refusals: metric('freshet_supergraph_refusals_total'),
      pausedSeconds: Math.round(pauses.total / 1000),
      heap: { before: round(before.heapUsed), after: round(end.heapUsed), largest: round(Math.max(...samples.map(({ heapUsed }) => heapUsed))) },
      rss: { before: round(before.rss), after: round(end.rss), plannerBefore: Math.round(before.planner), plannerAfter: Math.round(end.planner) },
      heapGrowthPerHour: growth / before.heapUsed,
      grownClasses: grown(classesOf(inFolder('before.heapsnapshot')), classesOf(inFolder('after.heapsnapshot'))).slice(0, 25),
      openAfterwards: metric('freshet_connections') + metric('freshet_subscriptions'),
      openHandles: resources ?? ['the gateway did not say'], exit,
    }
  } finally {
    ending.abort()
    pauses.end()
    gateway.child.kill('SIGKILL')
    await Promise.allSettled([reloading, ...fates])
    await Promise.all([...subgraphs.values()].map((subgraph) => subgraph.end()))
  }
}

const sum = (subgraphs: ReadonlyMap<Remote, MortalSubgraph>, what: 'deaths' | 'hangs'): number =>
  [...subgraphs.values()].reduce((total, subgraph) => total + subgraph[what], 0)

/** Lives for a while, is away for a while, and again. */
async function fate(subgraph: MortalSubgraph, random: Random, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(15_000 + random.below(45_000), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    if (random.chance(0.75)) await subgraph.die(500 + random.below(7_000))
    else await subgraph.hang(1_000 + random.below(11_000))
  }
}
