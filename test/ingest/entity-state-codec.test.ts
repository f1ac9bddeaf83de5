import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEntityState, decodeStateMetrics, encodeEntityState } from '../../ingest/entity-state-codec.ts'
import { exists, newEntityState, setDerivedFields, beginChange } from '../../ingest/entity-state.ts'
import type { EntityState } from '../../ingest/entity-state.ts'
import { evolve, pruneMetrics } from '../../ingest/metrics/index.ts'
import type { Metrics } from '../../ingest/metrics/index.ts'
import { readMetrics, readUserAffinities } from '../../ingest/metrics/read.ts'
import { project, projectionVersion } from '../../ingest/projections/index.ts'
import { StateRecordError } from '../../ingest/state-record-error.ts'
import { arriving } from './projections/arbitrary.ts'
import { World } from './projections/world.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** With metrics of every kind but a user's: fifty people within a minute. */
function counted(): EntityState {
  const world = new World()
  for (let i = 0; i < 50; i++) {
    const at = 10_000 + i * 1_000
    world.apply({ entity: 'livestream:l', increments: [{ viewer: `u${i}`, at }, { count: 'views', at, amount: 1 }] }, { time: at, source: 'app', id: `e${i}` }, at)
  }
  return world.stateOf('livestream:l')
}

test('a state comes back from its record as it was, with what it includes', () => {
  fc.assert(fc.property(arriving(0), fc.boolean(), (items, handedOver) => {
    const world = new World()
    for (const { event, at } of items)
      for (const effect of project(event, at)) world.apply(effect, { time: at, source: event.source, id: event.id }, at)
    const mark = { positions: { 'freshet.users/3': 17 }, sequence: 42 }
    for (const [entity, state] of world.states) {
      state.appliedAt = 99
      state.embeddedText = handedOver ? 'hash' : null
      if (handedOver) for (const held of state.vectors?.values() ?? []) held.values = null
      if (state.kind === 'livestream') setDerivedFields(state, { viewersNow: 2 }, beginChange(state))
      const record = encodeEntityState(state, mark)
      const decoded = decodeEntityState(entity, record)
      assert.deepEqual({ ...decoded, state: null }, { ...mark, version: projectionVersion, state: null })
      // Values that were removed by a tombstone or never set are equal to the reader, so the records are compared.
      assert.deepEqual(Buffer.from(encodeEntityState(decoded.state, mark)).toString(), Buffer.from(record).toString())
      assert.deepEqual(decoded.state.values.map((value) => value ?? null), state.values.map((value) => value ?? null))
      assert.deepEqual(decoded.state.stamps, state.stamps)
      assert.deepEqual(decoded.state.vectors, state.vectors)
      const { metrics, deleted } = decodeStateMetrics(entity, record)
      assert.equal(deleted, state.tombstone !== null && !exists(state))
      assert.deepEqual(metrics && readMetrics(metrics, 0, 0), state.metrics && readMetrics(state.metrics, 0, 0))
      // Now that nothing is packed any more, all of it is encoded anew.
      assert.deepEqual(decoded.state.metrics && readUserAffinities(decoded.state.metrics, 0), state.metrics && readUserAffinities(state.metrics, 0))
      assert.equal(decoded.state.packedMetrics, null)
      assert.deepEqual(Buffer.from(encodeEntityState(decoded.state, mark)).toString('hex'), Buffer.from(record).toString('hex'))
    }
  }), { numRuns: 100 })
})

test('metrics stay packed until somebody asks for them, and go into the next record as they are', () => {
  const state = counted()
  const record = encodeEntityState(state, { positions: {}, sequence: 1 })
  const decoded = decodeEntityState('livestream:l', record).state
  const packed = decoded.packedMetrics
  assert.ok(packed && packed.length > 0)
  assert.deepEqual(Buffer.from(encodeEntityState(decoded, { positions: {}, sequence: 1 })), Buffer.from(record))
  assert.equal(decoded.packedMetrics, packed)
  assert.deepEqual(readMetrics(decoded.metrics as Metrics, 70_000, 0), readMetrics(state.metrics as Metrics, 70_000, 0))
  assert.equal(decoded.packedMetrics, null)
})

test('reading how many people there were does not unpack who they were; who comes again is not counted twice', () => {
  const { metrics } = decodeEntityState('livestream:l', encodeEntityState(counted(), { positions: {}, sequence: 1 })).state
  assert.ok(metrics)
  assert.equal(readMetrics(metrics, 70_000, 0).windows['1h'].viewers, 50)
  const people = () => metrics.many?.table?.size
  assert.equal(people(), undefined)
  evolve(metrics, { viewer: 'u7', at: 71_000 }, 71_000)
  evolve(metrics, { viewer: 'new', at: 71_000 }, 71_000)
  assert.equal(readMetrics(metrics, 71_000, 0).windows['1h'].viewers, 51)
  assert.equal(people(), 51)
})

test('people who are packed are let go of when nobody can count them any more', () => {
  const { metrics } = decodeEntityState('livestream:l', encodeEntityState(counted(), { positions: {}, sequence: 1 })).state
  assert.ok(metrics?.many)
  pruneMetrics(metrics, 70_000)
  assert.equal(metrics.many.packed.length > 0, true)
  pruneMetrics(metrics, 10 * 3_600_000)
  assert.equal(metrics.many, null)
})

