import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EntityKey } from '../../events/entity.ts'
import { partitionOf } from '../../events/topics.ts'
import type { ChangeBatch } from '../../ingest/change-reader.ts'
import type { EntityChanged, Progress } from '../../ingest/changes.ts'
import type { Effect, Increment } from '../../ingest/effects.ts'
import { endChange } from '../../ingest/entity-change.ts'
import { encodeEntityState } from '../../ingest/entity-state-codec.ts'
import { readMetrics, readUserAffinities } from '../../ingest/metrics/read.ts'
import { OwnedStates } from '../../ingest/owned-states.ts'
import { project } from '../../ingest/projections/index.ts'
import { Shard } from '../../ingest/shard.ts'
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
    shard, epoch: 1, sequence, first: sequence, next: sequence + 1, bytes: 0,
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

const newShard = (number: number) =>
  new Shard({ number, epoch: 1, positions: {}, marks: {}, deduplicators: new Map(), sequence: -1, rekeyed: {}, nextChange: 0, checkpoint: 0 })

/** Announces a shard's round as the loop does, without a log. */
function announce(shard: Shard, appendedAt: number): ChangeBatch {
  const { touched, counted, increments } = shard.takeRound()
  const entities = [...touched.values()].flatMap(({ entry: { state }, pending }) => {
    const change = endChange(state, pending)
    return change ? [{ entity: state.entity, operation: change.operation }] : []
  })
  for (const { state } of counted) state.appliedAt = appendedAt + 5
  return batchOf({ shard: shard.number, sequence: ++shard.sequence, entities, metrics: Object.fromEntries(increments), appendedAt })
}

const everybody = [
  ...Array.from({ length: 12 }, (_, i) => `user:u${i + 1}`), ...Array.from({ length: 3 }, (_, i) => `seller:s${i + 1}`),
  ...Array.from({ length: 3 }, (_, i) => `livestream:l${i + 1}`),
] as EntityKey[]

test('answers from a source as it would from the same batches, deletions included, and leaves the source as it is', () => {
  let compared = 0
  let hidden = 0
  fc.assert(fc.property(arriving(0), fc.integer({ min: 1, max: 10 }), (items, size) => {
    const owned = Array.from({ length: shards }, (_, number) => newShard(number))
    const source = new OwnedStates(shards)
    source.own(owned)
    const reading = new MetricViewImpl({ source })
    const copying = new MetricViewImpl()
    const announceAll = (appendedAt: number) => {
      for (const shard of owned) {
        const batch = announce(shard, appendedAt)
        reading.apply(batch)
        copying.apply(batch)
      }
    }
    // Everybody is there: of what is deleted before it came to be, nothing is announced.
    for (const entity of everybody)
      owned[shardOf(entity)]?.apply(
        { entity, fields: entity.startsWith('livestream:') ? { title: 'T' } : { name: 'N' } },
        { stamp: { time: 0, source: 's', id: entity }, type: 'Registered', appendedAt: 0 }, 'domain/0', 0,
      )
    announceAll(0)
    const sorted = [...items].sort((a, b) => a.at - b.at)
    for (let from = 0; from < sorted.length; from += size) {
      const chunk = sorted.slice(from, from + size)
      for (const [i, { event, at }] of chunk.entries())
        for (const effect of project(event, at))
          owned[shardOf(effect.entity)]?.apply(effect, { stamp: { time: at, source: event.source, id: event.id }, type: event.type, appendedAt: at }, 'domain/0', from + i)
      announceAll(chunk[0]?.at ?? 0)
      const end = chunk.at(-1)?.at ?? 0
      for (const { entities } of owned)
        for (const [entity, { state }] of entities) {
          if (state.metrics === null) {
            assert.equal(reading.metrics(entity, end), null)
            continue
          }
          const before = structuredClone(state.metrics)
          for (const now of [end, end + 100_000]) {
            assertSame(reading.metrics(entity, now), copying.metrics(entity, now), 1e-12, `${entity}.metrics`)
            assertSame(reading.affinities(state.id, now), copying.affinities(state.id, now), 1e-12)
            assertSame(reading.audience(entity, now), copying.audience(entity, now), 1e-12)
            assert.equal(reading.window(entity, '5m', 'watchSeconds', now), copying.window(entity, '5m', 'watchSeconds', now))
            assertSame(reading.decayed(entity, 'revenue', now), copying.decayed(entity, 'revenue', now), 1e-12)
            assert.equal(reading.total(entity, 'views'), copying.total(entity, 'views'))
            assertSame(reading.popularity(entity, now), copying.popularity(entity, now), 1e-12)
          }
          assert.deepEqual(state.metrics, before, 'reading changes nothing')
          compared++
          if (copying.metrics(entity, end) === null) hidden++
        }
    }
    assert.equal(reading.size, 0)
  }), { numRuns: 100 })
  assert.ok(compared > 100 && hidden > 0, `${compared} compared, ${hidden} of them deleted`)
})

test('what a source counts before it is applied is answered as of now', () => {
  const shard = newShard(0)
  const source = new OwnedStates(1)
  source.own([shard])
  const view = new MetricViewImpl({ source })
  const chat = (at: number) => shard.apply(
    { entity: 'livestream:l', increments: [{ count: 'chats', at, amount: 1 }] },
    { stamp: { time: at, source: 's', id: `${at}` }, type: 'ChatPosted', appendedAt: at }, 'domain/0', at,
  )
  const seen = (now: number) => [view.metrics('livestream:l', now)?.total.chats, view.metrics('livestream:l', now)?.appliedAt]
  chat(epoch)
  assert.deepEqual(seen(epoch + 1), [1, epoch + 1])
  announce(shard, epoch)
  assert.deepEqual(seen(epoch + 60_000), [1, epoch + 5])
  chat(epoch + 60_000)
  // The loop has begun to apply it.
  shard.applying = shard.takeRound()
  assert.deepEqual(seen(epoch + 60_001), [2, epoch + 60_001])
})

test('knows nothing of an entity without events', () => {
  const view = new MetricViewImpl()
  assert.equal(view.metrics('livestream:l', epoch), null)
  assert.deepEqual(view.affinities('u', epoch), { sellers: [], categories: [], follows: [] })
  assert.deepEqual([view.audience('livestream:l', epoch), view.popularity('livestream:l', epoch)], [{ viewersNow: 0, popularity: 0 }, 0])
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
  view.loadState('user:old', Buffer.from(Buffer.from(record).toString('latin1').replace('"v":1', '"v":0'), 'latin1'))
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
