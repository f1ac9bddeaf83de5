import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { quantile, type Report } from '../report.ts'
import type { Child } from './child.ts'
import type { ClientsFigures } from './clients-process.ts'
import { openClients, shown, watch, type Measured } from './clients.ts'
import { operations } from './topic.ts'
import { freshet, limit, plain, type World } from './world.ts'

export interface Timing {
  /** Before anything is counted. */
  warmUp: number
  seconds: number
  /** Of how many subscribers of the full size there are. */
  share: number
}

interface Case {
  name: string
  operation: keyof typeof operations
  subscribers: number
  perSecond: number
  /** All events are for each of them, unless each has an id of its own. */
  own?: boolean
}

const number = (value: number): string => value.toLocaleString('en')

/** What subscribers see of one server, while events come. */
export async function measure(world: World, server: Pick<Child, 'name' | 'url' | 'pid'>, { operation, subscribers, perSecond, own }: Case, { warmUp, seconds }: Timing): Promise<Measured> {
  await using clients = await openClients({
    url: server.url, count: subscribers, query: operations[server.name === 'Cosmo' && operation === 'distinct' ? 'named' : operation], sampled: own || perSecond * subscribers < 20_000 ? 1 : 7,
  })
  const feeding = world.feed(perSecond, own ? { idOf: (event) => String(event % subscribers) } : {})
  try {
    if (!own) await begun(clients, subscribers)
    await delay(warmUp * 1000)
    return await watch(clients, server, seconds)
  } finally {
    await feeding.stop()
  }
}

/** Waits until each of them has got something, for half a minute at most: before, operations are still being planned. */
async function begun(clients: Child, subscribers: number): Promise<void> {
  const until = performance.now() + 30_000
  while ((await clients.ask<ClientsFigures>('figures')).begun < subscribers && performance.now() < until) await delay(50)
}

/** Each of the servers in turn, beside each other in one run. */
async function inTurn(world: World, report: Report, row: Case, timing: Timing, without: readonly string[] = []): Promise<ReadonlyMap<string, Measured>> {
  const all = new Map<string, Measured>()
  for (const [name, server] of world.servers) {
    if (without.includes(name)) continue
    const measured = await measure(world, server, row, timing)
    report.note(`${row.name}: ${name} ${shown(measured)}`)
    // No event's time came: whatever was counted were no events.
    if (Number.isNaN(measured.p50)) report.note(`NOT COMPARED: ${name} answered with something else.`)
    else all.set(name, measured)
  }
  return all
}

const sized = (full: number, { share }: Timing): number => Math.max(50, Math.round(full * share))

export const caseOf = (timing: Timing, label: string, operation: Case['operation'], full: number, perSecond: number): Case => {
  const subscribers = sized(full, timing)
  return { name: `${number(subscribers)} ${label}`, operation, subscribers, perSecond, own: operation === 'own' }
}

/** A pause or two decide the p99 of some seconds: its ratios are taken several times, but in the short form. */
export const roundsOf = ({ share }: Timing): number => (share < 1 ? 1 : 3)

/** One operation for all of them. */
export async function one(world: World, report: Report, timing: Timing, full: number, perSecond: number, target: 'rate' | 'p99'): Promise<void> {
  const row = caseOf(timing, `subscribers of one operation × ${perSecond}/s`, 'one', full, perSecond)
  const all = await inTurn(world, report, row, timing)
  const [ours, most, peer, cosmo] = [all.get(freshet)!, all.get(limit)!, all.get(plain)!, all.get('Cosmo')]
  if (target === 'rate') report.add(`${row.name}: messages/s, of pre-built frames'`, ours.rate / most.rate, '×', '>= 0.9')
  else {
    const ratios = [ours.p99 / most.p99]
    while (ratios.length < roundsOf(timing)) {
      const [bare, again] = [await measure(world, world.servers.get(limit)!, row, timing), await measure(world, world.servers.get(freshet)!, row, timing)]
      report.note(`${row.name}: once more, ${limit} ${shown(bare)}; ${freshet} ${shown(again)}`)
      ratios.push(again.p99 / bare.p99)
    }
    report.add(`${row.name}: p99, of pre-built frames', median of ${ratios.length}`, quantile(ratios, 0.5), '×', '<= 1.3')
  }
  report.add(`${row.name}: CPU per message, of pre-built frames'`, ours.cpu / most.cpu, '×')
  report.add(`${row.name}: messages/s, of a plain graphql-ws server's`, ours.rate / peer.rate, '×')
  if (cosmo) report.add(`${row.name}: messages/s, of Cosmo's`, ours.rate / cosmo.rate, '×', ...perSecond === 200 ? ['>= 3'] as const : [])
}

