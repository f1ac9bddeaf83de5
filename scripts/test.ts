// Runs the tests: node scripts/test.ts [all | unit | real | soak] [part of a path …]
import { join, relative } from 'node:path'
import { cacheDirectory } from '../test/servers/cache.ts'
import { isSuite, root, selectTests } from './servers/select.ts'
import { runTests } from './servers/run.ts'
import type { Counts } from './servers/run.ts'
import { startShared } from './servers/start.ts'

const minutes = 60_000
const phases = {
  unit: { servers: false, concurrency: 2, perProcess: 100, limit: 2 * minutes },
  // Most of what they take is waiting for brokers: more run at the same time than there are cores.
  real: { servers: true, concurrency: 4, perProcess: 1, limit: 5 * minutes },
  // One at a time: a soak measures what survives load and kills, not what survives another soak.
  soak: { servers: true, concurrency: 1, perProcess: 1, limit: 90 * minutes },
}

const [suite = 'all', ...parts] = process.argv.slice(2)
if (!isSuite(suite)) {
  console.error(`expected \`test [all | unit | real | soak] [part of a path …]\`, got the suite '${suite}'`)
  process.exit(2)
}

// The program is started a hundred times: what V8 has compiled once, and Node has stripped of its types, is kept.
process.env.NODE_COMPILE_CACHE ??= join(cacheDirectory(), 'compiled')

const selected = selectTests(suite, parts)
const chosen = (['unit', 'real', 'soak'] as const).filter((name) => selected[name].length > 0)
if (chosen.length === 0) {
  console.error(`no test file of '${suite}' below ${relative(process.cwd(), root) || '.'}${parts.length ? ` has ${parts.join(' or ')} in its path` : ''}`)
  process.exit(1)
}

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)))

// The servers start while the unit tests run.
const servers = chosen.some((name) => phases[name].servers) ? startShared() : undefined
let succeeded = true
const total: Counts = { passed: 0, failed: 0, skipped: 0 }
for (const name of chosen) {
  if (interrupted.signal.aborted) break
  const phase = phases[name]
  if (phase.servers && await servers?.addressed() === false) succeeded = false
  console.log(`\n${name} tests: ${selected[name].length} files`)
  const { counts, success } = await runTests(selected[name], { ...phase, signal: interrupted.signal })
  for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key]
  if (!success) succeeded = false
}
await servers?.[Symbol.asyncDispose]()

if (interrupted.signal.aborted) {
  console.error(`\n${interrupted.signal.reason.message}: not every test was run`)
  succeeded = false
}
if (total.passed + total.failed === 0) {
  console.error('\nno test was run: that proves nothing, so it counts as a failure')
  succeeded = false
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = succeeded ? 0 : 1
