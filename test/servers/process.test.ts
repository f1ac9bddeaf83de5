import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { onFreePorts, ServerFailed, ServerProcess, temporaryDirectory } from './process.ts'
import { isAlive } from './watchdog.ts'

/** A test process with a server (it only waits) and a directory, which prints the pid of the one and the path of the other. */
const owner = `
  import { ServerProcess, temporaryDirectory } from ${JSON.stringify(new URL('process.ts', import.meta.url).href)}
  const { path } = temporaryDirectory('owner')
  const args = ['-e', 'console.log(process.pid); setInterval(() => {}, 1000)']
  const server = new ServerProcess({ name: 'waiter', program: process.execPath, args, log: path + '/log' })
  await server.ready(async () => server.output.endsWith('\\n'), 10_000)
  console.log(JSON.stringify({ pid: Number(server.output), path }))
  if (process.argv[1] === 'stays') setInterval(() => {}, 1000)
`

async function startOwner(...args: string[]) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', owner, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, exited, ...JSON.parse(line) as { pid: number; path: string } }
  }
  throw new Error('the owner ended without a word')
}

/** The directory goes last, when the process is gone. */
async function removed(path: string): Promise<void> {
  const watcher = watch(dirname(path))
  while (existsSync(path)) await once(watcher, 'change')
  watcher.close()
}

test('a server and its directory end with the process that started it, even when that is killed', { timeout: 30_000 }, async () => {
  const { child, exited, pid, path } = await startOwner('stays')
  assert.ok(isAlive(pid))
  child.kill('SIGKILL')
  assert.deepEqual(await exited, [null, 'SIGKILL'])
  await removed(path)
  assert.equal(isAlive(pid), false)
})

test('a server that is left running does not keep its process alive, and ends with it', { timeout: 30_000 }, async () => {
  const { exited, pid, path } = await startOwner()
  assert.deepEqual(await exited, [0, null])
  await removed(path)
  assert.equal(isAlive(pid), false)
})

test('a server that ends before it answers is an error with its output', async () => {
  await using directory = temporaryDirectory('process')
  const args = ['-e', 'console.error("no such setting"); process.exit(3)']
  const server = new ServerProcess({ name: 'refuser', program: process.execPath, args, log: join(directory.path, 'log') })
  await assert.rejects(server.ready(async () => false, 10_000), /^ServerFailed: refuser ended before it answered.*\nno such setting/)
})

test('a server that does not answer in time is killed, and that is an error', async () => {
  await using directory = temporaryDirectory('process')
  const args = ['-e', 'setInterval(() => {}, 1000)']
  const server = new ServerProcess({ name: 'mute', program: process.execPath, args, log: join(directory.path, 'log') })
  await assert.rejects(server.ready(async () => false, 100), /mute did not answer within 0.1 s/)
  assert.equal(server.running, false)
})

test('only a port that was taken meanwhile makes a start begin again', async () => {
  const taken = new ServerFailed('it ended', 'java.net.BindException: Address already in use')
  const starts = [taken, taken, undefined]
  assert.equal(await onFreePorts(async () => {
    const failure = starts.shift()
    if (failure) throw failure
    return 'started'
  }), 'started')
  let tries = 0
  await assert.rejects(onFreePorts(async () => {
    tries++
    throw new ServerFailed('it ended', 'no such setting')
  }), /no such setting/)
  assert.equal(tries, 1)
})
