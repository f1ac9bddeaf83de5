import type { Report } from '../report.ts'
import type { Child } from './child.ts'
import { startChild } from './child.ts'
import { openClients } from './clients.ts'
import { cosmo } from './cosmo.ts'
import type { Timing } from './fan-out.ts'
import { operations } from './topic.ts'
import { freshet, plain, type World } from './world.ts'

/** Bytes of resident memory for each subscriber to whom nothing comes. */
async function memoryOf(start: () => Promise<Child>, count: number): Promise<number> {
  await using server = await start()
  // What a first connection brings with it is no part of what each costs.
  await using first = await openClients({ url: server.url, count: 50, query: operations.one, sampled: 1 })
  const before = await server.ask<number>('memory')
  await using all = await openClients({ url: server.url, count, query: operations.one, sampled: 1 })
  const after = await server.ask<number>('memory')
  void [first, all]
  return (after - before) / count
}

export async function idle({ brokers, topic, namesUrl }: World, report: Report, { share }: Timing): Promise<void> {
  const count = Math.round(5_000 * share)
  const flags = ['--expose-gc']
  const each = new Map<string, number>()
  const starts: [string, () => Promise<Child>][] = ([
    ['bare ws', 'bare-process.ts', []], [plain, 'plain-process.ts', [brokers, topic]], [freshet, 'freshet-process.ts', [brokers, topic]],
  ] as const).map(([name, module, args]) => [name, () => startChild(name, module, args, { flags })])
  const router = process.env.COSMO_ROUTER
  if (router) starts.push(['Cosmo', () => cosmo(router, { brokers, topic, namesUrl })])
  for (const [name, start] of starts) {
    each.set(name, await memoryOf(start, count))
    report.add(`${count.toLocaleString('en')} idle subscribers: memory each, ${name}`, each.get(name)! / 1024, 'KiB')
  }
  report.add(`${count.toLocaleString('en')} idle subscribers: memory each, of bare ws'`, each.get(freshet)! / each.get('bare ws')!, '×', '<= 1.5')
}
