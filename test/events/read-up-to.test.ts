import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partitionKey, type LogRecord, type Positions } from '../../events/log.ts'
import { readRetained, readUpTo } from '../../events/read-up-to.ts'
import { temporaryLog } from './temporary-log.ts'

const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ topic: 'a', key: `k${from + i}`, value: Uint8Array.of(from + i) }))
const collect = async (batches: AsyncIterable<LogRecord[]>) => {
  const all: LogRecord[] = []
  for await (const batch of batches) all.push(...batch)
  return all
}

test('it ends where it was told to, though the log goes on', async (t) => {
  const { log } = await temporaryLog(t)
  await log.ensureTopics([{ name: 'a' }])
  await log.append(records(0, 50))
  const to = await log.ends(['a'])
  await log.append(records(50, 90))
  const first = await collect(readUpTo(log, await log.starts(['a']), to, { maxRecords: 7 }))
  assert.deepEqual(first.map(({ value }) => value![0]).sort((x, y) => x! - y!), Array.from({ length: 50 }, (_, i) => i))
  const rest = await collect(readRetained(log, ['a'], { from: to }))
  assert.equal(rest.length, 40)
  assert.equal((await collect(readRetained(log, ['a']))).length, 90)
})

test('nothing to read is no wait, and an abort ends it', async (t) => {
  const { log } = await temporaryLog(t)
  await log.ensureTopics([{ name: 'a' }])
  assert.deepEqual(await collect(readRetained(log, ['a'])), [])
  await log.append(records(0, 3))
  const ends = await log.ends(['a'])
  assert.deepEqual(await collect(readUpTo(log, ends, ends)), [])
  assert.deepEqual(await collect(readRetained(log, ['a'], { signal: AbortSignal.abort() })), [])
  // An end that nobody has written yet is waited for, until the abort.
  const stop = new AbortController()
  const beyond: Positions = Object.fromEntries(Object.keys(ends).map((key) => [key, 1_000]))
  const reading = collect(readUpTo(log, await log.starts(['a']), beyond, { signal: stop.signal }))
  await log.append([{ topic: 'a', key: 'k', value: null }])
  stop.abort()
  assert.ok((await reading).every(({ topic, partition }) => partitionKey(topic, partition) in ends))
})
