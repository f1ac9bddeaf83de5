#!/usr/bin/env node
// Runs the program on the project's own Node 24, whatever Node found this file.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import('./main.ts')
} else {
  const packaged = join(here, '..', 'node_modules', '.bin', 'node')
  if (!existsSync(packaged)) {
    console.error('freshet: needs Node ≥ 24. Run `npm ci` in its folder, which brings one.')
    process.exit(1)
  }
  const { status } = spawnSync(packaged, [join(here, 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(status ?? 1)
}
