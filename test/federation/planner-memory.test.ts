import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PlannerMessage } from '../../federation/plan.ts'

const root = join(import.meta.dirname, '../..')

test('a supergraph that is forgotten takes no memory of the planner any more', { skip: process.platform !== 'linux' && 'resident memory is read from /proc' }, async () => {
  const sdl = readFileSync(join(root, 'schema/supergraph.graphql'), 'utf8')
  const planner = fork(join(root, 'federation/plan.ts'), { execArgv: [] })
  try {
    const tell = (message: PlannerMessage): boolean => planner.send(message)
    let supergraph = 0
    /** MiB, when so many supergraphs have followed each other. */
    const residentAfter = async (swaps: number): Promise<number> => {
      for (const end = supergraph + swaps; supergraph < end;) {
        tell({ kind: 'load', supergraph: ++supergraph, sdl: `${sdl}\n# ${supergraph}` })
        tell({ kind: 'unload', supergraph: supergraph - 1 })
      }
      const answer = once(planner, 'message')
      tell({ kind: 'plan', supergraph, operation: '{ livestreams { nodes { id } } }' })
      assert.ok('plan' in (await answer)[0])
      return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${planner.pid}/status`, 'utf8'))![1]) / 1024
    }
    const before = await residentAfter(40)
    const after = await residentAfter(100)
    // It was 33 MiB more.
    assert.ok(after < before + 12, `${before.toFixed(0)} MiB after 40 supergraphs, ${after.toFixed(0)} after 140`)
  } finally {
    planner.kill('SIGKILL')
  }
})
