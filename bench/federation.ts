import { parse } from 'graphql'
import { createEngine, httpSubgraph } from '../federation/index.ts'
import type { InProcess } from './federation/in-process.ts'
import { answerOf, load, medianLoad, type Asked, type Load } from './federation/load.ts'
import { memoryUnderLoad } from './federation/memory.ts'
import { forked, peersOver, started } from './federation/peers.ts'
import { operation, small, smallAnswer, supergraph, typeDefs } from './federation/shop.ts'
import { installPackages } from './packages.ts'
import type { Gateway } from './program.ts'
import { quantile, type BenchOptions, type Report } from './report.ts'

/** What Cosmo did beside Hive Gateway where both were measured: how a target against Cosmo is read where Cosmo is absent. */
const cosmoByHive = new Map([
  ['identical, in flight shared', { rate: 2805 / 1730, cpu: NaN }],
  ['varying arguments, in flight shared', { rate: 1155 / 459, cpu: 860 / (1e6 / 459) }],
])

const modules = `${import.meta.dirname}/federation`

/** Gateways in front of four subgraphs. */
interface Case {
  name: string
  asked: Asked
  sharing: boolean
  targets: Target[]
}

interface Target {
  peer: string
  figure: 'rate' | 'cpu'
  target: string
}

/** FRESHET_BENCH_MEMORY_SECONDS: how long memory is watched under load; not at all unless it is said (600 is what BENCHMARKS.md has). */
const memorySeconds = Number(process.env.FRESHET_BENCH_MEMORY_SECONDS ?? 0)

/** FRESHET_BENCH_ROWS: which of the rows are measured, separated by commas; all of them unless it is said. */
const wanted = process.env.FRESHET_BENCH_ROWS?.split(',')

/** Gateways in front of remote subgraphs, the engine over co-located ones, the door, and plans. */
export async function run({ quick, report }: BenchOptions): Promise<void> {
  const seconds = quick ? 1 : 2.5
  const rounds = quick ? 3 : 5
  const packages = install(report)
  await using subgraphs = await forked('The subgraphs', `${modules}/subgraphs.ts`, [])
  const { peers, fastify, dispose } = peersOver(subgraphs.url, packages)
  const freshet = (kind: 'bare' | 'door', sharing: boolean, origin = subgraphs.url) => (): Promise<Gateway> =>
    forked(`Freshet (${kind})`, `${modules}/gateway.ts`, [kind, sharing ? 'inFlight' : 'off', origin])
  const beside = (row: Case) => async () => {
    const starts: [string, () => Promise<Gateway>][] = [['Freshet', freshet('bare', row.sharing)]]
    // Apollo Gateway shares nothing in flight: it says the same in each case.
    for (const peer of peers.values())
      if (!row.sharing || peer.name !== 'Apollo Gateway') starts.push([peer.name, () => peer.start(row)])
    compare(report, row, await inTurns(report, starts, row.asked, seconds, 3))
  }
  const rows: Record<string, () => Promise<void>> = {
    plans: () => plans(report, supergraph(subgraphs.url), subgraphs.url),
    'co-located': () => coLocated(report, quick),
    'nothing-shared': beside({ name: 'identical, nothing shared', asked: { query: operation() }, sharing: false, targets: ['Hive Gateway', 'Cosmo'].flatMap((peer) => [
      { peer, figure: 'rate', target: '>= 2' }, { peer, figure: 'cpu', target: '<= 0.4' },
    ] satisfies Target[]) }),
    identical: beside({ name: 'identical, in flight shared', asked: { query: operation() }, sharing: true, targets: [
      { peer: 'Cosmo', figure: 'rate', target: '>= 1.2' }, { peer: 'Hive Router', figure: 'rate', target: '>= 1' },
    ] }),
    varying: beside({ name: 'varying arguments, in flight shared', asked: varyingArguments(), sharing: true, targets: [
      { peer: 'Cosmo', figure: 'rate', target: '>= 1.4' }, { peer: 'Cosmo', figure: 'cpu', target: '<= 0.5' }, { peer: 'Hive Router', figure: 'rate', target: '>= 1' },
    ] }),
    door: () => throughTheDoor(report, [freshet('bare', false), freshet('door', false)], quick ? 1 : 3, rounds),
    small: () => {
      const starts: [keyof typeof who, () => Promise<Gateway>][] = [['own', freshet('door', true, 'in-process')], ['remote', freshet('door', true)]]
      if (fastify) starts.push(['fastify', fastify])
      for (const name of ['Hive Gateway', 'Hive Router', 'Cosmo'] as const) {
        const peer = peers.get(name)
        if (peer) starts.push([name, () => peer.start({ sharing: true })])
      }
      return smallAnswers(report, starts, quick ? 0.4 : 2, rounds)
    },
  }
  const unknown = wanted?.find((name) => !(name in rows))
  if (unknown !== undefined) throw new Error(`FRESHET_BENCH_ROWS: there is no row "${unknown}"; the rows are ${Object.keys(rows).join(', ')}.`)
  try {
    if (memorySeconds > 0) {
      // The first start of changed modules takes their types out, and keeps in memory what does that. It is the others that run for long.
      await (await freshet('door', true)())[Symbol.asyncDispose]()
      const gateways = [freshet('door', true), ...['Hive Gateway', 'Cosmo'].flatMap((name) => {
        const peer = peers.get(name)
        return peer ? [() => peer.start({ sharing: true })] : []
      })]
      return await memoryUnderLoad(report, gateways, [{ query: operation() }, varyingArguments()], memorySeconds)
    }
    for (const [name, row] of Object.entries(rows)) if (wanted?.includes(name) ?? true) await row()
  } finally {
    dispose()
  }
}