export async function ownIds(world: World, report: Report, timing: Timing): Promise<void> {
  const row = caseOf(timing, 'subscribers, each its own id, 200 events/s', 'own', 5_000, 200)
  const all = await inTurn(world, report, row, timing)
  report.add(`${row.name}: p50`, all.get(freshet)!.p50, 'ms')
  report.add(`${row.name}: p99`, all.get(freshet)!.p99, 'ms', '<= 10')
}

/** What Cosmo did where it was measured: how a target against it is read where it is absent. */
const cosmoThere = { distinctPerSecond: 44_000, entitiesP99: 47 }

export async function distinct(world: World, report: Report, timing: Timing): Promise<void> {
  const row = caseOf(timing, 'distinct operations × 50/s', 'distinct', 1_000, 50)
  const all = await inTurn(world, report, row, timing, [limit])
  const [ours, peer, cosmo] = [all.get(freshet)!, all.get(plain)!, all.get('Cosmo')]
  if (cosmo) report.add(`${row.name}: messages/s, of Cosmo's`, ours.rate / cosmo.rate, '×', '>= 1')
  else report.add(`${row.name}: messages/s, of what Cosmo did elsewhere`, ours.rate / (cosmoThere.distinctPerSecond * Math.min(1, timing.share)), '×', '>= 1')
  report.add(`${row.name}: messages/s, of a plain graphql-ws server's`, ours.rate / peer.rate, '×')
}

export async function entities(world: World, report: Report, timing: Timing): Promise<void> {
  const row = caseOf(timing, 'subscribers with fields of another subgraph × 10/s', 'entities', 1_000, 10)
  const all = await inTurn(world, report, row, timing, [limit])
  const [ours, cosmo] = [all.get(freshet)!, all.get('Cosmo')]
  report.add(`${row.name}: p50`, ours.p50, 'ms')
  if (cosmo) report.add(`${row.name}: p99, of Cosmo's`, ours.p99 / cosmo.p99, '×', '<= 0.65')
  else report.add(`${row.name}: p99, of Cosmo's elsewhere (${cosmoThere.entitiesP99} ms)`, ours.p99 / cosmoThere.entitiesP99, '×', '<= 0.65')
}

/** One of a hundred stops reading: what the others see of it. */
export async function slow(world: World, report: Report, timing: Timing): Promise<void> {
  const perSecond = 200
  const ratios: number[] = []
  const turns = [...world.servers].flatMap((each) => Array.from({ length: each[0] === freshet ? roundsOf(timing) : 1 }, () => each))
  for (const [name, server] of turns) {
    await using clients = await openClients({ url: server.url, count: 100, query: operations.one, sampled: 1 })
    // Long enough that what the operating system keeps for the one is soon full.
    const feeding = world.feed(perSecond, { text: 'x'.repeat(4_096) })
    try {
      await delay(timing.warmUp * 1000)
      await delay(timing.warmUp * 1000)
      const before = await watch(clients, server, timing.seconds)
      await clients.ask('stall one')
      await delay(timing.warmUp * 1000)
      const after = await watch(clients, server, timing.seconds)
      report.note(`100 subscribers × ${perSecond}/s of 4 KB: ${name} ${shown(before)}; while one does not read: ${shown(after)}; `
        + `${Math.round(mostUnsent(server) / 1024).toLocaleString('en')} KiB wait in the operating system for the one that does not`)
      if (name === freshet) ratios.push(after.p99 / before.p99)
    } finally {
      await feeding.stop()
    }
  }
  report.add(`one client of 100 stops reading: p99 of the others, of p99 before, median of ${ratios.length}`, quantile(ratios, 0.5), '×', '<= 1.5')
}

/** The most bytes that a socket of this server has still to send, by the kernel's account (Linux). */
function mostUnsent({ url }: Child): number {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0')
  try {
    const queues = readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1).flatMap((line) => {
      const [, local, , , queue] = line.trim().split(/\s+/)
      return local?.endsWith(`:${port}`) ? [parseInt(queue!.split(':')[0]!, 16)] : []
    })
    return Math.max(0, ...queues)
  } catch {
    return NaN
  }
}
