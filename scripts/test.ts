// Runs the tests: node scripts/test.ts [all | unit | real | soak] [part of a path …]
import { join, relative } from 'node:path'
import { cacheDirectory } from '../test/servers/cache.ts'
import { isSuite, root, selectTests } from './servers/select.ts'
import { runTests } from './servers/run.ts'
import type { Counts } from './servers/run.ts'
import { startShared } from './servers/start.ts'

const minutes = 60_000
/** How what is selected is run: how many files, or groups of them, at the same time, and how long one test may take, ms. */
const ways = {
  unit: { concurrency: 2, limit: 2 * minutes },
  // Much of what they take is waiting for brokers: more run at the same time than there are cores, and unit tests beside them.
  real: { concurrency: 4, limit: 5 * minutes },
  // One at a time: a soak measures what survives load and kills, not what survives another soak.
  soak: { concurrency: 1, limit: 90 * minutes },
}

const [suite = 'all', ...parts] = process.argv.slice(2)
if (!isSuite(suite)) {
  console.error(`expected \`test [all | unit | real | soak] [part of a path …]\`, got the suite '${suite}'`)
  process.exit(2)
}

// The program is started a hundred times: what V8 has compiled once, and Node has stripped of its types, is kept.
process.env.NODE_COMPILE_CACHE ??= join(cacheDirectory(), 'compiled')

const selected = selectTests(suite, parts)
const chosen = Object.entries(selected).filter(([, files]) => files.length > 0)
if (chosen.length === 0) {
  console.error(`no test file of '${suite}' below ${relative(process.cwd(), root) || '.'}${parts.length ? ` has ${parts.join(' or ')} in its path` : ''}`)
  process.exit(1)
}

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)))

const { unit, real, soak } = selected
const way = soak.length > 0 ? ways.soak : real.length > 0 ? ways.real : ways.unit
await using servers = way === ways.unit ? undefined : startShared()
let succeeded = await servers?.addressed() ?? true
let total: Counts = { passed: 0, failed: 0, skipped: 0 }
if (!interrupted.signal.aborted) {
  console.log(`\n${chosen.map(([name, files]) => `${name} tests: ${files.length} files`).join(', ')}`)
  const { counts, success } = await runTests({ together: unit, alone: [...real, ...soak] }, { ...way, signal: interrupted.signal })
  total = counts
  succeeded &&= success
}

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
