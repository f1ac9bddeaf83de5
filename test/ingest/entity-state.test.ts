import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntityKey } from '../../events/entity.ts'
import type { Effect } from '../../ingest/effects.ts'
import { endChange, textChanged } from '../../ingest/entity-change.ts'
import { applyEffect, beginChange, exists, holdVector, liveFields, newEntityState, setDerivedFields } from '../../ingest/entity-state.ts'
import type { EntityState } from '../../ingest/entity-state.ts'

const stamp = (time: number, id = 'e', source = 'app') => ({ time, source, id })

/** Applies effects as one batch and gives what it changed. */
function batch(state: EntityState, ...effects: [time: number, effect: Omit<Effect, 'entity'>][]) {
  const pending = beginChange(state)
  for (const [time, effect] of effects) applyEffect(state, { entity: state.entity, ...effect }, stamp(time), time, pending)
  return endChange(state, pending)
}

test('the later write of a field wins, whichever comes first; ties go to the greater source, then id', () => {
  const state = newEntityState('seller:s')
  const write = (name: string, ...of: Parameters<typeof stamp>) =>
    applyEffect(state, { entity: 'seller:s', fields: { name } }, stamp(...of), 0, beginChange(state))
  write('a', 10)
  write('earlier', 9)
  assert.equal(liveFields(state).name, 'a')
  write('greater id', 10, 'f')
  write('smaller id', 10, 'd')
  assert.equal(liveFields(state).name, 'greater id')
  write('greater source', 10, 'a', 'web')
  write('smaller source', 10, 'z', 'app')
  assert.equal(liveFields(state).name, 'greater source')
})

test('the first batch with a core field creates, with all that came before it', () => {
  const state = newEntityState('livestream:l')
  assert.equal(batch(state, [1, { fields: { currentBid: 5 } }]), null)
  assert.equal(exists(state), false)
  const change = batch(state, [2, { fields: { title: 'Evening', description: 'long' } }])
  assert.deepEqual(change, {
    operation: 'created', revision: 1, changed: { currentBid: null, title: null, description: null },
    fields: { currentBid: 5, title: 'Evening', description: 'long' }, vectors: {}, orphanedVectors: [],
    after: { currentBid: 5, title: 'Evening' },
  })
})

test('a batch tells former values as they were before it, and nothing of what came back to what it was', () => {
  const state = newEntityState('seller:s')
  batch(state, [1, { fields: { name: 'a', rating: 1, categories: ['x'] } }])
  const change = batch(state, [2, { fields: { name: 'b', rating: 2 } }], [3, { fields: { name: 'c', rating: 1, categories: ['x'] } }])
  assert.deepEqual(change?.changed, { name: 'a' })
  assert.deepEqual(change?.fields, { name: 'c' })
  assert.deepEqual([change?.operation, change?.revision], ['updated', 2])
  assert.equal(batch(state, [4, { fields: { name: 'c' } }]), null)
  assert.equal(batch(state, [2, { fields: { name: 'too late' } }]), null)
  assert.equal(state.revision, 2, 'what changes nothing takes none')
})

test('a removed field stays removed against older writes', () => {
  const state = newEntityState('livestream:l')
  batch(state, [1, { fields: { title: 't', endedAt: 1 } }])
  assert.deepEqual(batch(state, [5, { fields: { endedAt: null } }])?.fields, { endedAt: null })
  assert.equal(batch(state, [3, { fields: { endedAt: 3 } }]), null)
  assert.deepEqual(liveFields(state), { title: 't' })
})

test('a tombstone takes what was written up to its event; what is later survives, in any order', () => {
  const effects: [number, Omit<Effect, 'entity'>][] = [
    [1, { fields: { name: 'Ada', bio: 'b' } }], [5, { tombstone: true }], [4, { fields: { country: 'DE' } }],
    [6, { fields: { language: 'en' } }], [3, { tombstone: true }], [5, { fields: { bio: 'same stamp' } }],
  ]
  for (let shift = 0; shift < effects.length; shift++) {
    const state = newEntityState('user:u')
    batch(state, ...effects.slice(shift), ...effects.slice(0, shift))
    assert.deepEqual(liveFields(state), { language: 'en' }, `from ${shift}`)
    assert.equal(exists(state), false)
    assert.equal(state.tombstone?.time, 5)
  }
})

