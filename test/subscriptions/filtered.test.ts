import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { EntityChanged } from '../../ingest/changes.ts'
import type { AnyFields, FieldValue } from '../../search/entities.ts'
import { compileFilter } from '../../search/matches.ts'
import { kindOf, mergeMoves, moveOf, type Move } from '../../subscriptions/filtered.ts'
import { ConflatingMailbox } from '../../subscriptions/mailbox.ts'
import { arbitraryFilter, arbitraryLivestream } from '../search/contract/random.ts'

/** The change record between two states of an entity; null: it is not there. */
function changeOf(id: string, before: AnyFields | null, after: AnyFields | null): EntityChanged {
  const changed: Record<string, FieldValue | null> = {}
  for (const field of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]))
    if (before?.[field] !== after?.[field]) changed[field] = before?.[field] ?? null
  return {
    type: 'EntityChanged', entity: `livestream:${id}`, revision: 1, operation: before === null ? 'created' : after === null ? 'deleted' : 'updated',
    changed, after, eventTime: 0, appendedAt: 0, appliedAt: 0, events: [], shard: 0, epoch: 0, sequence: 0, index: 0,
  }
}

/** What clients see of a livestream itself: metrics have a subscription of their own. */
const visible = ({ viewersNow: _, popularity: __, ...fields }: AnyFields): AnyFields => fields

const states = fc.array(fc.option(arbitraryLivestream, { nil: null, freq: 4 }), { minLength: 1, maxLength: 12 })

describe('livestreams seen from a filter', () => {
  test('each change says exactly whether it matched before and does now', () => {
    fc.assert(fc.property(arbitraryFilter, fc.constantFrom('r-000', 'r-050', 'r:1'), states, (filter, id, sequence) => {
      const matches = compileFilter('livestream', filter)
      let before: AnyFields | null = null
      for (const after of sequence) {
        if (before === null && after === null) continue
        const was: boolean = before !== null && matches(id, before)
        const is = after !== null && matches(id, after)
        const told: boolean = was !== is || (was && !isDeepStrictEqual(visible(before ?? {}), visible(after ?? {})))
        assert.deepEqual(moveOf(changeOf(id, before, after), matches), told ? { id, before: was, after: is } : undefined)
        before = after
      }
    }), { numRuns: 1_000 })
  })

  test('a vector that is announced behind its text is not told as an update', () => {
    const after: AnyFields = { status: 'LIVE', title: 'a title' }
    const change = { ...changeOf('r-1', after, after), changed: { 'vector:hashing': null } }
    assert.equal(moveOf(change, () => true), undefined)
    assert.deepEqual(moveOf({ ...change, changed: { 'vector:hashing': null, title: 'another' } }, () => true), { id: 'r-1', before: true, after: true })
  })

  test('what a client keeps by what it is told is what matches, however slowly it reads', async () => {
    const changes = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c'), state: fc.option(arbitraryLivestream, { nil: null }), reads: fc.nat(2) }), { maxLength: 30 })
    await fc.assert(fc.asyncProperty(arbitraryFilter, changes, async (filter, steps) => {
      const matches = compileFilter('livestream', filter)
      const world = new Map<string, AnyFields>()
      const kept = new Set<string>()
      const box = new ConflatingMailbox<string, Move>({ merge: mergeMoves, onEnd: () => {} })
      const read = async (): Promise<void> => {
        const { value: move } = (await box.next()) as { value: Move }
        const kind = kindOf(move)
        // Nothing enters twice, and nothing leaves or changes that never entered.
        assert.equal(kept.has(move.id), kind !== 'ENTERED')
        if (kind === 'LEFT') kept.delete(move.id)
        else kept.add(move.id)
      }
      for (const { id, state, reads } of steps) {
        const before = world.get(id) ?? null
        if (before === null && state === null) continue
        const move = moveOf(changeOf(id, before, state), matches)
        if (move) box.put(id, move)
        if (state === null) world.delete(id)
        else world.set(id, state)
        for (let i = 0; i < reads && box.size > 0; i++) await read()
      }
      while (box.size > 0) await read()
      assert.deepEqual([...kept].toSorted(), [...world].filter(([id, fields]) => matches(id, fields)).map(([id]) => id).toSorted())
    }), { numRuns: 500 })
  })

  test('an id may hold colons', () => {
    assert.equal(moveOf(changeOf('a:b:c', null, {}), () => true)?.id, 'a:b:c')
  })
})
