import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test, type TestContext } from 'node:test'
import type { EventLog } from '../../events/log.ts'
import { openSqliteLog, type SqliteLogOptions } from '../../events/sqlite.ts'
import { eventLogContract, take } from './contract.ts'
import { temporaryDirectory, temporaryLog } from './temporary-log.ts'

eventLogContract('the embedded log', async ({ partitions }) => {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-log-'))
  const opened: EventLog[] = []
  const open = async (count: number) => {
    const log = await openSqliteLog({ directory, partitions: count })
    opened.push(log)
    return log
  }
  return {
    log: await open(partitions),
    prefix: 'test',
    reopen: ({ partitions: count = partitions } = {}) => open(count),
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()))
      rmSync(directory, { recursive: true })
    },
  }
})

describe('the embedded log over time', () => {
  const day = 24 * 60 * 60 * 1000
  const opened = (t: TestContext, options: Partial<SqliteLogOptions> & { clock: () => number }) =>
    temporaryLog(t, { partitions: 1, ...options })
  const value = (size: number) => new Uint8Array(size).fill(120)
  /** Sweeps run between turns of the event loop; this lets all that are due run. */
  const settle = async (log: EventLog, clock: { now: number }) => {
    clock.now += 10_000
    await log.append([{ topic: 'tick', key: 'k', value: null }])
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  }

  test('append time never falls within a partition, even when the clock does', async (t) => {
    let now = 5_000
    const { log } = await opened(t, { clock: () => now })
    await log.ensureTopics([{ name: 'a' }, { name: 'b' }])
    const times: number[] = []
    for (now of [5_000, 4_000, 6_000, 1_000]) {
      times.push((await log.append([{ topic: 'a', key: 'k', value: value(1) }]))[0]!.appendedAt)
    }
    assert.deepEqual(times, [5_000, 5_000, 6_000, 6_000])
    assert.equal((await log.append([{ topic: 'b', key: 'k', value: value(1) }]))[0]!.appendedAt, 1_000)
  })

  test('positionsAt finds its way in rows of many records and in compacted topics with gaps', async (t) => {
    let now = 0
    const { log } = await opened(t, { clock: () => now })
    await log.ensureTopics([{ name: 'a' }, { name: 's', compacted: true }])
    const first: Record<string, number> = {}
    for (now = 10; now <= 500; now += 10) {
      const count = now % 70
      const records = Array.from({ length: count }, (_, i) => ({ topic: 'a', key: `k${i}`, value: value(1) }))
      const [at] = await log.append([...records, { topic: 's', key: `k${now % 30}`, value: value(1) }])
      if (count > 0) first[now] = at!.offset
    }
    for (let time = 0; time <= 510; time += 5) {
      const next = Object.keys(first).map(Number).find((appendedAt) => appendedAt >= time)
      assert.equal((await log.positionsAt(['a'], time))['a/0'], next === undefined ? (await log.ends(['a']))['a/0'] : first[next])
    }
    // Of 50 values under three keys the last three are left: appended at 480, 490 and 500.
    const left = await take(log, { 's/0': 0 }, 3)
    for (const { offset, appendedAt } of left) assert.equal((await log.positionsAt(['s'], appendedAt))['s/0'], offset)
    assert.equal((await log.positionsAt(['s'], 0))['s/0'], left[0]!.offset)
    assert.equal((await log.positionsAt(['s'], 501))['s/0'], 50)
  })

  test('records older than their topic keeps go, others stay', async (t) => {
    const clock = { now: day }
    const { log } = await opened(t, { clock: () => clock.now })
    await log.ensureTopics([{ name: 'short', retentionMs: day }, { name: 'ever' }, { name: 'tick' }])
    for (let i = 0; i < 500; i++) {
      clock.now += 1_000
      await log.append([{ topic: 'short', key: 'k', value: value(1) }, { topic: 'ever', key: 'k', value: value(1) }])
    }
    clock.now = 2 * day + 300_000
    await settle(log, clock)
    assert.deepEqual(await log.starts(['short', 'ever']), { 'short/0': 309, 'ever/0': 0 })
    clock.now = 9 * day
    await settle(log, clock)
    // The last row tells where the partition ends.
    assert.deepEqual([await log.starts(['short']), await log.ends(['short'])], [{ 'short/0': 499 }, { 'short/0': 500 }])
    assert.equal((await take(log, { 'short/0': 3 }, 1))[0]!.offset, 499)
  })

  test('what somebody still needs is kept past its age', async (t) => {
    const clock = { now: day }
    const { log } = await opened(t, { clock: () => clock.now })
    await log.ensureTopics([{ name: 'short', retentionMs: day }, { name: 'tick' }])
    for (let i = 0; i < 10; i++) await log.append([{ topic: 'short', key: 'k', value: value(1) }])
    log.protect({ 'short/0': 4 })
    clock.now = 9 * day
    await settle(log, clock)
    assert.deepEqual(await log.starts(['short']), { 'short/0': 4 })
  })

  test('the oldest records go when the file is too large, but only as far as they were released', async (t) => {
    const clock = { now: day }
    const { log, directory } = await opened(t, { clock: () => clock.now, retentionBytes: 1 << 20 })
    await log.ensureTopics([{ name: 'a' }, { name: 'b' }, { name: 'tick' }])
    for (let i = 0; i < 300; i++) {
      clock.now += 1
      await log.append([{ topic: i % 2 ? 'a' : 'b', key: 'k', value: value(10_000) }])
    }
    await settle(log, clock)
    assert.deepEqual(await log.starts(['a', 'b']), { 'a/0': 0, 'b/0': 0 }, 'nothing was released')
    log.protect({ 'a/0': 20 })
    await settle(log, clock)
    assert.deepEqual(await log.starts(['a', 'b']), { 'a/0': 20, 'b/0': 0 })
    log.protect({ 'a/0': 150, 'b/0': 150 })
    await settle(log, clock)
    const { 'a/0': a, 'b/0': b } = await log.starts(['a', 'b'])
    assert.ok(Math.abs(a! - b!) <= 1 && a! > 40 && a! < 110, `the oldest of both go alike, down to the bound: ${a}, ${b}`)
    await log.close()

    const again = await openSqliteLog({ directory, partitions: 1, retentionBytes: 1, clock: () => clock.now })
    await settle(again, clock)
    assert.deepEqual(await again.starts(['a', 'b']), { 'a/0': 149, 'b/0': 149 }, 'what was released is remembered')
    await again.close()
  })

  test('tombstones go after a day, values never', async (t) => {
    const clock = { now: day }
    const { log } = await opened(t, { clock: () => clock.now })
    await log.ensureTopics([{ name: 'state', compacted: true }, { name: 'tick' }])
    await log.append([{ topic: 'state', key: 'kept', value: value(1) }])
    await log.append([{ topic: 'state', key: 'gone', value: value(1) }])
    await log.append([{ topic: 'state', key: 'gone', value: null }])
    await log.append([{ topic: 'state', key: 'last', value: value(1) }])
    await settle(log, clock)
    assert.deepEqual((await take(log, { 'state/0': 0 }, 3)).map(({ key }) => key), ['kept', 'gone', 'last'])
    clock.now += 2 * day
    await settle(log, clock)
    assert.deepEqual((await take(log, { 'state/0': 0 }, 2)).map(({ key }) => key), ['kept', 'last'])
  })

  test('an offset is not used again when the machine went down with the file open', async (t) => {
    const { log, directory } = await opened(t, { clock: () => 1 })
    await log.ensureTopics([{ name: 'a' }])
    await log.append([{ topic: 'a', key: 'k', value: value(1) }])
    await log.close()
    const file = new DatabaseSync(join(directory, 'events.db'))
    file.exec("INSERT INTO meta VALUES ('boot', 'a former start of the machine')")
    file.close()
    const again = await openSqliteLog({ directory, partitions: 1 })
    assert.deepEqual(await again.ends(['a']), { 'a/0': 1 }, 'the end is where a reader can come to')
    const [next] = await again.append([{ topic: 'a', key: 'k', value: value(1) }])
    assert.ok(next!.offset > 1_000)
    assert.deepEqual(await again.ends(['a']), { 'a/0': next!.offset + 1 })
    const [second] = await again.append([{ topic: 'a', key: 'k', value: value(1) }])
    assert.equal(second!.offset, next!.offset + 1)
    assert.deepEqual((await take(again, { 'a/0': 0 }, 3)).map(({ offset }) => offset), [0, next!.offset, second!.offset])
    assert.equal((await take(again, { 'a/0': 5_000 }, 1))[0]!.offset, next!.offset, 'a position within the gap')
    await again.close()
  })

  test('misuse is told: unknown partitions and positions, missing keys', async (t) => {
    const { log } = await opened(t, { clock: () => 1 })
    await log.ensureTopics([{ name: 'a' }, { name: 's', compacted: true }])
    await assert.rejects(log.append([{ topic: 'a', key: null, value: null }]), /neither key nor partition/)
    await assert.rejects(log.append([{ topic: 'a', key: 'k', partition: 1, value: null }]), /partition 1; expected 0 to 0/)
    await assert.rejects(log.append([{ topic: 's', key: null, partition: 0, value: null }]), /'s' has no key; a compacted topic/)
    await assert.rejects(take(log, { 'a/0': -1 }, 1), /position of a\/0 is -1/)
    await log.close()
    await assert.rejects(log.append([{ topic: 'a', key: 'k', value: null }]), /The event log is closed/)
    await assert.rejects(log.ends(['a']), /The event log is closed/)
  })

  test('a damaged file is told by its folder, and what to do', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await openSqliteLog({ directory, partitions: 4 })
    await log.ensureTopics([{ name: 'a' }])
    await log.close()
    const file = join(directory, 'events.db')
    const whole = readFileSync(file)
    for (const damage of [Buffer.from('no database at all'.repeat(400)), Buffer.concat([whole.subarray(0, 100), Buffer.alloc(whole.length - 100, 7)])]) {
      writeFileSync(file, damage)
      await assert.rejects(openSqliteLog({ directory, partitions: 4 }), (error: unknown) => error instanceof Error
        && error.message.startsWith(`The event log in ${directory} is damaged (`) && error.message.includes('Put back a copy of the data folder'))
    }
    writeFileSync(file, whole)
    await (await openSqliteLog({ directory, partitions: 4 })).close()
  })

  test('a file of a newer format is refused', async (t) => {
    const { log, directory } = await opened(t, { clock: () => 1 })
    await log.close()
    const file = new DatabaseSync(join(directory, 'events.db'))
    file.exec('PRAGMA user_version = 99')
    file.close()
    await assert.rejects(openSqliteLog({ directory, partitions: 1 }), /format 99; this version reads up to 1/)
  })
})
