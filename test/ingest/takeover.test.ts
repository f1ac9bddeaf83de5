import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { topicSpecs } from '../../events/topics.ts'
import { encodeAnnouncement } from '../../ingest/announcement.ts'
import { silentObserver } from '../../ingest/observer.ts'
import { awaitFormerOwners } from '../../ingest/takeover.ts'
import { Harness } from './harness.ts'
import { announcements, outcome } from './outcome.ts'
import { recordsOf } from './workload.ts'

const never = new AbortController().signal

async function filled(): Promise<Harness> {
  const harness = await new Harness(2).open()
  await harness.log.ensureTopics(topicSpecs(harness.topics))
  await harness.log.append([...recordsOf(harness.topics, {
    seed: 1, users: 5, sellers: 2, livestreams: 4, events: 100, startAt: Date.now() - 1_000, stepMs: 1,
  })])
  return harness
}

const anHour = 3_600_000

async function applied(harness: Harness): Promise<number[]> {
  const epochs: number[] = []
  const running = harness.ingest({ metrics: { ...silentObserver, shardTaken: ({ epoch }) => epochs.push(epoch) } })
  await Promise.race([harness.announced(), running.ended])
  await running.stop()
  return epochs
}

describe('taking a partition over', { timeout: 30_000 }, () => {
  test('a partition that was closed cleanly is not waited for, one that was not is', async () => {
    await using harness = await filled()
    const { log, topics } = harness
    await applied(harness)
    const wait = (waitMs: number, signal = never) => awaitFormerOwners({ log, topics, shards: [0, 1], waitMs, signal })
    await wait(anHour)
    await announceAs(harness, 0, { epoch: 1, sequence: 9_999 })
    await assert.rejects(wait(anHour, AbortSignal.timeout(20)), { name: 'TimeoutError' })
    await wait(20)
  })

  test('what a superseded owner announces after the claim is void for readers and for the next owner', async () => {
    await using harness = await filled()
    const { log, topics } = harness
    const [epoch] = await applied(harness)
    const before = await announcements(log, topics)
    const last = before.filter(({ shard }) => shard === 0).at(-1)
    const [next] = await applied(harness)
    assert.ok((next as number) > (epoch as number))
    // A zombie of the first epoch goes on as if nothing had happened.
    await announceAs(harness, 0, { epoch: epoch as number, sequence: (last?.sequence ?? 0) + 1 })
    await log.append([...recordsOf(topics, { seed: 2, users: 5, sellers: 2, livestreams: 4, events: 50, startAt: Date.now(), stepMs: 1 })])
    await applied(harness)
    const after = await announcements(log, topics)
    assert.ok(after.every(({ entities }) => entities.every(({ entity }) => entity !== 'livestream:zombie')))
    await outcome(log, topics, Date.now())
  })

  test('an epoch is greater than any in the log, whatever the group says', async () => {
    await using harness = await filled()
    await applied(harness)
    await announceAs(harness, 0, { epoch: 500, sequence: 10_000 })
    const epochs = await applied(harness)
    assert.ok(epochs.includes(501), `expected 501 among ${epochs.join()}`)
  })
})

describe('two members of the group', { timeout: 60_000 }, () => {
  test('hand the partitions over when the first leaves, without a wait, and announce everything once', async () => {
    await using harness = await new Harness(4).open()
    const { log, topics } = harness
    await log.ensureTopics(topicSpecs(topics))
    const released: boolean[] = []
    const member = () => {
      const { promise: owns, resolve } = Promise.withResolvers<void>()
      const running = harness.ingest({
        // Whoever waited for an owner that has closed would wait beyond the time of this test.
        settings: { takeoverWaitMs: anHour, maxRoundRecords: 20, readAhead: 40 },
        metrics: { ...silentObserver, shardTaken: () => resolve(), shardReleased: ({ cleanly }) => released.push(cleanly) },
      })
      return { running, owns: Promise.race([owns, running.ended]) }
    }
    let seed = 10
    const feed = () => log.append([...recordsOf(topics, {
      seed: seed++, users: 20, sellers: 4, livestreams: 12, events: 800, startAt: Date.now() - 1_000, stepMs: 1, duplicates: 0.02,
    })])
    await feed()
    const first = member()
    await first.owns
    const second = member()
    await feed()
    await first.running.stop()
    await second.owns
    await feed()
    await Promise.race([harness.announced(), second.running.ended])
    await second.running.stop()
    await outcome(log, topics, Date.now())
    assert.ok(released.length === 8 && released.every((cleanly) => cleanly), `expected clean hand-overs, got ${released.join()}`)
  })
})

async function announceAs({ log, topics }: Harness, shard: number, { epoch, sequence }: { epoch: number; sequence: number }): Promise<void> {
  const covered = (await announcements(log, topics)).filter((batch) => batch.shard === shard).at(-1)?.progress.covered ?? {}
  await log.append(encodeAnnouncement(topics.changes, {
    shard, epoch, sequence, appliedAt: Date.now(), metrics: new Map(), metricsEventTime: 0, metricsAppendedAt: 0,
    entities: [{
      entity: 'livestream:zombie', revision: 1, operation: 'created', changed: { title: null }, after: { title: 'Z' }, eventTime: 1,
      appendedAt: 1, events: [],
    }],
    progress: { covered, rekeyed: {}, noops: 0, deadLetters: 0 },
  }, 1e6).flat())
}
