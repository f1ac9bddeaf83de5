import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { temporaryDirectory } from '../servers/process.ts'
import { root, runProgram, startProgram } from './program.ts'

/** A Node older than the program needs, as many machines have it; undefined where there is none. */
function olderNode(): string | undefined {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder && !folder.startsWith(join(root, 'node_modules')))
  for (const folder of [...path, '/usr/bin', '/usr/local/bin']) {
    const { stdout } = spawnSync(join(folder, 'node'), ['--version'], { encoding: 'utf8' })
    const [, major = '99'] = /^v(\d+)/.exec(stdout ?? '') ?? []
    if (Number(major) >= 20 && Number(major) < 24) return join(folder, 'node')
  }
  return undefined
}

const old = olderNode()

describe('cli/freshet.js', { timeout: 60_000 }, () => {
  test('runs the program where the Node that found it is new enough, and passes on how it ended', async () => {
    const command = [process.execPath, join(root, 'cli/freshet.js')] as const
    assert.match((await runProgram(['--help'], { cwd: root, command })).stdout, /^Usage: freshet /)
    assert.equal((await runProgram(['begin'], { cwd: root, command })).code, 1)
  })

  test('is the program from then on, started for less memory', { skip: process.platform !== 'linux' && 'asks /proc' }, async () => {
    await using folder = temporaryDirectory('launcher')
    const command = [process.execPath, join(root, 'cli/freshet.js')] as const
    await using program = startProgram(['start', '--no-simulate', '--port', '0', '--data-dir', folder.path], { cwd: folder.path, command })
    await program.says(/http:\/\/127\.0\.0\.1:\d+/)
    const told = async (name: string): Promise<string[]> => (await readFile(`/proc/${program.pid}/${name}`, 'utf8')).split('\0')
    const [, semiSpace, preload, module, file] = await told('cmdline')
    assert.deepEqual([semiSpace, preload, file], ['--max-semi-space-size=16', '--import', join(root, 'cli/main.ts')])
    assert.match(module!, /\/cli\/plain-modules\.js$/)
    assert.ok((await told('environ')).includes('MALLOC_ARENA_MAX=1'))
    program.send('SIGTERM')
    assert.equal((await program.ended).code, 0, 'a signal reaches it')
  })

  const skip = old === undefined && 'this machine has no Node between 20 and 23'
  test('runs the program on the packaged Node where the other is too old', { skip }, async () => {
    await using folder = temporaryDirectory('launcher')
    const command = [old as string, join(root, 'cli/freshet.js')] as const
    const { code, stdout } = await runProgram(['doctor', '--port', '0', '--data-dir', folder.path], { cwd: root, command })
    assert.equal(code, 0)
    assert.match(stdout, /^ok {5}Node: v24\./m)
    assert.equal((await runProgram(['begin'], { cwd: root, command })).code, 1)
  })

  test('says what to do where no new enough Node is installed', { skip }, async () => {
    await using folder = temporaryDirectory('launcher')
    await mkdir(join(folder.path, 'cli'))
    await copyFile(join(root, 'cli/freshet.js'), join(folder.path, 'cli/freshet.js'))
    await writeFile(join(folder.path, 'package.json'), '{"type":"module"}')
    const { code, stderr } = await runProgram(['--help'], { cwd: folder.path, command: [old as string, join(folder.path, 'cli/freshet.js')] })
    assert.equal(code, 1)
    assert.match(stderr, /^freshet: needs Node ≥ 24\. Run `npm ci` in its folder, which brings one\.$/m)
  })
})
