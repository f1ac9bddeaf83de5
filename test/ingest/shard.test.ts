import assert from 'node:assert/strict'
import { test } from 'node:test'
import { windowValue } from '../../ingest/metrics/read.ts'
import { Shard } from '../../ingest/shard.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1)

test('entities that nothing happens to let go of buckets and viewers while the log goes on, and keep their totals', () => {
  const shard = new Shard({
    number: 0, epoch: 1, positions: {}, marks: {}, deduplicators: new Map(), sequence: -1, rekeyed: {}, nextChange: 0, checkpoint: 0,
  })
  const entities = 100
  const read = (offset: number, appendedAt: number) =>
    shard.advance({ topic: 'engagements', partition: 0, offset, appendedAt, key: null, value: null })
  for (let i = 0; i < entities; i++)
    shard.apply(
      { entity: `livestream:${i}`, increments: [{ count: 'chats', at: start, amount: 1 }, { viewer: 'ann', at: start }] },
      { stamp: { time: start, source: 's', id: `${i}` }, type: 'ChatPosted', appendedAt: start }, 'engagements/0', i,
    )
  read(entities, start)
  const metrics = () => [...shard.entities.values()].map(({ state }) => state.metrics)
  const kept = () => metrics().reduce((sum, each) => sum + (each?.cells.length ?? 0) + (each?.few.length ?? 0), 0)
  shard.takeRound()
  assert.equal(kept(), entities * 4)
  assert.equal(windowValue(metrics()[7]!, '1h', 'chats', start), 1)

  read(entities + 1, start + 2 * hour)
  for (let round = 0; round < 10; round++) shard.takeRound()
  assert.equal(kept(), 0)
  assert.ok(metrics().every((each) => each?.totals[1] === 1))
})