test('a record in the former encoding, JSON throughout, is read as before and written in today\'s', () => {
  const former = '{"v":1,"q":7,"p":{"freshet.engagements/2":9},"r":[3,1700000000500,1700000000900,1],"f":[[5,"app","e1",{"name":"Ada"}]],"h":"hash 1","m":' +
    '{"t":[1700000000000,1700000000100],"n":[2,0,1,0,0,0,0,20,1.5,0,0.75,0,0,0,0,15.25,1700000000000],"w":[27200000000000,1,7,20],' +
    '"s":[123456789012345,600,77,100],"a":["s:s-1",10.5,0,1,1699999990000,"c:cards",0,2,0,1700000000000],"f":["s-1",1,1699999990000,"app e9","s-2",0,1699999995000,"app e8"]}}'
  const decoded = decodeEntityState('user:u', text(former))
  assert.deepEqual([decoded.version, decoded.sequence, decoded.positions], [1, 7, { 'freshet.engagements/2': 9 }])
  const { state } = decoded
  assert.deepEqual([state.revision, state.eventTime, state.appliedAt, state.values[0], state.embeddedText], [3, 1_700_000_000_500, 1_700_000_000_900, 'Ada', 'hash 1'])
  const rewritten = encodeEntityState(decodeEntityState('user:u', text(former)).state, { positions: {}, sequence: 7 })
  assert.ok(rewritten.length < former.length && !Buffer.from(rewritten).includes('"n":['))
  const again = decodeEntityState('user:u', rewritten).state
  for (const { metrics } of [state, again, decodeStateMetrics('user:u', text(former))]) {
    assert.ok(metrics)
    assert.deepEqual(metrics.totals, [2, 0, 1, 0, 0, 0, 0, 20, 1.5, 0, 0.75, 0, 0, 0, 0, 15.25, 1_700_000_000_000])
    assert.deepEqual(metrics.cells, [27_200_000_000_000, 1, 27_200_000_000_007, 20])
    assert.deepEqual(metrics.few, [123_456_789_012_345, 1_699_999_999_500, 77, 1_700_000_000_000])
    assert.deepEqual([metrics.eventTime, metrics.appendedAt], [1_700_000_000_000, 1_700_000_000_100])
    assert.deepEqual(readUserAffinities(metrics, 1_700_000_000_000).sellers.map(({ id, purchases, lastAt }) => [id, purchases > 0, lastAt]), [['s-1', true, 1_699_999_990_000]])
    assert.deepEqual(readUserAffinities(metrics, 1_700_000_000_000).categories,
      [{ id: 'cards', watchSeconds: 0, engagements: 2, purchases: 0, lastAt: 1_700_000_000_000 }])
    assert.deepEqual(metrics.follows?.ties, ['app e9', 'app e8'])
    assert.deepEqual(readUserAffinities(metrics, 0).follows, ['s-1'])
  }
})

test('a text that looks like the former metrics is a text', () => {
  const world = new World()
  world.apply({ entity: 'user:u', fields: { name: 'Ada,"m":{"t":[1,2]}' } }, { time: 1, source: ',"m":{', id: 'e' }, 1)
  const state = world.stateOf('user:u')
  assert.equal(decodeEntityState('user:u', encodeEntityState(state, { positions: {}, sequence: 0 })).state.values[0], 'Ada,"m":{"t":[1,2]}')
})

test('a small state is a small record', () => {
  const state = newEntityState('user:u')
  assert.equal(Buffer.from(encodeEntityState(state, { positions: {}, sequence: 3 })).toString(), '{"v":1,"q":3,"r":[0,0,0,0]}')
})

test('fields that a former version knew are left out', () => {
  const { state } = decodeEntityState('user:u', text('{"v":1,"q":1,"r":[1,1,1,1],"f":[[5,"app","e",{"name":"Ada","shoeSize":42}]]}'))
  assert.equal(state.values[0], 'Ada')
  assert.equal(state.values.length, 6)
})

test('a damaged record is refused by name', () => {
  for (const record of ['{"v":1', 'null', '[]', '{"v":1,"q":2}'])
    assert.throws(() => decodeEntityState('user:u', text(record)), (error: Error) =>
      error instanceof StateRecordError && error.message.includes('user:u') && error.message.includes('freshet replay'))
})

test('damaged metrics are refused by name: what is cut off at once, what is wrong within when it is asked for', () => {
  const record = encodeEntityState(counted(), { positions: {}, sequence: 0 })
  const isNamed = (error: Error) => error instanceof StateRecordError && error.message.includes('livestream:l') && error.message.includes('metrics')
  for (const cut of [1, 20, 100]) assert.throws(() => decodeEntityState('livestream:l', record.subarray(0, -cut)), isNamed)
  assert.throws(() => decodeEntityState('livestream:l', text('{"v":1,"q":1,"r":[1,1,1,1],"m":{"t":[1,')), isNamed)
  const wrong = Uint8Array.from(record)
  wrong.fill(0x7f, -40, -1)
  const { state } = decodeEntityState('livestream:l', wrong)
  assert.throws(() => state.metrics, isNamed)
})

test('a state whose last vector a deletion took away comes back as one that never had any', () => {
  const world = new World()
  world.apply({ entity: 'seller:s1', vector: { model: 'm1', values: [0, 0] } }, { time: 1, source: 'app', id: 'e1' }, 1)
  world.apply({ entity: 'seller:s1', tombstone: true }, { time: 2, source: 'app', id: 'e2' }, 2)
  const state = world.states.get('seller:s1')
  assert.ok(state)
  const decoded = decodeEntityState('seller:s1', encodeEntityState(state, { positions: {}, sequence: 0 }))
  assert.deepEqual(decoded.state.vectors, state.vectors)
  assert.equal(state.vectors, null)
})
