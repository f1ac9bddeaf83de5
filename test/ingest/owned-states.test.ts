import assert from 'node:assert/strict'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { EntityKey } from '../../events/entity.ts'
import { domainTopics, topicSpecs } from '../../events/topics.ts'
import { silentLogger, silentObserver } from '../../ingest/observer.ts'
import { OwnedStates } from '../../ingest/owned-states.ts'
import { startView } from '../../ingest/view-bootstrap.ts'
import { MetricViewImpl } from '../../search/metric-view.ts'
import { Harness, type Running } from './harness.ts'
import { recordsOf } from './workload.ts'

const patience = (): AbortSignal => AbortSignal.timeout(20_000)

/** A small marketplace for `running` to apply. Its people first: of who comes and goes within one round nothing is announced. */
async function fill(harness: Harness, running: Running, seed: number): Promise<void> {
  const { log, topics } = harness
  await log.ensureTopics(topicSpecs(topics))
  const records = [...recordsOf(topics, { seed, users: 20, sellers: 4, livestreams: 8, events: 400, startAt: Date.now() - 20_000, stepMs: 40 })]
  for (const some of [records.slice(0, entities.length), records.slice(entities.length)]) {
    await log.append(some)
    await Promise.race([harness.announced(), running.ended])
  }
}

/** A view over the states, and one that keeps copies of its own, both following the same changes. */
function follow({ log, topics }: Harness, states: OwnedStates) {
  const end = new AbortController()
  const start = (view: MetricViewImpl, tails?: Parameters<typeof startView>[0]['tails']) =>
    ({ view, ...startView({ log, topics, view, tails, signal: end.signal, logger: silentLogger }) })
  const reading = start(new MetricViewImpl({ source: states }), (signal) => states.tails(signal))
  const copying = start(new MetricViewImpl())
  return {
    reading, copying,
    async settled() {
      const ends = await log.ends(domainTopics(topics))
      for (const { view } of [reading, copying]) await view.waitFor(ends, patience())
    },
    async end() {
      end.abort()
      await Promise.all([reading.ended, copying.ended])
    },
  }
}

const entities: EntityKey[] = [
  ...Array.from({ length: 20 }, (_, i): EntityKey => `user:u${i}`), ...Array.from({ length: 4 }, (_, i): EntityKey => `seller:s${i}`),
  ...Array.from({ length: 8 }, (_, i): EntityKey => `livestream:l${i}`),
]

/** What a view says of everybody, decays without their last bits. */
const readAll = (view: MetricViewImpl, now: number): unknown =>
  JSON.parse(JSON.stringify(entities.map((entity) => [entity, view.metrics(entity, now), view.affinities(entity.slice('user:'.length), now)]),
    (_name, value: unknown) => (typeof value === 'number' && !Number.isInteger(value) ? value.toPrecision(9) : value)))

describe('states that ingest shows to its own process', { timeout: 60_000 }, () => {
  test('are waited for: the view follows from where they stand, and a restart of ingest gives it other ones', async () => {
    await using harness = await new Harness().open()
    const states = new OwnedStates(harness.log.partitions)
    const first = harness.ingest({ states })
    await fill(harness, first, 1)
    const { reading, copying, settled, end } = follow(harness, states)
    await Promise.all([reading.caughtUp, copying.caughtUp, settled()])
    const before = Date.now()
    assert.deepEqual(readAll(reading.view, before), readAll(copying.view, before))
    assert.ok(entities.filter((entity) => reading.view.metrics(entity, before) !== null).length > 20)

    await first.stop()
    assert.deepEqual(readAll(reading.view, before), readAll(copying.view, before), 'between two ownerships')
    const total = () => reading.view.total('seller:s1', 'watchSeconds')
    const was = total()
    const second = harness.ingest({ states })
    await fill(harness, second, 2)
    await settled()
    const now = Date.now()
    assert.ok(total() > was)
    assert.deepEqual(readAll(reading.view, now), readAll(copying.view, now))
    await end()
    await second.stop()
  })

  test('are not there before they are recovered, all shards of them', async () => {
    await using harness = await new Harness().open()
    const former = harness.ingest()
    await fill(harness, former, 1)
    await former.stop()

    const states = new OwnedStates(harness.log.partitions)
    const { reading, copying, end } = follow(harness, states)
    await copying.caughtUp
    assert.deepEqual([reading.view.ready(), reading.view.covered()], [false, {}])
    let taken = 0
    const running = harness.ingest({ states, metrics: { ...silentObserver, shardTaken: () => { taken++ } } })
    await Promise.race([reading.caughtUp, running.ended])
    assert.equal(taken, harness.log.partitions)
    const now = Date.now()
    assert.deepEqual(reading.view.covered(), copying.view.covered())
    assert.deepEqual(readAll(reading.view, now), readAll(copying.view, now))
    await end()
    await running.stop()
  })

  test('are no longer waited for after the signal', async () => {
    const end = new AbortController()
    const waited = new OwnedStates(1).tails(end.signal)
    end.abort()
    assert.equal((await waited).size, 0)
    assert.equal((await new OwnedStates(1).tails(end.signal)).size, 0)
  })

  test('know after a crash when what was counted since the checkpoint was applied', async () => {
    await using harness = await new Harness().open()
    const running = harness.ingest({ settings: { checkpointIntervalMs: 3_600_000 } })
    await fill(harness, running, 1)
    // As a crash leaves it: without a last checkpoint.
    const left = mkdtempSync(join(tmpdir(), 'freshet-ingest-'))
    cpSync(harness.directory, left, { recursive: true })
    await running.stop()

    await using crashed = await new Harness(undefined, left).open()
    const states = new OwnedStates(crashed.log.partitions)
    const { reading, copying, end } = follow(crashed, states)
    const again = crashed.ingest({ states })
    await Promise.race([Promise.all([reading.caughtUp, copying.caughtUp]), again.ended])
    const now = Date.now()
    assert.ok((reading.view.metrics('seller:s1', now)?.appliedAt ?? 0) > now - 20_000)
    assert.deepEqual(readAll(reading.view, now), readAll(copying.view, now))
    await end()
    await again.stop()
  })
})
