import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readUpTo } from '../../events/read-up-to.ts'
import { topicSpecs } from '../../events/topics.ts'
import { silentLogger, silentObserver, systemClock } from '../../ingest/observer.ts'
import { projectionVersion } from '../../ingest/projections/index.ts'
import { ProjectionVersionError } from '../../ingest/recover.ts'
import { IngestRunningError, replay, type ReplayProgress } from '../../ingest/replay.ts'
import { stateKey } from '../../ingest/state-records.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { Harness, testSettings } from './harness.ts'
import { assertIndexed, outcome } from './outcome.ts'
import { recordsOf } from './workload.ts'

async function fill(harness: Harness, events: number, seed: number): Promise<void> {
  await harness.log.ensureTopics(topicSpecs(harness.topics))
  const records = [...recordsOf(harness.topics, {
    seed, users: 40, sellers: 6, livestreams: 15, events, startAt: Date.now() - 30_000, stepMs: 30_000 / events, duplicates: 0.02, garbage: 0.01,
  })]
  await harness.log.append(records)
}

const replayOn = (harness: Harness, onProgress?: (progress: ReplayProgress) => void) => replay({
  log: harness.log, index: harness.index, embedder: createHashingEmbedder(), topics: harness.topics, settings: testSettings,
  clock: systemClock, logger: silentLogger, metrics: silentObserver, signal: new AbortController().signal, ...(onProgress && { onProgress }),
})

async function applied(harness: Harness): Promise<void> {
  const running = harness.ingest()
  await Promise.race([harness.announced(), running.ended])
  await running.stop()
}

describe('a replay', { timeout: 60_000 }, () => {
  test('builds the same states and a new generation in silence, and ingest goes on from there', async () => {
    await using harness = await new Harness().open()
    await fill(harness, 3_000, 1)
    await applied(harness)
    const now = Date.now()
    const { entities: _, ...before } = await outcome(harness.log, harness.topics, now)
    const silent = [harness.topics.changes, harness.topics.rekeyed, harness.topics.deadLetters]
    const ends = await harness.log.ends(silent)
    const { generation } = await harness.index.stats()

    const seen: ReplayProgress[] = []
    const { from, records, generation: built } = await replayOn(harness, (progress) => seen.push({ ...progress }))
    assert.equal(from, 'beginning')
    assert.deepEqual(await harness.log.ends(silent), ends, 'nothing is announced, re-keyed or refused')
    assert.notEqual(built, generation)
    assert.equal((await harness.index.stats()).generation, built)
    assert.deepEqual(seen.filter(({ phase }) => phase === 'reading').at(-1), { phase: 'reading', done: records, total: records })
    assert.ok(seen.some(({ phase, done, total }) => phase === 'writing' && done === total && done > 0))
    const { entities, ...after } = await outcome(harness.log, harness.topics, now)
    assert.deepEqual(after, before)
    await assertIndexed(harness.index, entities)

    await fill(harness, 500, 2)
    await applied(harness)
    const final = await outcome(harness.log, harness.topics, Date.now())
    await assertIndexed(harness.index, final.entities)
  })

  test('makes the states of new projections, which ingest asks for', async () => {
    await using harness = await new Harness().open()
    await fill(harness, 1_000, 3)
    await applied(harness)
    const now = Date.now()
    const { entities: _, ...before } = await outcome(harness.log, harness.topics, now)
    await becomeVersion(harness, projectionVersion - 1)
    await assert.rejects(harness.ingest().ended, (error) => error instanceof ProjectionVersionError && /freshet replay/.test(error.message))

    await replayOn(harness)
    const { entities, ...after } = await outcome(harness.log, harness.topics, now)
    assert.deepEqual(after, before)
    await assertIndexed(harness.index, entities)
    await applied(harness)
  })

  test('begins at the last checkpoint where the log has lost its beginning, with the vectors that the index holds', async () => {
    await using harness = await new Harness().open()
    await fill(harness, 1_500, 4)
    await applied(harness)
    const now = Date.now()
    const { entities: _, ...before } = await outcome(harness.log, harness.topics, now)
    const { log } = harness
    const shortened: typeof log = Object.assign(Object.create(log) as typeof log, {
      starts: async (topics: readonly string[]) => {
        const starts = await log.starts(topics)
        const ends = await log.ends(topics)
        return Object.fromEntries(Object.entries(starts).map(([key, start]) => [key, key.startsWith(harness.topics.engagements) ? ends[key] : start]))
      },
      ends: log.ends.bind(log), read: log.read.bind(log), append: log.append.bind(log), join: log.join.bind(log),
      ensureTopics: log.ensureTopics.bind(log),
    })
    Object.defineProperty(shortened, 'partitions', { value: log.partitions })
    const { generation } = await harness.index.stats()
    const { from, generation: built } = await replay({
      log: shortened, index: harness.index, embedder: createHashingEmbedder(), topics: harness.topics, settings: testSettings,
      clock: systemClock, logger: silentLogger, metrics: silentObserver, signal: new AbortController().signal,
    })
    assert.equal(from, 'snapshot')
    assert.notEqual(built, generation)
    const { entities, ...after } = await outcome(log, harness.topics, now)
    assert.deepEqual(after, before)
    await assertIndexed(harness.index, entities)
  })

  test('of the same projections is refused while ingest runs, and disturbs nothing', async () => {
    await using harness = await new Harness().open()
    await fill(harness, 500, 5)
    await applied(harness)
    const { promise: owning, resolve } = Promise.withResolvers<void>()
    const running = harness.ingest({ metrics: { ...silentObserver, shardTaken: () => resolve() } })
    await Promise.race([owning, running.ended])
    await assert.rejects(replayOn(harness), (error) => error instanceof IngestRunningError && /Stop it/.test(error.message))
    await fill(harness, 200, 6)
    await Promise.race([harness.announced(), running.ended])
    await running.stop()
    const { entities } = await outcome(harness.log, harness.topics, Date.now())
    await assertIndexed(harness.index, entities)
  })
})

/** Renames the states to those of another version, as if its projections had made them. */
async function becomeVersion({ log, topics }: Harness, version: number): Promise<void> {
  for await (const records of readUpTo(log, await log.starts([topics.state]), await log.ends([topics.state])))
    await log.append(records.flatMap(({ key, partition, value }) => [
      { topic: topics.state, key, partition, value: null },
      { topic: topics.state, key: key?.replace(`${projectionVersion}|`, stateKey('', version)) ?? null, partition, value },
    ]))
}
