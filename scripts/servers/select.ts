import { globSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** `all` is what `npm test` runs; soaks take long and are asked for by name. */
const suites = { all: ['unit', 'real'], unit: ['unit'], real: ['real'], soak: ['soak'] } as const

export type Suite = keyof typeof suites
export type Phase = 'unit' | 'real' | 'soak'

export const isSuite = (name: string): name is Suite => Object.hasOwn(suites, name)

/** What takes longest comes first, so that no core waits in the end for one that was begun last. */
const longFirst = ['test/delivery/', 'test/docs/', 'test/ingest/', 'test/events/', 'test/servers/', 'test/search/', 'test/cli/']
const placeOf = (file: string): number => {
  const place = longFirst.findIndex((folder) => file.startsWith(folder))
  return place < 0 ? longFirst.length : place
}

/** The test files of each phase of a suite; with `parts`, those that have one of them in their path. */
export function selectTests(suite: Suite, parts: string[]): Record<Phase, string[]> {
  const selected: Record<Phase, string[]> = { unit: [], real: [], soak: [] }
  for (const file of globSync('test/**/*.{test,soak}.ts', { cwd: root }).sort().sort((a, b) => placeOf(a) - placeOf(b))) {
    const phase = phaseOf(file)
    if (!(suites[suite] as readonly Phase[]).includes(phase)) continue
    if (parts.length === 0 || parts.some((part) => file.includes(part))) selected[phase].push(join(root, file))
  }
  return selected
}

function phaseOf(file: string): Phase {
  if (file.endsWith('.soak.ts')) return 'soak'
  return file.endsWith('.real.test.ts') ? 'real' : 'unit'
}
