// Runs before `npm start` and `npm test`, under whatever Node ≥ 20 the machine has and before anything is installed: so it
// uses nothing but Node itself. It installs the locked dependencies (the project's own Node 24 among them) when the stamp
// in node_modules does not match the lockfile.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamp = join(root, 'node_modules', '.freshet-lock')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.platform}-${process.arch}`)
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.error('freshet: installing the locked dependencies (once per lockfile)')
  // Engine warnings speak of the Node that runs npm, not of the one that will run Freshet.
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error('freshet: `npm ci` failed; its own words are above. Mend that and run the same command again.')
    process.exit(status ?? 1)
  }
  const node = spawnSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' })
  const major = Number(/^v(\d+)/.exec(node.stdout ?? process.version)?.[1] ?? 0)
  if (node.status !== 0 && Number(process.versions.node.split('.')[0]) < 24) {
    console.error(`freshet: no packaged Node for ${process.platform}-${process.arch}; install Node ≥ 24 and run the same command again.`)
    process.exit(1)
  }
  if (node.status === 0 && major < 24) {
    console.error(`freshet: expected Node ≥ 24 in node_modules/.bin, found ${node.stdout.trim()}.`)
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
}
