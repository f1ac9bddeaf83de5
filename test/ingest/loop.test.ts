import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { deadLetterRecord, listDeadLetters } from '../../events/dead-letters.ts'
import { entityKey } from '../../events/entity.ts'
import { topicSpecs } from '../../events/topics.ts'
import type { DomainEventType, EventData } from '../../events/vocabulary.ts'
import { readChanges, type ChangeBatch } from '../../ingest/change-reader.ts'
import { silentObserver, type Clock, type RoundStats } from '../../ingest/observer.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { EmbedderError, type Embedder } from '../../search/embedder.ts'
import { IndexUnavailableError } from '../../search/entity-index.ts'
import { Harness, type Running } from './harness.ts'
import { assertIndexed, outcome } from './outcome.ts'
import { recordOf } from './workload.ts'

let made = 0
/** An event that happened just now, unless `over` says otherwise. */
const event = <T extends DomainEventType>(type: T, subject: `${'user' | 'seller' | 'livestream'}:${string}`, data: EventData<T>, over: object = {}) => ({
  specversion: '1.0', id: `loop-${made++}`, source: 'urn:test', type, subject, time: new Date().toISOString(), data, ...over,
}) as Parameters<typeof recordOf>[1]

const stream = (id: string, over: object = {}) =>
  event('LivestreamStarted', entityKey('livestream', id), { sellerId: 's1', title: `Stream ${id}`, category: 'cards' }, over)
const view = (id: string, over: object = {}) =>
  event('LivestreamViewed', entityKey('livestream', id), { userId: 'u1', sellerId: 's1', watchSeconds: 10 }, over)

async function append(harness: Harness, ...events: Parameters<typeof recordOf>[1][]): Promise<void> {
  await harness.log.ensureTopics(topicSpecs(harness.topics))
  await harness.log.append(events.map((each) => recordOf(harness.topics, each)))
}

/** Runs until all that was appended is announced. */
async function announced(harness: Harness, running: Running): Promise<ChangeBatch[]> {
  const batches = await Promise.race([harness.announced(), running.ended.then(() => [])])
  return batches
}

function counting() {
  const sums: Record<string, number> = {}
  return {
    sums,
    metrics: {
      ...silentObserver,
      round: (stats: RoundStats) => { for (const [name, value] of Object.entries(stats)) sums[name] = (sums[name] ?? 0) + value },
    },
  }
}

