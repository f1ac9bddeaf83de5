#!/usr/bin/env node
// Runs the program on the project's own Node 24, whatever Node found this file, and as Node is to be started for it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const isNew = Number(process.versions.node.split('.')[0]) >= 24
const node = isNew ? process.execPath : join(here, '..', 'node_modules', '.bin', 'node')
if (!existsSync(node)) {
  console.error('freshet: needs Node ≥ 24. Run `npm ci` in its folder, which brings one.')
  process.exit(1)
}
// What can be said only as a process starts, for less memory: ARCHITECTURE.md has the reasons ("Decided on the way").
const { flags, env } = JSON.parse(readFileSync(join(here, 'node.json'), 'utf8'))
const args = [
  ...flags, '--import', pathToFileURL(join(here, 'plain-modules.js')).href, ...isNew ? process.execArgv : [], join(here, 'main.ts'), ...process.argv.slice(2),
]
const environment = { ...env, ...process.env }
// In the place of this process where the system can do that: a second one would be memory, and stand between it and its signals.
if (process.execve && process.platform !== 'win32') process.execve(node, [node, ...args], environment)
const { status } = spawnSync(node, args, { stdio: 'inherit', env: environment })
process.exit(status ?? 1)
