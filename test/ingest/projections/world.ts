import assert from 'node:assert/strict'
import type { EntityKey } from '../../../events/entity.ts'
import { applyEffect, beginChange, exists, liveFields, newEntityState } from '../../../ingest/entity-state.ts'
import type { EntityState } from '../../../ingest/entity-state.ts'
import type { Effect } from '../../../ingest/effects.ts'
import { readMetrics, readUserAffinities } from '../../../ingest/metrics/read.ts'
import type { Stamp } from '../../../ingest/stamp.ts'

/** Every entity's state, as an ingest loop would keep it: the smallest one that can be. */
export class World {
  readonly states = new Map<EntityKey, EntityState>()

  stateOf(entity: EntityKey): EntityState {
    let state = this.states.get(entity)
    if (!state) this.states.set(entity, (state = newEntityState(entity)))
    return state
  }

  apply(effect: Effect, stamp: Stamp, appendedAt: number): void {
    const state = this.stateOf(effect.entity)
    applyEffect(state, effect, stamp, appendedAt, beginChange(state))
  }

  /** What can be read at `now`, without what depends on the order of arrival. */
  read(now: number) {
    return new Map([...this.states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([entity, state]) => [entity, {
      exists: exists(state),
      fields: liveFields(state),
      tombstone: state.tombstone,
      vectors: [...(state.vectors ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)),
      metrics: state.metrics && readMetrics(state.metrics, now, 0),
      affinities: state.metrics && readUserAffinities(state.metrics, now),
    }]))
  }
}

/** Deep equality, except that decayed numbers may differ by `relative` of themselves: whole numbers must be equal. */
export function assertSame(actual: unknown, expected: unknown, relative = 1e-9, path = ''): void {
  if (typeof actual === 'number' && typeof expected === 'number') {
    if (Object.is(actual, expected)) return
    assert.ok(!Number.isInteger(expected) || !/^.*\.(total|windows)\b/.test(path), `${path}: ${actual} is not ${expected}`)
    assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${path}: ${actual} differs from ${expected}`)
  } else if (actual instanceof Map && expected instanceof Map) {
    assertSame([...actual], [...expected], relative, path)
  } else if (typeof actual === 'object' && typeof expected === 'object' && actual && expected && !ArrayBuffer.isView(actual)) {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), path)
    for (const key of Object.keys(actual))
      assertSame((actual as Record<string, unknown>)[key], (expected as Record<string, unknown>)[key], relative, `${path}.${key}`)
  } else {
    assert.deepEqual(actual, expected, path)
  }
}
