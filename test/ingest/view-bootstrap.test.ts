import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EntityKey } from '../../events/entity.ts'
import { topicSpecs, domainTopics } from '../../events/topics.ts'
import { silentLogger } from '../../ingest/observer.ts'
import { readMetrics, readUserAffinities } from '../../ingest/metrics/read.ts'
import { startView } from '../../ingest/view-bootstrap.ts'
import { MetricViewImpl } from '../../search/metric-view.ts'
import { Harness } from './harness.ts'
import { finalStates } from './outcome.ts'
import { recordsOf } from './workload.ts'

async function fill({ log, topics }: Harness, seed: number): Promise<void> {
  await log.ensureTopics(topicSpecs(topics))
  const workload = { seed, users: 30, sellers: 5, livestreams: 10, events: 2_000, startAt: Date.now() - 20_000, stepMs: 9 }
  const records = [...recordsOf(topics, workload)]
  for (let at = 0; at < records.length; at += 100) await log.append(records.slice(at, at + 100))
}

/** The view reads what ingest's own states say, to the last bits of a decay. */
async function assertLikeStates(view: MetricViewImpl, harness: Harness): Promise<void> {
  const now = Date.now()
  const states = await finalStates(harness.log, harness.topics)
  let compared = 0
  for (const [key, { metrics, tombstone }] of states) {
    if (!metrics || tombstone) continue
    const { appliedAt: _, decayed, ...expected } = readMetrics(metrics, now, 0)
    const actual = view.metrics(key as EntityKey, now)
    assert.ok(actual, key)
    const { appliedAt: __, decayed: actualDecayed, ...rest } = actual
    assert.deepEqual(rest, expected, key)
    for (const name of Object.keys(decayed) as (keyof typeof decayed)[])
      assert.ok(Math.abs(actualDecayed[name] - decayed[name]) <= 1e-9 * Math.max(1, decayed[name]), `${key} ${name}`)
    if (key.startsWith('user:')) assert.deepEqual(view.affinities(key.slice(5), now).follows, readUserAffinities(metrics, now).follows)
    compared++
  }
  assert.ok(compared > 20)
}

describe('a metric view', { timeout: 60_000 }, () => {
  test('started in the midst of checkpoints reads as the states do, then and later', async () => {
    await using harness = await new Harness().open()
    const { log, topics } = harness
    await fill(harness, 1)
    const running = harness.ingest({ settings: { maxRoundRecords: 50, checkpointIntervalMs: 30, checkpointChunkBytes: 2_048 } })
    const end = new AbortController()
    const started = async () => {
      const view = new MetricViewImpl()
      const { caughtUp, ended } = startView({ log, topics, view, signal: end.signal, logger: silentLogger })
      await caughtUp
      assert.ok(view.ready())
      return { view, ended }
    }
    const early = await started()
    await fill(harness, 2)
    const batches = await Promise.race([harness.announced(), running.ended.then(() => [])])
    assert.ok(batches.length > 20)
    const late = await started()
    const ends = await log.ends(domainTopics(topics))
    for (const { view } of [early, late]) await view.waitFor(ends, AbortSignal.timeout(20_000))
    await running.stop()
    for (const { view } of [early, late]) await assertLikeStates(view, harness)
    end.abort()
    await Promise.all([early.ended, late.ended])
  })

  test('waits for a checkpoint where changes that nobody has counted are gone from the log', async () => {
    await using harness = await new Harness().open()
    const { log, topics } = harness
    await fill(harness, 3)
    const running = harness.ingest({ settings: { checkpointIntervalMs: 3_600_000 } })
    await Promise.race([harness.announced(), running.ended])
    const gone = await log.ends([topics.changes])
    const truncated = new Proxy(log, {
      get: (target, name) => name === 'starts'
        ? async (names: string[]) => ({ ...await target.starts(names), ...names.includes(topics.changes) && gone })
        : (Reflect.get(target, name) as (...args: never[]) => unknown).bind?.(target) ?? Reflect.get(target, name),
    })
    const end = new AbortController()
    const warned = Promise.withResolvers<unknown>()
    const view = new MetricViewImpl()
    const { caughtUp, ended } = startView({
      log: truncated, topics, view, signal: end.signal, logger: { ...silentLogger, warn: (message, details) => warned.resolve([message, details]) },
    })
    assert.deepEqual(await Promise.race([warned.promise, caughtUp]),
      ['changes were removed from the log before a checkpoint had what they counted: waiting for the next one of ingest', { shards: '0,1,2' }])
    assert.equal(view.ready(), false)
    // Its last checkpoint.
    await running.stop()
    await caughtUp
    await assertLikeStates(view, harness)
    end.abort()
    await ended
  })

  test('says so when the states cannot be read', async () => {
    await using harness = await new Harness(1).open()
    const { log, topics } = harness
    await log.ensureTopics(topicSpecs(topics))
    await log.append([{ topic: topics.state, key: '1|user:a', partition: 0, value: Buffer.from('{"epoch":0,"checkpoint":1}\n{ broken') }])
    const { caughtUp, ended } = startView({ log, topics, view: new MetricViewImpl(), signal: new AbortController().signal, logger: silentLogger })
    await assert.rejects(caughtUp, /state record of user:a/)
    await assert.rejects(ended, /freshet replay/)
  })
})
