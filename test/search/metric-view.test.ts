import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EntityKey } from '../../events/entity.ts'
import { partitionOf } from '../../events/topics.ts'
import type { ChangeBatch } from '../../ingest/change-reader.ts'
import type { EntityChanged, Progress } from '../../ingest/changes.ts'
import type { Effect, Increment } from '../../ingest/effects.ts'
import { encodeEntityState } from '../../ingest/entity-state-codec.ts'
import { readMetrics, readUserAffinities } from '../../ingest/metrics/read.ts'
import { project } from '../../ingest/projections/index.ts'
import { MetricViewImpl } from '../../search/metric-view.ts'
import { arriving, epoch } from '../ingest/projections/arbitrary.ts'
import { assertSame, World } from '../ingest/projections/world.ts'

interface BatchContent {
  shard?: number
  sequence?: number
  metrics?: Record<EntityKey, readonly Increment[]>
  entities?: Pick<EntityChanged, 'entity' | 'operation'>[]
  covered?: Progress['covered']
  rekeyed?: Progress['rekeyed']
  appendedAt?: number
}

function batchOf({ shard = 0, sequence = 0, metrics = {}, entities = [], covered = {}, rekeyed = {}, appendedAt = epoch }: BatchContent): ChangeBatch {
  const head = { shard, epoch: 1, sequence, index: 0, appliedAt: appendedAt + 5 }
  return {
    shard, epoch: 1, sequence, next: sequence,
    entities: entities.map((change) => ({
      ...head, type: 'EntityChanged', revision: 1, changed: {}, after: null, eventTime: appendedAt, appendedAt, events: [], ...change,
    })),
    metrics: Object.keys(metrics).length === 0 ? [] : [{
      ...head, type: 'MetricsChanged', eventTime: appendedAt, appendedAt,
      entities: Object.entries(metrics).map(([entity, increments]) => ({ entity: entity as EntityKey, increments })),
    }],
    progress: { ...head, type: 'Progress', covered, rekeyed, noops: 0, deadLetters: 0 },
  }
}

const shards = 4
const shardOf = (entity: EntityKey) => partitionOf(entity, shards)

test('reads as ingest does, whatever part comes from state records and whatever from changes', () => {
  fc.assert(fc.property(
    arriving(0), fc.integer({ min: 1, max: 10 }), fc.nat(), fc.func(fc.nat({ max: 100 })),
    (items, size, begin, chosen) => {
      const world = new World()
      const batches: ChangeBatch[] = []
      const sequences = Array.from({ length: shards }, () => 0)
      const records = new Map<EntityKey, Uint8Array>()
      const total = Math.ceil(items.length / size)
      const checkpoint = begin % (total + 1)
      const sorted = [...items].sort((a, b) => a.at - b.at)
      const started: number[] = []
      const record = (entity: EntityKey) => {
        const state = world.stateOf(entity)
        state.appliedAt = epoch
        records.set(entity, encodeEntityState(state, { positions: {}, sequence: (sequences[shardOf(entity)] as number) - 1 }))
      }
      for (let n = 0; n < total; n++) {
        if (n === checkpoint) {
          for (const entity of world.states.keys()) record(entity)
          started.push(...sequences)
        }
        const metrics = Array.from({ length: shards }, () => ({}) as Record<EntityKey, Increment[]>)
        const touched = new Set<EntityKey>()
        for (const { event, at } of sorted.slice(n * size, (n + 1) * size))
          for (const effect of project(event, at)) {
            world.apply(effect, { time: at, source: event.source, id: event.id }, at)
            if (effect.increments) ((metrics[shardOf(effect.entity)] as Record<EntityKey, Increment[]>)[effect.entity] ??= []).push(...effect.increments)
            touched.add(effect.entity)
          }
        const appendedAt = Math.min(...sorted.slice(n * size, (n + 1) * size).map(({ at }) => at))
        for (let shard = 0; shard < shards; shard++)
          batches.push(batchOf({ shard, sequence: (sequences[shard] as number)++, metrics: metrics[shard] as Record<EntityKey, Increment[]>, appendedAt }))
        // A checkpoint takes a while: some entities' records are written some batches after it began.
        if (n >= checkpoint) for (const entity of touched) if (chosen(entity) % 3 === n % 3) record(entity)
      }
      const from = started.length > 0 ? started : sequences
      if (started.length === 0) for (const entity of world.states.keys()) record(entity)

      const view = new MetricViewImpl()
      for (const [entity, value] of records) view.loadState(entity, value)
      for (const batch of batches) if (batch.sequence >= (from[batch.shard] as number)) view.apply(batch)
      const end = Math.max(...items.map(({ at }) => at))
      for (const now of [end, end + 100_000])
        for (const [entity, state] of world.states) {
          if (!state.metrics || state.tombstone) continue
          const { appliedAt: _, ...seen } = view.metrics(entity, now) as NonNullable<ReturnType<typeof view.metrics>>
          const { appliedAt: __, ...expected } = readMetrics(state.metrics, now, 0)
          assertSame(seen, expected, 1e-12, `${entity}.metrics`)
          if (state.kind === 'user') assertSame(view.affinities(state.id, now), readUserAffinities(state.metrics, now), 1e-12)
          assert.equal(view.viewersNow(entity, now), seen.viewersNow)
          assert.equal(view.window(entity, '5m', 'watchSeconds', now), seen.windows['5m'].watchSeconds)
          assert.equal(view.decayed(entity, 'revenue', now), seen.decayed.revenue)
          assert.equal(view.total(entity, 'views'), seen.total.views)
        }
    },
  ), { numRuns: 150 })
})