function install(report: Report): string | undefined {
  try {
    return installPackages('peers')
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

/** Each beside Freshet, and what a target against Cosmo says of Hive Gateway where Cosmo is absent. */
function compare(report: Report, { name, targets }: Case, loads: ReadonlyMap<string, Load[]>): void {
  for (const [who, all] of loads) {
    const { rate, cpu, rss } = medianLoad(all)
    report.add(`${name}: ${who}`, rate, 'req/s')
    report.add(`${name}: ${who}, CPU per request`, cpu, 'µs')
    report.add(`${name}: ${who}, resident`, rss, 'MiB')
  }
  const own = loads.get('Freshet')
  const against = (who: string, figure: 'rate' | 'cpu', target?: string, factor = 1, note = '') => {
    const other = loads.get(who)
    if (!own || !other) return
    report.add(`${name}: Freshet / ${who}${note}, ${figure === 'rate' ? 'req/s' : 'CPU'}`, medianOf(own, other, (one, beside) => one[figure] / beside[figure]) / factor, '×', target)
  }
  for (const who of loads.keys()) {
    if (who === 'Freshet') continue
    for (const figure of ['rate', 'cpu'] as const)
      against(who, figure, targets.find((target) => target.peer === who && target.figure === figure)?.target)
  }
  const there = loads.has('Cosmo') ? undefined : cosmoByHive.get(name)
  if (!there) return
  report.note(`Cosmo is absent: targets against it are read from Hive Gateway, beside which it answered ${there.rate.toFixed(2)} × requests at `
    + `${there.cpu.toFixed(2)} × the CPU, on a machine of this kind.`)
  for (const { peer, figure, target } of targets) if (peer === 'Cosmo') against('Hive Gateway', figure, target, there[figure], ' as Cosmo')
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

/**
 * What each of several gateways does in rounds in which they take turns, so that a machine's moods meet all of them. The first one's answer
 * is what all must answer, unless it is said. One that does not start or answers something else is left out, with a note.
 */
async function inTurns<Name extends string>(
  report: Report, starts: readonly (readonly [Name, () => Promise<Gateway>])[], asked: Asked, seconds: number, rounds: number, answer?: unknown,
): Promise<Map<Name, Load[]>> {
  await using running = new AsyncDisposableStack()
  const gateways: [Name, Gateway][] = []
  let expected = answer
  for (const [name, start] of starts) {
    try {
      const gateway = running.use(await start())
      expected ??= await answerOf(gateway, asked)
      await load(gateway, asked, seconds, expected)
      gateways.push([name, gateway])
    } catch (error) {
      report.note(`NOT MEASURED: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
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
  const loads = await inTurns(report, [['bare', bare!], ['door', door!]], { query: operation() }, seconds, rounds)
  const more = medianOf(loads.get('door')!, loads.get('bare')!, (one, other) => one.cpu - other.cpu)
  report.add('through Apollo Server, 88 KB: CPU more than the bare executor', more, 'µs', '<= 150')
}

const who = {
  own: 'Freshet, co-located', remote: 'Freshet, remote subgraph', fastify: 'Apollo Server on fastify, one schema',
  'Hive Gateway': 'Hive Gateway, remote subgraph', 'Hive Router': 'Hive Router, remote subgraph', Cosmo: 'Cosmo, remote subgraph',
}

/** The same operation, answer and clients for all; each in one process. */
async function smallAnswers(
  report: Report, starts: readonly (readonly [keyof typeof who, () => Promise<Gateway>])[], seconds: number, rounds: number,
): Promise<void> {
  const loads = await inTurns(report, starts, { query: small }, seconds, rounds, smallAnswer)
  for (const [name, all] of loads) {
    const { rate, cpu } = medianLoad(all)
    report.add(`small answers: ${who[name]}`, rate, 'req/s')
    report.add(`small answers: ${who[name]}, CPU per request`, cpu, 'µs')
  }
  const rateOf = (one: Load, other: Load) => one.rate / other.rate
  const fastify = loads.get('fastify')
  if (fastify) report.add('small answers: Freshet / fastify integration', medianOf(loads.get('own')!, fastify, rateOf), '×', '>= 1.3')
  for (const name of ['Hive Gateway', 'Hive Router', 'Cosmo'] as const) {
    const peer = loads.get(name)
    if (peer) report.add(`small answers: Freshet / ${name}`, medianOf(loads.get('remote')!, peer, rateOf), '×', name === 'Hive Gateway' ? '>= 1' : undefined)
  }
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