describe('ingest', { timeout: 60_000 }, () => {
  test('applies before it announces, with the after-image, the former values and the events', async () => {
    await using harness = await new Harness().open()
    await append(harness, stream('a'), event('LivestreamChanged', 'livestream:a', { title: 'Better' }))
    const running = harness.ingest()
    await announced(harness, running)
    await append(harness, event('LivestreamChanged', 'livestream:a', { title: 'Best' }))
    const batches = await announced(harness, running)
    const last = batches.flatMap(({ entities }) => entities).at(-1)
    assert.equal(last?.operation, 'updated')
    assert.equal(last?.changed.title, 'Better')
    assert.equal(last?.after?.title, 'Best')
    assert.deepEqual(last?.events.map(({ type }) => type), ['LivestreamChanged'])
    assert.ok((last?.appliedAt ?? 0) >= (last?.appendedAt ?? Infinity))
    const [stored] = await harness.index.getMany('livestream', ['a'], { withVectors: [createHashingEmbedder().model] })
    assert.equal(stored?.fields.title, 'Best')
    assert.equal(stored?.vectors?.[createHashingEmbedder().model]?.length, createHashingEmbedder().dimensions)
    await running.stop()
  })

  test('an event reaches the seller and the person, whichever partitions they live in', async () => {
    await using harness = await new Harness(8).open()
    await append(harness, stream('a'), view('a'))
    const running = harness.ingest()
    const batches = await announced(harness, running)
    const counted = batches.flatMap(({ metrics }) => metrics.flatMap(({ entities }) => entities))
    for (const key of ['livestream:a', 'seller:s1', 'user:u1'])
      assert.equal(counted.filter(({ entity }) => entity === key).length, 1, key)
    assert.ok(counted.find(({ entity }) => entity === 'user:u1')?.increments.some((increment) => 'affinity' in increment))
    await running.stop()
  })

  test('what is no event goes to dead letters untouched, what is not known yet is parked, and the loop goes on', async () => {
    await using harness = await new Harness().open()
    const { log, topics } = harness
    await log.ensureTopics(topicSpecs(topics))
    const later = { ...stream('b'), type: 'LivestreamTeleported' }
    await log.append([
      { topic: topics.livestreams, key: 'livestream:x', value: Buffer.from('{ nothing') },
      { topic: topics.livestreams, key: 'livestream:b', value: Buffer.from(JSON.stringify(later)) },
      recordOf(topics, stream('c')),
    ])
    const { sums, metrics } = counting()
    const running = harness.ingest({ metrics })
    await announced(harness, running)
    const { letters } = await listDeadLetters(log, topics)
    assert.deepEqual(letters.map(({ kind, reason, key }) => ({ kind, reason, key })).sort((a, b) => a.kind < b.kind ? -1 : 1), [
      { kind: 'parked', reason: 'UNKNOWN_TYPE', key: 'livestream:b' },
      { kind: 'rejected', reason: 'MALFORMED_JSON', key: 'livestream:x' },
    ])
    assert.equal(sums.deadLetters, 1)
    assert.equal(sums.parked, 1)
    assert.ok((await harness.index.getMany('livestream', ['c']))[0])
    await running.stop()
  })

  test('a parked event is read again once this version knows its type', async () => {
    await using harness = await new Harness().open()
    const { log, topics } = harness
    await log.ensureTopics(topicSpecs(topics))
    const value = Buffer.from(JSON.stringify(stream('b')))
    await log.append([deadLetterRecord(
      { topic: topics.livestreams, partition: 0, offset: 7, key: 'livestream:b', value, appendedAt: Date.now() },
      { ok: false, parked: true, reason: 'UNKNOWN_TYPE', message: 'not known then' }, Date.now(), topics)])
    const running = harness.ingest()
    for await (const { entities } of readChanges({ log, topics, from: await log.starts([topics.changes]), signal: AbortSignal.timeout(20_000) }))
      if (entities.some(({ entity }) => entity === 'livestream:b')) break
    assert.equal((await harness.index.getMany('livestream', ['b']))[0]?.fields.title, 'Stream b')
    await running.stop()
  })

  test('duplicates count once and late events are not counted, but their fields are', async () => {
    await using harness = await new Harness().open()
    const early = new Date(Date.now() - 10 * 60_000).toISOString()
    const seen = view('a')
    await append(harness, stream('a', { time: early }), seen, seen, view('a', { time: early }))
    const { sums, metrics } = counting()
    const running = harness.ingest({ metrics })
    const batches = await announced(harness, running)
    assert.equal(sums.duplicates, 1)
    assert.equal(sums.late, 2)
    const views = batches.flatMap(({ metrics: all }) => all.flatMap(({ entities }) => entities))
      .filter(({ entity }) => entity === 'livestream:a').flatMap(({ increments }) => increments).filter((each) => 'count' in each && each.count === 'views')
    assert.equal(views.length, 1)
    assert.equal((await harness.index.getMany('livestream', ['a']))[0]?.fields.title, 'Stream a')
    await running.stop()
  })

  test('a deletion is announced and the entity is gone', async () => {
    await using harness = await new Harness().open()
    await append(harness, event('UserRegistered', 'user:u9', { name: 'Nine' }))
    const running = harness.ingest()
    await announced(harness, running)
    await append(harness, event('UserDeleted', 'user:u9', {}))
    const last = (await announced(harness, running)).flatMap(({ entities }) => entities).at(-1)
    assert.deepEqual([last?.operation, last?.after, last?.changed.name], ['deleted', null, 'Nine'])
    assert.deepEqual(await harness.index.getMany('user', ['u9']), [null])
    await running.stop()
  })

  test('an index that is away is waited for: nothing is lost, skipped or dead-lettered', async () => {
    await using harness = await new Harness().open()
    await append(harness, stream('a'), view('a'))
    let failures = 3
    const { index } = harness
    const failing = Object.assign(Object.create(index) as typeof index, {
      upsert: async (...args: Parameters<typeof index.upsert>) => {
        if (failures-- > 0) throw new IndexUnavailableError('The index is away.')
        return index.upsert(...args)
      },
      stats: () => index.stats(), open: () => index.open(), flush: () => index.flush(),
    })
    const said: string[] = []
    const running = harness.ingest({
      index: failing,
      metrics: {
        ...silentObserver,
        systemFailed: ({ system, attempt }) => said.push(`${system} failed ${attempt}`),
        systemRecovered: ({ system, attempts }) => said.push(`${system} works after ${attempts}`),
      },
    })
    await announced(harness, running)
    assert.deepEqual(said, ['index failed 1', 'index failed 2', 'index failed 3', 'index works after 4'])
    assert.equal((await index.getMany('livestream', ['a']))[0]?.fields.title, 'Stream a')
    assert.equal((await listDeadLetters(harness.log, harness.topics)).letters.length, 0)
    await running.stop()
  })

  test('with a remote embedder fields are announced at once and the vector follows, also when the endpoint was away', async () => {
    await using harness = await new Harness().open()
    await append(harness, stream('a'))
    let failures = 2
    const { promise: open, resolve: letThrough } = Promise.withResolvers<void>()
    const remote: Embedder = {
      model: 'remote', dimensions: 3, local: false,
      embed: async (texts) => {
        await open
        if (failures-- > 0) throw new EmbedderError('The endpoint answered 503.', { retryable: true })
        return texts.map(() => Float32Array.of(1, 0, 0))
      },
    }
    const running = harness.ingest({ embedder: remote })
    const first = (await announced(harness, running)).flatMap(({ entities }) => entities)
    assert.ok(first.every(({ changed }) => !('vector:remote' in changed)))
    const from = Object.fromEntries(Object.entries(await harness.log.ends([harness.topics.changes])))
    letThrough()
    for await (const batch of readChanges({ log: harness.log, topics: harness.topics, from, signal: new AbortController().signal })) {
      const change = batch.entities.find(({ changed }) => 'vector:remote' in changed)
      if (!change) continue
      assert.deepEqual([change.entity, change.operation, change.after?.title], ['livestream:a', 'updated', 'Stream a'])
      break
    }
    assert.deepEqual((await harness.index.getMany('livestream', ['a'], { withVectors: ['remote'] }))[0]?.vectors?.remote, Float32Array.of(1, 0, 0))
    await running.stop()

    // Metrics never re-embed, a changed text does, and what was pending at a stop is made up for.
    let calls = 0
    const counted: Embedder = { ...remote, embed: (texts) => { calls += texts.length; return remote.embed(texts) } }
    await append(harness, view('a'))
    const again = harness.ingest({ embedder: counted })
    await announced(harness, again)
    await again.stop()
    assert.equal(calls, 0)
    await append(harness, event('LivestreamChanged', 'livestream:a', { title: 'Other' }))
    const away = harness.ingest({ embedder: { ...remote, embed: () => Promise.reject(new EmbedderError('Away.', { retryable: true })) } })
    await announced(harness, away)
    await away.stop()
    const back = harness.ingest({ embedder: counted })
    const vectorsFrom = await harness.log.starts([harness.topics.changes])
    for await (const batch of readChanges({ log: harness.log, topics: harness.topics, from: vectorsFrom, signal: new AbortController().signal }))
      if (calls > 0 && batch.entities.some(({ changed, after }) => 'vector:remote' in changed && after?.title === 'Other')) break
    assert.equal(calls, 1)
    await back.stop()
  })

  test('an embedder that is away is told once, however many calls meet it', async () => {
    await using harness = await new Harness().open()
    await append(harness, ...['a', 'b', 'c', 'd'].map((id) => stream(id)))
    const told: unknown[] = []
    const { promise: repeated, resolve } = Promise.withResolvers<void>()
    let calls = 0
    const running = harness.ingest({
      settings: { embedBatch: 1, embedConcurrency: 4 },
      logger: { info: () => {}, warn: (message) => told.push(message), error: (message) => told.push(message) },
      embedder: { model: 'remote', dimensions: 3, local: false, embed: () => {
        if (++calls === 8) resolve()
        return Promise.reject(new EmbedderError('Away.', { retryable: true }))
      } },
    })
    await Promise.race([repeated, running.ended])
    await running.stop()
    assert.deepEqual(told, ['the embedder failed, trying again'])
  })

  test('what the log refuses at the start ends ingest, and is not said to be tried again', async () => {
    await using harness = await new Harness().open()
    const told: unknown[] = []
    const refused = new Error('expected the topic users to have 8 partitions, but it has 4')
    const log = Object.create(harness.log, { ensureTopics: { value: () => Promise.reject(refused) } }) as typeof harness.log
    await assert.rejects(harness.ingest({ log, logger: { info: () => {}, warn: (message) => told.push(message), error: () => {} } }).ended, refused)
    assert.deepEqual(told, [])
  })

  test('copies of metrics follow in the index, are bounded in rate, and fall with time alone', async () => {
    await using harness = await new Harness(1).open()
    let ahead = 0
    const clock: Clock = { now: () => Date.now() + ahead }
    await append(harness, stream('a'), view('a'))
    const running = harness.ingest({ clock, settings: { copyIntervalMs: 2_000 } })
    const { log, topics } = harness
    const seen: unknown[] = []
    for await (const batch of readChanges({ log, topics, from: await log.starts([topics.changes]), signal: new AbortController().signal })) {
      for (const { after } of batch.entities) if (after?.viewersNow !== seen.at(-1)) seen.push(after?.viewersNow)
      if (seen.includes(1) && ahead === 0) ahead = 40_000
      if (seen.at(-1) === 0) break
    }
    assert.deepEqual(seen, [1, 0])
    assert.equal((await harness.index.getMany('livestream', ['a']))[0]?.fields.viewersNow, 0)
    await running.stop()
  })

  test('after a clean stop nothing is replayed, and an index that was lost is made anew from the states', async () => {
    const first = new Harness()
    await first.open()
    await append(first, stream('a'), view('a'), event('UserRegistered', 'user:u1', { name: 'One' }))
    const running = first.ingest()
    await announced(first, running)
    await running.stop()
    await first.close()
    rmSync(join(first.directory, 'index'), { recursive: true })
    await using second = await new Harness(3, first.directory).open()
    const { promise: taken, resolve } = Promise.withResolvers<void>()
    let replayed = 0
    let left = 3
    const again = second.ingest({
      metrics: { ...silentObserver, shardTaken: (shard) => { replayed += shard.replayed; if (--left === 0) resolve() } },
    })
    await Promise.race([taken, again.ended])
    assert.equal(replayed, 0)
    await again.stop()
    const { entities } = await outcome(second.log, second.topics, Date.now())
    await assertIndexed(second.index, entities)
  })
})
