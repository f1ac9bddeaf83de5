import { parseArgs } from 'node:util'
import { boundHeap } from '../cli/memory.ts'
import { Report, type BenchOptions } from './report.ts'

/** The benchmarks by name. Each is a module with `run`, loaded when it is asked for. */
const benches: Record<string, () => Promise<{ run: (options: BenchOptions) => Promise<void> }>> = {
  freshness: () => import('./freshness.ts'),
  ingest: () => import('./ingest.ts'),
  query: () => import('./query.ts'),
  feed: () => import('./feed.ts'),
  recall: () => import('./recall.ts'),
  start: () => import('./start.ts'),
  federation: () => import('./federation.ts'),
  subscriptions: () => import('./subscriptions.ts'),
}

// As in `freshet start`: systems on embedded parts run in this process.
boundHeap('ingest')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' }, on: { type: 'string' }, help: { type: 'boolean', default: false } },
})
const unknown = positionals.find((name) => !Object.hasOwn(benches, name))
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`There is no benchmark "${unknown}".`)
  console.log(`npm run bench [-- NAME…] [-- --quick] [--json FILE] [--on embedded|real]\nNames: ${Object.keys(benches).join(', ')}. Without a name: all.`)
  process.exit(unknown === undefined ? 0 : 1)
}

// Ending it ends what it has started, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const on: BenchOptions['on'] = values.on === 'embedded' ? ['embedded'] : values.on === 'real' ? ['Kafka + Weaviate'] : ['embedded', 'Kafka + Weaviate']
const report = new Report()
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  console.log(`\n${name}`)
  const bench = await benches[name]?.()
  await bench?.run({ quick: values.quick, on, report })
}
if (values.json !== undefined) report.write(values.json)
const short = report.figures.filter(({ met }) => met === false)
console.log(`\n${report.figures.length} figures, ${short.length} fall short of their target.`)
process.exit(0)
