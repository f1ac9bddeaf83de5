import type { Report } from '../report.ts'
import type { Child } from './child.ts'
import { startChild } from './child.ts'
import { openClients } from './clients.ts'
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

export async function idle({ brokers, topic }: World, report: Report, { share }: Timing): Promise<void> {
  const count = Math.round(5_000 * share)
  const flags = ['--expose-gc']
  const each = new Map<string, number>()
  for (const [name, module, args] of [
    ['bare ws', 'bare-process.ts', []], [plain, 'plain-process.ts', [brokers, topic]], [freshet, 'freshet-process.ts', [brokers, topic]],
  ] as const) {
    each.set(name, await memoryOf(() => startChild(name, module, args, { flags }), count))
    report.add(`${count.toLocaleString('en')} idle subscribers: memory each, ${name}`, each.get(name)! / 1024, 'KiB')
  }
  report.add(`${count.toLocaleString('en')} idle subscribers: memory each, of bare ws'`, each.get(freshet)! / each.get('bare ws')!, '×', '<= 1.5')
}
