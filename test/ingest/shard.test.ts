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
  const chat = (livestream: string, at: number, offset: number) =>
    shard.apply(
      { entity: `livestream:${livestream}`, increments: [{ count: 'chats', at, amount: 1 }, { viewer: 'ann', at }] },
      { stamp: { time: at, source: 's', id: `${offset}` }, type: 'ChatPosted', appendedAt: at }, 'engagements/0', offset,
    )
  for (let i = 0; i < entities; i++) chat(`${i}`, start, i)
  const metrics = () => [...shard.entities.values()].map(({ state }) => state.metrics)
  const kept = () => metrics().reduce((sum, each) => sum + (each?.cells.length ?? 0) + (each?.few.length ?? 0), 0)
  shard.takeRound()
  assert.equal(kept(), entities * 4)
  assert.equal(windowValue(metrics()[7]!, '1h', 'chats', start), 1)

  // What is re-keyed is appended while ingest runs: later than any reader's now, perhaps. Only events' own times count.
  shard.advance({ topic: 'rekeyed', partition: 0, offset: 0, appendedAt: start + 9 * hour, key: null, value: null })
  for (let round = 0; round < 10; round++) shard.takeRound()
  assert.equal(kept(), entities * 4)

  chat('awake', start + 2 * hour, entities)
  for (let round = 0; round < 10; round++) shard.takeRound()
  assert.equal(kept(), 4)
  assert.ok(metrics().every((each) => each?.totals[1] === 1))
})