test('knows nothing of an entity without events', () => {
  const view = new MetricViewImpl()
  assert.equal(view.metrics('livestream:l', epoch), null)
  assert.deepEqual(view.affinities('u', epoch), { sellers: [], categories: [], follows: [] })
  assert.deepEqual([view.viewersNow('livestream:l', epoch), view.popularity('livestream:l', epoch)], [0, 0])
})

test('keeps nothing of an entity that came to be until something is counted of it', () => {
  const view = new MetricViewImpl()
  view.apply(batchOf({ entities: [{ entity: 'user:u', operation: 'created' }, { entity: 'user:v', operation: 'updated' }] }))
  assert.deepEqual([view.size, view.metrics('user:u', epoch)], [0, null])
  view.apply(batchOf({ sequence: 1, metrics: { 'user:u': [{ count: 'chats', at: epoch, amount: 1 }] } }))
  assert.deepEqual([view.size, view.total('user:u', 'chats')], [1, 1])
})

test('tells when the latest event happened and was applied', () => {
  const view = new MetricViewImpl()
  view.apply(batchOf({ metrics: { 'livestream:l': [{ count: 'likes', at: epoch - 7, amount: 1 }] } }))
  const { eventTime, appliedAt } = view.metrics('livestream:l', epoch) ?? {}
  assert.deepEqual([eventTime, appliedAt], [epoch - 7, epoch + 5])
})

test('a deleted entity answers nothing until it comes back', () => {
  const view = new MetricViewImpl()
  const like: Increment = { count: 'likes', at: epoch, amount: 1 }
  view.apply(batchOf({ metrics: { 'user:u': [like, { follow: 's', following: true, at: epoch, tie: 't' }] } }))
  assert.deepEqual(view.affinities('u', epoch).follows, ['s'])
  view.apply(batchOf({ sequence: 1, entities: [{ entity: 'user:u', operation: 'deleted' }], metrics: { 'user:u': [like] } }))
  assert.equal(view.metrics('user:u', epoch), null)
  assert.deepEqual(view.affinities('u', epoch).follows, [])
  view.apply(batchOf({ sequence: 2, entities: [{ entity: 'user:u', operation: 'created' }] }))
  assert.equal(view.metrics('user:u', epoch)?.total.likes, 2)
})

test('a deleted entity stays hidden after a restart from its state record', () => {
  const world = new World()
  world.apply({ entity: 'user:u', fields: { name: 'Ada' }, increments: [{ count: 'likes', at: 1, amount: 1 }] }, { time: 1, source: 'a', id: '1' }, 1)
  world.apply({ entity: 'user:u', tombstone: true }, { time: 2, source: 'a', id: '2' }, 2)
  const view = new MetricViewImpl()
  view.loadState('user:u', encodeEntityState(world.stateOf('user:u'), { positions: {}, sequence: 0 }))
  assert.equal(view.metrics('user:u', 3), null)
})

test('leaves out records of no entity, of another projection version, and removed ones', () => {
  const view = new MetricViewImpl()
  const world = new World()
  const effect: Effect = { entity: 'user:u', increments: [{ count: 'likes', at: 1, amount: 1 }] }
  world.apply(effect, { time: 1, source: 'a', id: '1' }, 1)
  const record = encodeEntityState(world.stateOf('user:u'), { positions: {}, sequence: 0 })
  view.loadState('checkpoint', new TextEncoder().encode('{}'))
  view.loadState('user:old', Buffer.from(Buffer.from(record).toString().replace('"v":1', '"v":0')))
  view.loadState('user:gone', record)
  view.loadState('user:gone', null)
  view.loadState('user:u', record)
  assert.deepEqual(['user:old', 'user:gone', 'user:u'].map((entity) => view.metrics(entity as EntityKey, 1)?.total.likes), [undefined, undefined, 1])
})

test('is ready when it is told that it has caught up', () => {
  const view = new MetricViewImpl()
  assert.equal(view.ready(), false)
  view.caughtUp()
  assert.equal(view.ready(), true)
})

test('entities that nothing happens to shrink while others go on', () => {
  const view = new MetricViewImpl()
  const entities = 200
  for (let i = 0; i < entities; i++)
    view.apply(batchOf({
      sequence: i,
      metrics: Object.fromEntries([[`livestream:${i}`, [{ count: 'chats', at: epoch, amount: 1 }, { viewer: 'u', at: epoch }]]]),
    }))
  const before = view.cells
  for (let i = 0; i < 20; i++) {
    const at = epoch + 3 * 3_600_000 + i
    view.apply(batchOf({ sequence: entities + i, appendedAt: at, metrics: { 'livestream:0': [{ count: 'chats', at, amount: 1 }] } }))
  }
  assert.ok(before >= entities)
  assert.equal(view.cells, 1)
  assert.equal(view.metrics('livestream:7', epoch + 4 * 3_600_000)?.total.chats, 1)
})
