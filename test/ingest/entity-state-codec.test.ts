import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEntityState, decodeStateMetrics, encodeEntityState, StateRecordError } from '../../ingest/entity-state-codec.ts'
import { exists, newEntityState, setDerivedFields, beginChange } from '../../ingest/entity-state.ts'
import { readMetrics } from '../../ingest/metrics/read.ts'
import { project, projectionVersion } from '../../ingest/projections/index.ts'
import { arriving } from './projections/arbitrary.ts'
import { World } from './projections/world.ts'

const text = (value: string) => new TextEncoder().encode(value)

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
    }
  }), { numRuns: 100 })
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