test('a deletion tells all former values; a later registration creates again', () => {
  const state = newEntityState('user:u')
  batch(state, [1, { fields: { name: 'Ada', bio: 'b' } }])
  const deleted = batch(state, [2, { fields: { bio: 'c' } }], [3, { tombstone: true }])
  assert.deepEqual(deleted, {
    operation: 'deleted', revision: 2, changed: { name: 'Ada', bio: 'b' }, fields: {}, vectors: {}, orphanedVectors: [], after: null,
  })
  assert.equal(batch(state, [2, { fields: { name: 'older' } }]), null)
  const again = batch(state, [4, { fields: { name: 'Bo' } }])
  assert.deepEqual([again?.operation, again?.fields], ['created', { name: 'Bo' }])
})

test('deleted and registered again in one batch is an update that removes what is gone', () => {
  const state = newEntityState('user:u')
  batch(state, [1, { fields: { name: 'Ada', bio: 'b' }, vector: { model: 'm', values: [1] } }])
  const change = batch(state, [2, { tombstone: true }], [3, { fields: { name: 'Ada' } }])
  assert.deepEqual([change?.operation, change?.fields, change?.vectors], ['updated', { bio: null }, { m: null }])
  assert.deepEqual(change?.changed, { bio: 'b', 'vector:m': null })
})

test('a vector waits for its entity, is handed over once, and the later one wins', () => {
  const state = newEntityState('livestream:l')
  const vector = (...values: number[]) => ({ vector: { model: 'm', values } })
  assert.equal(batch(state, [5, vector(1, 2)]), null)
  const created = batch(state, [6, { fields: { title: 't' } }])
  assert.deepEqual(created?.vectors, { m: Float32Array.of(1, 2) })
  assert.deepEqual(created?.changed, { title: null, 'vector:m': null })
  assert.equal(batch(state, [4, vector(9, 9)]), null)
  assert.deepEqual(batch(state, [7, vector(3, 4)])?.vectors, { m: Float32Array.of(3, 4) })
  assert.equal(state.vectors?.get('m')?.values, null)
})

test('a vector newer than the tombstone is asked back from the index and comes back with the entity', () => {
  const state = newEntityState('user:u')
  batch(state, [1, { fields: { name: 'Ada' } }], [9, { vector: { model: 'm', values: [7] } }])
  const deleted = batch(state, [5, { tombstone: true }])
  assert.deepEqual([deleted?.operation, deleted?.orphanedVectors], ['deleted', ['m']])
  holdVector(state, 'm', Float32Array.of(7))
  assert.deepEqual(batch(state, [10, { fields: { name: 'Ada' } }])?.vectors, { m: Float32Array.of(7) })
})

test('copies of metrics are written without a stamp and go with the entity', () => {
  const state = newEntityState('livestream:l')
  batch(state, [1, { fields: { title: 't' } }])
  const pending = beginChange(state)
  setDerivedFields(state, { viewersNow: 3, popularity: 1.5 }, pending)
  const change = endChange(state, pending)
  assert.deepEqual(change?.changed, { viewersNow: null, popularity: null })
  assert.deepEqual(change?.after, { title: 't', viewersNow: 3, popularity: 1.5 })
  batch(state, [2, { tombstone: true }])
  assert.deepEqual(liveFields(state), {})
  assert.throws(() => setDerivedFields(state, { viewers: 3 }, pending), /A livestream has no field "viewers" to copy a metric to/)
})

test('only a change of a searchable field asks for a new embedding', () => {
  const state = newEntityState('livestream:l')
  const changes = [
    batch(state, [1, { fields: { title: 't' } }]), batch(state, [2, { fields: { status: 'LIVE' } }]), batch(state, [3, { fields: { tags: ['x'] } }]),
  ]
  assert.deepEqual(changes.map((change) => change && textChanged(state, change)), [true, false, true])
})

test('an effect applied twice changes fields, tombstone and vectors once', () => {
  const state = newEntityState('user:u')
  const effect: Omit<Effect, 'entity'> = { fields: { name: 'Ada' }, vector: { model: 'm', values: [1] } }
  assert.notEqual(batch(state, [1, effect]), null)
  assert.equal(batch(state, [1, effect]), null)
})

test('refuses what is no entity', () => {
  assert.throws(() => newEntityState('video:v' as EntityKey), /Expected an entity key like "livestream:ID", got "video:v"/)
})
