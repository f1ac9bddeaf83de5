import assert from 'node:assert/strict'
import { test } from 'node:test'
import { topicSpecs } from '../../events/topics.ts'
import { mostOverdue } from '../../ingest/checkpoint.ts'
import { silentObserver } from '../../ingest/observer.ts'
import { Harness } from './harness.ts'
import { recordsOf } from './workload.ts'

test('what was seen between a checkpoint and a crash is still known to be a duplicate two owners later', { timeout: 30_000 }, async () => {
  await using disposal = new AsyncDisposableStack()
  let harness = await new Harness(1).open()
  disposal.defer(() => harness[Symbol.asyncDispose]())
  const { topics } = harness
  await harness.log.ensureTopics(topicSpecs(topics))
  const records = [...recordsOf(topics, { seed: 1, users: 3, sellers: 1, livestreams: 2, events: 60, startAt: Date.now() - 1_000, stepMs: 1 })]
  /** Runs until all is announced. Not cleanly: the log is gone before a checkpoint could be written, as in a crash. */
  const run = async ({ cleanly }: { cleanly: boolean }) => {
    let duplicates = 0
    const running = harness.ingest({
      settings: { checkpointIntervalMs: 3_600_000, takeoverWaitMs: 40 },
      metrics: { ...silentObserver, round: (stats) => { duplicates += stats.duplicates } },
    })
    await Promise.race([harness.announced(), running.ended])
    if (cleanly) await running.stop()
    else {
      await harness.close()
      await running.stop().catch(() => {})
      harness = await new Harness(1, harness.directory).open()
    }
    return duplicates
  }
  await harness.log.append(records.slice(0, 30))
  await run({ cleanly: true })
  await harness.log.append(records.slice(30))
  await run({ cleanly: false })
  // The next checkpoint takes over what the crashed owner had announced; nothing new makes the slices grow.
  await harness.log.append([{ topic: topics.users, key: 'user:u0', value: Buffer.from('no event') }])
  await run({ cleanly: true })
  await harness.log.append(records.slice(30))
  assert.equal(await run({ cleanly: true }), records.length - 30)
})

test('checkpoints that together take longer than their interval all end, by turns', () => {
  const intervalSteps = 250
  const piecesEach = 100
  const shards = Array.from({ length: 8 }, (_, i) => ({ dueAt: i, left: 0, ended: 0 }))
  for (let now = 8; now < 8 + 8 * piecesEach * 3; now++) {
    const due = mostOverdue(shards.map((shard) => ({ shard, checkpointer: { dueAt: shard.dueAt <= now ? shard.dueAt : undefined } })))
    assert.ok(due)
    const { shard } = due
    shard.left ||= piecesEach
    if (--shard.left > 0) continue
    shard.ended++
    shard.dueAt = Math.max(now, shard.dueAt + intervalSteps)
  }
  assert.deepEqual(shards.map(({ ended }) => ended), new Array(8).fill(3))
  assert.equal(mostOverdue([{ checkpointer: { dueAt: undefined } }]), undefined)
})
