import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openLog, topicsOf } from '../../cli/parts.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { toRecord } from '../../events/serialize.ts'
import type { DomainEvent } from '../../events/vocabulary.ts'
import { silentLogger } from '../../ingest/observer.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../../test/servers/shared.ts'
import { arrivals } from '../load.ts'
import { quantile, type Report } from '../report.ts'
import { startChild, type Child } from './child.ts'
import type { ClientsFigures } from './clients-process.ts'
import { openClients, shown, watch } from './clients.ts'
import type { Timing } from './fan-out.ts'

/** Without what is for benchmarks alone, which the program would call unknown. */
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FRESHET_')))

const program = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

/** A whole Freshet on Kafka and Weaviate, ingest and gateway each in a process of its own. */
interface Market extends AsyncDisposable {
  gateway: Child
  append(events: readonly DomainEvent[]): Promise<void>
  /** Resolves when the title of this livestream is what is said. */
  shows(id: string, title: string): Promise<void>
}

async function startMarket(): Promise<Market> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const [{ brokers }, weaviate] = await Promise.all([sharedKafka(), sharedWeaviate()])
  const prefix = uniquePrefix()
  const env = {
    FRESHET_DATA_DIR: directory, PORT: '0', FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: prefix,
    FRESHET_WEAVIATE_URL: weaviate.url, FRESHET_WEAVIATE_GRPC_URL: `http://${weaviate.grpcHost}:${weaviate.grpcPort}`,
  }
  const settings = resolveSettings({ env })
  const topics = topicsOf(settings)
  const { log } = await openLog(settings, silentLogger)
  stack.defer(() => log.close())
  const gateway = stack.use(await startChild('Freshet', 'freshet-process.ts', [brokers, `${prefix}.ticks`, null, env], { watched: true }))
  const ingest = spawn(process.execPath, ['--max-semi-space-size=16', program, 'ingest'], { env: { ...outside, ...env }, stdio: ['ignore', 'ignore', 'ignore'] })
  const kill = () => ingest.kill('SIGKILL')
  process.once('exit', kill)
  stack.defer(async () => {
    process.off('exit', kill)
    if (ingest.exitCode !== null) return
    const exit = once(ingest, 'exit')
    ingest.kill('SIGTERM')
    const patience = setTimeout(kill, 10_000)
    await exit
    clearTimeout(patience)
  })
  const owned = stack.move()
  return {
    gateway,
    append: async (events) => void await log.append(events.map((event) => toRecord(event, topics))),
    async shows(id, title) {
      const body = JSON.stringify({ query: 'query ($id: ID!) { livestream(id: $id) { title } }', variables: { id } })
      const until = performance.now() + 60_000
      for (;;) {
        const answer = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        const { data } = await answer.json() as { data: { livestream: { title: string } | null } | null }
        if (data?.livestream?.title === title) return
        if (performance.now() > until) throw new Error(`Livestream ${id} was not applied within a minute: expected "${title}", it has "${data?.livestream?.title}".`)
        await delay(20)
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

let events = 0
const event = (type: 'LivestreamStarted' | 'LivestreamChanged', id: string, data: Record<string, unknown>): DomainEvent => ({
  specversion: '1.0', id: String(++events), source: 'bench-subscriptions', type, time: new Date().toISOString(), subject: `livestream:${id}`, data,
}) as unknown as DomainEvent

const now = (): number => performance.timeOrigin + performance.now()

/** From an event's being produced, through ingest, index and `changes`, to its being received; and who comes back meanwhile. */
export async function changes(report: Report, timing: Timing): Promise<void> {
  const { warmUp, seconds, share } = timing
  await using market = await startMarket()
  const returning = Math.round(1_000 * share)
  const perClient = 10
  await market.append(['watched', ...Array.from({ length: returning }, (_, index) => `ls-${index}`)].map((id) =>
    event('LivestreamStarted', id, { sellerId: 's', title: 'Begun', description: 'As it was', category: 'cards', tags: [] })))
  for (const id of ['watched', 'ls-0', `ls-${returning - 1}`]) await market.shows(id, 'Begun')

  await using followers = await openClients({
    url: market.gateway.url, count: 100, query: 'subscription { livestream(id: "watched") { at: title } }', sampled: 1,
  })
  const ending = new AbortController()
  const writing = new Set<Promise<void>>()
  const fed = arrivals(50, Infinity, (due) => {
    for (let left = due; left > 0; left--) {
      const write = market.append([event('LivestreamChanged', 'watched', { title: now().toFixed(2) })])
      writing.add(write)
      void write.finally(() => writing.delete(write))
    }
  }, 5, ending.signal)
  try {
    await delay(warmUp * 1000)
    const measured = await watch(followers, market.gateway, seconds)
    report.note(`100 subscribers × 50/s through ingest, index and changes: ${shown(measured)}`)
    report.add('event produced → message received, 100 × 50/s, Kafka + Weaviate: p50', measured.p50, 'ms', '<= 12')
    report.add('event produced → message received, 100 × 50/s, Kafka + Weaviate: p99', measured.p99, 'ms', '<= 50')
    // All of them take some two seconds to come back.
    await resume(market, followers, report, { returning, perClient, seconds: Math.max(seconds, 2.5), times: share < 1 ? 1 : 5 })
  } finally {
    ending.abort()
    await fed
    await Promise.all(writing)
  }
}

interface Resume {
  returning: number
  /** Events that each has missed. */
  perClient: number
  seconds: number
  /** That they leave and come back. */
  times: number
}

async function resume(market: Market, followers: Child, report: Report, { returning, perClient, seconds, times }: Resume): Promise<void> {
  const last = 'the end'
  await using clients = await openClients({
    url: market.gateway.url, count: returning, query: 'subscription ($id: ID!) { livestream(id: $id) { at: title } }', idPrefix: 'ls-', sampled: 1,
    until: `"at":"${last} `, cursors: true,
  })
  // Who comes back takes time of the cores that all share here, whichever server it is to: as many come back to one that has nothing to do.
  await using bare = await startChild('bare ws', 'bare-process.ts', [`${last} of it`])
  await using elsewhere = await openClients({
    url: bare.url, count: returning, query: 'subscription ($id: ID!) { livestream(id: $id) { at: title } }', idPrefix: 'ls-', sampled: 1, until: `"at":"${last} `,
  })
  const reach = async (what: 'placed' | 'complete', patience: number, of = clients): Promise<ClientsFigures> => {
    const until = performance.now() + patience
    for (;;) {
      const figures = await of.ask<ClientsFigures>('figures')
      if (figures[what] === returning || performance.now() > until) return figures
      await delay(20)
    }
  }
  const { placed } = await reach('placed', 30_000)
  if (placed < returning) throw new Error(`Of ${returning} subscribers, ${placed} have got a cursor within half a minute.`)
  const name = `resume of ${returning.toLocaleString('en')} clients that missed ${(returning * perClient).toLocaleString('en')} events`
  const took: number[] = []
  const [ratios, elsewhereRatios]: [number[], number[]] = [[], []]
  for (let time = 1; time <= times; time++) {
    await clients.ask('leave')
    for (let round = 1; round <= perClient; round++)
      await market.append(Array.from({ length: returning }, (_, index) => event('LivestreamChanged', `ls-${index}`, { title: round === perClient ? `${last} ${time}` : `round ${round}` })))
    for (let index = Math.max(0, returning - 16); index < returning; index++) await market.shows(`ls-${index}`, `${last} ${time}`)
    const before = await watch(followers, market.gateway, seconds)
    const from = now()
    const [during, { complete, completeAt }] = await Promise.all([
      watch(followers, market.gateway, seconds), clients.ask('come again').then(() => reach('complete', 30_000)),
    ])
    if (complete < returning) report.note(`${name}: only ${complete} have got what they missed within half a minute`)
    report.note(`${name}: others before ${shown(before)}; while they come back ${shown(during)}`)
    took.push(complete < returning ? Infinity : (completeAt - from) / 1000)
    ratios.push(during.p99 / before.p99)
    await elsewhere.ask('leave')
    const [beside] = await Promise.all([
      watch(followers, market.gateway, seconds), elsewhere.ask('come again').then(() => reach('complete', 30_000, elsewhere)),
    ])
    report.note(`${name}: while as many come back to bare ws ${shown(beside)}`)
    elsewhereRatios.push(beside.p99 / before.p99)
  }
  report.add(`${name}: until the last one has it, median of ${times}`, quantile(took, 0.5), 's', '<= 5')
  report.add(`${name}: p99 of others, of p99 before, median of ${times}`, quantile(ratios, 0.5), '×', '<= 1.5')
  report.add(`${name}: the same where as many come back to bare ws, median of ${times}`, quantile(elsewhereRatios, 0.5), '×')
}
