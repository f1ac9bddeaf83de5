import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test, type TestContext } from 'node:test'
import { partitionKey, type LogRecord, type Positions } from '../../events/log.ts'
import { DirectoryInUseError, openSqliteLog } from '../../events/sqlite.ts'
import { take } from './contract.ts'
import { temporaryDirectory } from './temporary-log.ts'

const total = (ends: Positions) => Object.values(ends).reduce((sum, end) => sum + end, 0)
const child = (...args: string[]) =>
  spawn(process.execPath, [join(import.meta.dirname, 'append-until-killed.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

describe('the embedded log and other processes', { timeout: 120_000 }, () => {
  test('every acknowledged record is there after each of 25 kills, and no call is half there', async (t) => {
    const directory = temporaryDirectory(t)
    const partitions = 4
    const acknowledged = new Map<string, number[][]>()
    for (let run = 0; run < 25; run++) {
      const process = child(directory, String(partitions), String(run))
      const exit = once(process, 'exit')
      // Seeded by the run: the moments differ between runs and are the same each time as far as the machine allows.
      let left = 1 + ((run * 7919) % 97)
      for await (const line of createInterface(process.stdout)) {
        if (left-- === 0) process.kill('SIGKILL')
        const { call, at } = JSON.parse(line)
        acknowledged.set(call, at)
      }
      await exit
      assert.equal(process.signalCode, 'SIGKILL')

      const log = await openSqliteLog({ directory, partitions })
      const records = await take(log, await log.starts(['log']), total(await log.ends(['log'])))
      const written = new Map<string, LogRecord[]>()
      for (const record of records) {
        const { call, i } = JSON.parse(Buffer.from(record.value!).toString())
        const calls = written.get(call) ?? []
        calls[i] = record
        written.set(call, calls)
      }
      for (const [call, at] of acknowledged) {
        const found = written.get(call)?.map(({ partition, offset }) => [partition, offset])
        assert.deepEqual(found, at, `call ${call} after run ${run}`)
      }
      for (const [call, calls] of written) {
        const size = 1 + (Number(call.split('/')[1]) % 37)
        assert.equal(Object.keys(calls).length, size, `call ${call} is whole`)
      }
      const [last] = await take(log, { [partitionKey('state', 0)]: 0 }, 1)
      assert.equal(JSON.parse(Buffer.from(last!.value!).toString()).run, run)
      await log.close()
    }
    assert.ok(acknowledged.size > 25)
  })

  test('a second process is refused, with the first one named, and let in as soon as the first is dead', async (t) => {
    const directory = temporaryDirectory(t)
    const first = child(directory, '2', '0')
    const dead = once(first, 'exit')
    await once(first.stdout, 'data')
    first.stdout.resume()
    await assert.rejects(openSqliteLog({ directory, partitions: 2 }), (error) =>
      error instanceof DirectoryInUseError && error.message.includes(directory) && error.message.includes(`process ${first.pid}`))
    first.kill('SIGKILL')
    await dead
    const log = await openSqliteLog({ directory, partitions: 2 })
    await assert.rejects(openSqliteLog({ directory, partitions: 2 }), DirectoryInUseError)
    const second = child(directory, '2', '0')
    let words = ''
    second.stderr.on('data', (data) => (words += data))
    await once(second, 'close')
    assert.match(words, new RegExp(`in use by process ${process.pid}`))
    await log.close()
  })
})

/** How many calls append-while-full.ts has under way. */
const OUTSTANDING = 200

describe('the embedded log on a full disk', { timeout: 60_000, skip: process.platform !== 'linux' && 'needs prlimit' }, () => {
  // A limit on the size of the process's files stands for the disk: SQLite meets the same failed writes.
  const limited = async (t: TestContext) => {
    const directory = temporaryDirectory(t)
    const script = join(import.meta.dirname, 'append-while-full.ts')
    const appender = spawn(process.execPath, [script, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
    const exit = once(appender, 'exit')
    t.after(() => appender.kill('SIGKILL'))
    const lines = createInterface(appender.stdout)[Symbol.asyncIterator]()
    const until = async (pattern: RegExp): Promise<void> => {
      for (;;) {
        const { value, done } = await lines.next()
        assert.ok(!done, `ended before ${pattern}`)
        if (value.startsWith('offset ')) assert.equal(Number(value.slice(7)), next++, 'offsets go on without a gap')
        if (pattern.test(value)) return
      }
    }
    let next = 0
    /** What is there now: everything acknowledged, in the order of the calls, each once. */
    const check = async (most: number) => {
      const log = await openSqliteLog({ directory, partitions: 1 })
      const end = (await log.ends(['a']))['a/0']!
      assert.ok(end >= next && end <= next + most, `${next} were acknowledged, ${end} are there`)
      const records = await take(log, { 'a/0': 0 }, end)
      assert.deepEqual(records.map(({ value }) => Buffer.from(value!).readUInt32LE()), Array.from({ length: end }, (_, i) => i))
      await log.close()
    }
    const allow = (bytes: string) => execFileSync('prlimit', [`--pid=${appender.pid}`, `--fsize=${bytes}:unlimited`])
    await until(/^offset /)
    const stop = async () => {
      appender.stdin.write('stop')
      await until(/^error LOG_UNAVAILABLE/)
      await until(/^end/)
      await exit
    }
    return { until, allow, stop, check }
  }

  test('it waits, says so, and goes on where it was when there is room again', async (t) => {
    const { until, allow, stop, check } = await limited(t)
    allow(String(16 << 20))
    await until(/^report The event log cannot write .*waits and tries again/)
    allow('unlimited')
    await until(/^report The event log writes again/)
    await until(/^offset \d{3}/)
    await stop()
    // What was under way when the appender was stopped may or may not be there.
    await check(OUTSTANDING)
  })

  test('who gives up is told, and what was acknowledged is there', async (t) => {
    const { until, allow, stop, check } = await limited(t)
    allow(String(16 << 20))
    await until(/^report The event log cannot write/)
    await stop()
    await check(0)
  })
})
