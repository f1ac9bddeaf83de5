import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventLog } from '../../events/log.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { createCallbacks } from '../../federation/index.ts'
import { logEventSource } from '../../gateway/event-source.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { openDoor } from './door.ts'
import { eventSourceSuite, type MakeLog } from './event-source-suite.ts'
import { positionsSuite } from './positions-suite.ts'

const make: MakeLog = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'freshet-log-'))
  let ahead = 0
  const log = await openSqliteLog({ directory, partitions: 3, retentionBytes: 1, clock: () => Date.now() + ahead })
  return {
    log, prefix: 'test',
    async truncate(before) {
      log.protect(before)
      await log.ensureTopics([{ name: 'tick' }])
      // It looks from time to time, after an append.
      ahead += 10_000
      await log.append([{ topic: 'tick', key: 'k', value: null }])
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    },
    dispose: async () => {
      await log.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

eventSourceSuite('The embedded log', make)
positionsSuite('the embedded log, from memory', make, {})
positionsSuite('the embedded log, from the log', make, { maxCount: 1 })

test('topics that nobody has created are there for who follows them', async () => {
  const { log, dispose } = await make()
  const cursors = createCursors({ key: Buffer.alloc(32), logId: log.id, partitions: log.partitions })
  const source = logEventSource({ log, cursors, report: (problem) => assert.fail(problem as Error) })
  const stream = await source.subscribe({ topics: ['a', 'b'], passes: () => true, keyOf: () => undefined, context: undefined })
  for (const topic of ['a', 'b']) {
    await source.publish(topic, { key: null, value: new TextEncoder().encode(`{"of":"${topic}"}`) })
    assert.deepEqual((await stream.next()).value?.value, { of: topic })
  }
  await stream.return?.()
  await dispose()
})

const never = { ends: () => new Promise(() => { /* the log is away */ }) } as unknown as EventLog

test('a log that is away is not waited for without end', async () => {
  const cursors = createCursors({ key: Buffer.alloc(32), logId: 'log', partitions: 1 })
  const source = logEventSource({ log: never, cursors, report: () => {}, timeoutMs: 20 })
  await assert.rejects(source.subscribe({ topics: ['a'], passes: () => true, keyOf: () => undefined, context: undefined }),
    ({ cause }: Error) => /did not answer within 20 ms/.test(String(cause)))
})

test('the door takes callbacks at their path, by their verifier and without the key', async () => {
  const callbacks = createCallbacks({ publicUrl: 'http://127.0.0.1/callbacks', heartbeatIntervalMs: 0 })
  const { extension, events } = callbacks.open()
  const { subscriptionId: id, verifier } = extension
  await using door = await openDoor({ settings: { apiKey: 'key' }, callbacks })
  const call = (body: object) => fetch(`${door.url}/callbacks/${id}`, { method: 'POST', body: JSON.stringify(body) })
  assert.equal((await call({ kind: 'subscription', action: 'next', id, verifier, payload: { data: { a: 1 } } })).status, 204)
  assert.deepEqual((await events.next()).value, { data: { a: 1 } })
  assert.equal((await call({ kind: 'subscription', action: 'check', id, verifier: 'guessed' })).status, 400)
  assert.equal((await fetch(`${door.url}/callbacks/${id}`)).status, 405)
  await events.return()
  assert.equal((await call({ kind: 'subscription', action: 'check', id, verifier })).status, 404)
  await using closed = await openDoor({ settings: { apiKey: 'key' } })
  assert.equal((await fetch(`${closed.url}/callbacks/x`, { method: 'POST', body: '{}' })).status, 401)
})
