import { parse } from 'graphql'
import { createEngine, httpSubgraph } from '../federation/index.ts'
import type { InProcess } from './federation/in-process.ts'
import { load, medianLoad, type Asked, type Gateway, type Load } from './federation/load.ts'
import { memoryUnderLoad } from './federation/memory.ts'
import { forked, installPeers, peersOver, started } from './federation/peers.ts'
import { operation, small, smallAnswer, supergraph, typeDefs } from './federation/shop.ts'
import { quantile, type BenchOptions, type Report } from './report.ts'

/** What Cosmo did beside Hive Gateway where both were measured: how a target against Cosmo is read where Cosmo is absent. */
const cosmoByHive = {
  shared: { rate: 2805 / 1730 },
  varying: { rate: 1155 / 459, cpu: 860 / (1e6 / 459) },
}

const modules = `${import.meta.dirname}/federation`

interface Case {
  name: string
  asked: Asked
  sharing: boolean
  /** What answered, and how fast. */
  results: Map<string, Load>
}

/** FRESHET_BENCH_MEMORY_SECONDS: how long memory is watched under load; not at all unless it is said (600 is what BENCHMARKS.md has). */
const memorySeconds = Number(process.env.FRESHET_BENCH_MEMORY_SECONDS ?? 0)

/** Gateways in front of remote subgraphs, the engine over co-located ones, the door, and plans. */
export async function run({ quick, report }: BenchOptions): Promise<void> {
  const seconds = quick ? 1.5 : 5
  const rounds = quick ? 3 : 5
  const packages = install(report)
  await using subgraphs = await forked('The subgraphs', `${modules}/subgraphs.ts`, [])
  const supergraphSdl = supergraph(subgraphs.url)
  const { peers, fastify, dispose } = peersOver(supergraphSdl, packages)
  const freshet = (kind: 'bare' | 'door', sharing: boolean, origin = subgraphs.url) => (): Promise<Gateway> =>
    forked(`Freshet (${kind})`, `${modules}/gateway.ts`, [kind, sharing ? 'inFlight' : 'off', origin])
  const measure = async (start: () => Promise<Gateway>, asked: Asked): Promise<Load | undefined> => {
    try {
      await using gateway = await start()
      return await load(gateway, asked, seconds)
    } catch (error) {
      report.note(`NOT MEASURED: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
  try {
    if (memorySeconds > 0) {
      const gateways = [freshet('door', true), ...['Hive Gateway', 'Cosmo'].flatMap((name) => {
        const peer = peers.get(name)
        return peer ? [() => peer.start({ sharing: true })] : []
      })]
      return await memoryUnderLoad(report, gateways, [{ query: operation() }, varyingArguments()], memorySeconds)
    }
    await plans(report, supergraphSdl, subgraphs.url)
    await coLocated(report, quick)

    const varying = varyingArguments()
    const cases: Case[] = [
      { name: 'identical, nothing shared', asked: { query: operation() }, sharing: false, results: new Map() },
      { name: 'identical, in flight shared', asked: { query: operation() }, sharing: true, results: new Map() },
      { name: 'varying arguments, in flight shared', asked: varying, sharing: true, results: new Map() },
    ]
    for (const { name, asked, sharing, results } of cases) {
      const starts: [string, () => Promise<Gateway>][] = [['Freshet', freshet('bare', sharing)]]
      // Apollo Gateway shares nothing in flight: it says the same in each case.
      for (const peer of peers.values()) if (!sharing || peer.name !== 'Apollo Gateway') starts.push([peer.name, () => peer.start({ sharing })])
      for (const [who, start] of starts) {
        const result = await measure(start, asked)
        if (!result) continue
        results.set(who, result)
        report.add(`${name}: ${who}`, result.rate, 'req/s')
        report.add(`${name}: ${who}, CPU per request`, result.cpu, 'µs')
        report.add(`${name}: ${who}, resident`, result.rss, 'MiB')
      }
    }
    compare(report, cases)

    await throughTheDoor(report, [freshet('bare', false), freshet('door', false)], quick ? 1 : 3, rounds)
    const starts: [keyof typeof who, () => Promise<Gateway>][] = [['own', freshet('door', true, 'in-process')], ['remote', freshet('door', true)]]
    if (fastify) starts.push(['fastify', fastify])
    const hive = peers.get('Hive Gateway')
    if (hive) starts.push(['hive', () => hive.start({ sharing: true })])
    await smallAnswers(report, starts, quick ? 0.4 : 2, rounds)
  } finally {
    dispose()
  }
}

function install(report: Report): string | undefined {
  try {
    return installPeers()
  } catch (error) {
    report.note(`THE PEERS COULD NOT BE INSTALLED: nothing is compared with them. ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

/** Each request another argument, the same products in the end. */
const varyingArguments = (): Asked => {
  let number = 0
  return { query: operation('(first: $first)', '($first: Int)'), variables: () => ({ first: 9 + ((number++ * 7919) % 1_000_003) }) }
}

function compare(report: Report, [alone, shared, varying]: Case[]): void {
  const against = (of: Case | undefined, who: string, what: 'rate' | 'cpu', factor: number, target: string, note = '') => {
    const own = of?.results.get('Freshet')
    const other = of?.results.get(who)
    if (of && own && other) report.add(`${of.name}: Freshet / ${who}${note}, ${what === 'rate' ? 'req/s' : 'CPU'}`, own[what] / other[what] / factor, '×', target)
  }
  against(alone, 'Hive Gateway', 'rate', 1, '>= 2')
  against(alone, 'Hive Gateway', 'cpu', 1, '<= 0.4')
  against(alone, 'Cosmo', 'rate', 1, '>= 2')
  against(alone, 'Cosmo', 'cpu', 1, '<= 0.4')
  const cosmo = shared?.results.has('Cosmo')
  const who = cosmo ? 'Cosmo' : 'Hive Gateway'
  if (!cosmo) {
    report.note(`Cosmo is absent: targets against it are read from Hive Gateway, beside which it answered ${cosmoByHive.shared.rate.toFixed(2)} × (shared) and `
      + `${cosmoByHive.varying.rate.toFixed(2)} × (varying) requests, at ${cosmoByHive.varying.cpu.toFixed(2)} × the CPU (varying), on a machine of this kind.`)
  }
  const note = cosmo ? '' : ' as Cosmo'
  against(shared, who, 'rate', cosmo ? 1 : cosmoByHive.shared.rate, '>= 1.2', note)
  against(varying, who, 'rate', cosmo ? 1 : cosmoByHive.varying.rate, '>= 1.4', note)
  against(varying, who, 'cpu', cosmo ? 1 : cosmoByHive.varying.cpu, '<= 0.5', note)
  for (const each of [shared, varying]) against(each, 'Hive Router', 'rate', 1, '>= 1')
}

/** In objects, without a door: what it costs that what one schema resolves is in five subgraphs. */
async function coLocated(report: Report, quick: boolean): Promise<void> {
  const { child, told: { federated, merged, ratio, bytes } } =
    await started<InProcess>('The co-located subgraphs', `${modules}/in-process.ts`, quick ? ['2000', '5'] : ['8000', '9'])
  child.kill()
  report.add(`five in-process subgraphs, 20 live streams, ${(bytes / 1024).toFixed(1)} KB: CPU`, federated, 'µs')
  report.add('one merged schema with graphql-js: CPU', merged, 'µs')
  report.add('five in-process subgraphs / merged schema', ratio, '×', '<= 0.5')
}

/** What each of several gateways does in rounds in which they take turns, so that a machine's moods meet all of them. */
async function inTurns<Name>(
  starts: readonly (readonly [Name, () => Promise<Gateway>])[], asked: Asked, seconds: number, rounds: number, expected?: unknown,
): Promise<Map<Name, Load[]>> {
  await using running = new AsyncDisposableStack()
  const gateways: [Name, Gateway][] = []
  for (const [name, start] of starts) gateways.push([name, running.use(await start())])
  for (const [, gateway] of gateways) await load(gateway, asked, seconds, expected)
  const loads = new Map<Name, Load[]>(gateways.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const [name, gateway] of gateways) loads.get(name)!.push(await load(gateway, asked, seconds, expected))
  return loads
}

/** Over all rounds, what comes of one with another. */
const medianOf = (one: readonly Load[], other: readonly Load[], combine: (one: Load, other: Load) => number): number =>
  quantile(one.map((load, round) => combine(load, other[round]!)), 0.5)

/** What Apollo Server, limits and telemetry add to the bare executor. */
async function throughTheDoor(report: Report, [bare, door]: (() => Promise<Gateway>)[], seconds: number, rounds: number): Promise<void> {
  const loads = await inTurns([['bare', bare!], ['door', door!]], { query: operation() }, seconds, rounds)
  const more = medianOf(loads.get('door')!, loads.get('bare')!, (one, other) => one.cpu - other.cpu)
  report.add('through Apollo Server, 88 KB: CPU more than the bare executor', more, 'µs', '<= 150')
}

const who = {
  own: 'Freshet, co-located', remote: 'Freshet, remote subgraph', fastify: 'Apollo Server on fastify, one schema', hive: 'Hive Gateway, remote subgraph',
}

/** The same operation, answer and clients for all; each in one process. */
async function smallAnswers(
  report: Report, starts: readonly (readonly [keyof typeof who, () => Promise<Gateway>])[], seconds: number, rounds: number,
): Promise<void> {
  const loads = await inTurns(starts, { query: small }, seconds, rounds, smallAnswer)
  for (const [name, all] of loads) {
    const { rate, cpu } = medianLoad(all)
    report.add(`small answers: ${who[name]}`, rate, 'req/s')
    report.add(`small answers: ${who[name]}, CPU per request`, cpu, 'µs')
  }
  const rateOf = (one: Load, other: Load) => one.rate / other.rate
  const [fastify, hive] = [loads.get('fastify'), loads.get('hive')]
  if (fastify) report.add('small answers: Freshet / fastify integration', medianOf(loads.get('own')!, fastify, rateOf), '×', '>= 1.3')
  if (hive) report.add('small answers: Freshet / Hive Gateway', medianOf(loads.get('remote')!, hive, rateOf), '×', '>= 1')
}

/** What planning costs, and how often it is done: for literals that differ, once. */
async function plans(report: Report, supergraphSdl: string, origin: string): Promise<void> {
  const engine = createEngine({
    supergraphSdl, subgraphs: new Map(Object.keys(typeDefs).map((name) => [name, httpSubgraph({ url: `${origin}/${name}` })])),
  })
  const ask = async (query: string) => {
    const { errors } = await engine.execute({ document: parse(query) })
    if (errors?.[0]) throw errors[0]
  }
  try {
    // The planner's process starts with the first operation.
    await ask('{ me { id } }')
    const planned = async (query: string) => {
      const before = engine.stats().planningMs
      await ask(query)
      return engine.stats().planningMs - before
    }
    report.add('planning: a trivial operation', await planned('{ me { name } }'), 'ms')
    report.add('planning: the big operation', await planned(operation()), 'ms')
    const before = engine.stats()
    for (let first = 1; first <= 100; first++) await ask(operation(`(first: ${first})`))
    const { hits, misses } = engine.stats()
    const total = hits - before.hits + misses - before.misses
    report.add('plan cache: hits of 100 operations that differ in a literal', (hits - before.hits) / total, '', '>= 0.99')
  } finally {
    await engine.close()
  }
}
