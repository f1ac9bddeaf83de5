import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { writeFile } from 'node:fs/promises'
import { settingDefinitions } from '../../cli/settings.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { root, runProgram, type Ended } from './program.ts'

const freshet = (...args: string[]): Promise<Ended> => runProgram(args, { cwd: root })

describe('freshet', { timeout: 60_000 }, () => {
  test('explains itself and each of its commands', async () => {
    const { code, stdout } = await freshet('--help')
    assert.equal(code, 0)
    assert.match(stdout, /Examples:\n {2}freshet start /)
    const commands = [...(stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z-]+)(?: \[options\]|$| {2,})/gm)].map(([, name]) => name as string)
    for (const name of ['start', 'ingest', 'gateway', 'simulate', 'replay', 'compose', 'check', 'doctor', 'settings', 'dead-letters'])
      assert.ok(commands.includes(name), `${name} is among ${commands.join(', ')}`)
    const letters = ['list', 'show', 'resubmit'].map((name) => ['dead-letters', name])
    for (const command of [...commands.filter((name) => name !== 'help').map((name) => [name]), ...letters]) {
      const { code: ok, stdout: help } = await freshet(...command, '--help')
      assert.equal(ok, 0, command.join(' '))
      const [usage = '', , about = ''] = help.split('\n')
      assert.match(usage, new RegExp(`^Usage: freshet ${command.join(' ')}( |$)`))
      assert.match(about, /^[A-Z].+/, `${command.join(' ')} has a description`)
    }
  })

  test('goes on to its end when nobody reads what it says', async () => {
    const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'settings'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    const [told, [code]] = await Promise.all([child.stderr.setEncoding('utf8').toArray(), once(child, 'exit')])
    assert.deepEqual([told.join(''), code], ['', 0])
  })

  test('lists every setting with its key, its name in the environment and its default', async () => {
    const { code, stdout } = await freshet('settings')
    assert.equal(code, 0)
    for (const { key, env, about } of Object.values(settingDefinitions)) {
      const at = stdout.indexOf(`${key}\n    ${env}`)
      assert.ok(at >= 0, `${key} is listed`)
      assert.ok(stdout.indexOf(about, at) > at)
    }
    assert.match(stdout, /^port\n {4}PORT, default 4000\n {4}\S/m)
  })

  test('says of a command or an option that there is none, and where to look', async () => {
    for (const [args, message] of [[['begin'], /unknown command 'begin'/], [['start', '--fast'], /unknown option '--fast'/]] as const) {
      const { code, stderr } = await freshet(...args)
      assert.equal(code, 1)
      assert.match(stderr, message)
      assert.match(stderr, /`freshet --help` lists the commands/)
    }
  })

  test('refuses to run with other settings than those of the file that it was told of', async () => {
    const { code, stderr } = await freshet('-c', 'nowhere.yaml', 'doctor')
    assert.equal(code, 1)
    assert.match(stderr, /^freshet: --config: there is no file nowhere\.yaml\./m)
    assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack')
  })

  test('says of a log on which nothing has run that there are no dead letters yet', async () => {
    await using folder = temporaryDirectory('cli')
    const { code, stdout } = await runProgram(['dead-letters', 'list'], { cwd: folder.path })
    assert.equal(code, 0)
    assert.match(stdout, /^There are no dead letters: nothing has run on this log yet \(embedded, in \.freshet\/log\)\.$/m)
  })

  test('composes to standard output what is committed', async () => {
    const { code, stdout } = await freshet('compose', '-o', '-')
    assert.equal(code, 0)
    assert.equal(stdout, readFileSync(join(root, 'schema/supergraph.graphql'), 'utf8'))
  })

  test('says which settings file is no YAML, and where', async () => {
    await using folder = temporaryDirectory('cli')
    await writeFile(join(folder.path, 'mine.yaml'), 'port: 4000\n  host: [\n')
    const { code, stderr } = await runProgram(['doctor', '--config', 'mine.yaml'], { cwd: folder.path })
    assert.equal(code, 1)
    assert.match(stderr, /^freshet: mine\.yaml: is no YAML: .*2:\d+/m)
  })
})
