import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AnyFields } from '../../../search/entities.ts'
import type { Filter } from '../../../search/filter.ts'
import { compileFilter } from '../../../search/matches.ts'
import { idsOf, useIndex, write, type Make } from './fixture.ts'
import { matchesNaively } from './oracle.ts'
import { arbitraryFilter, arbitraryLivestream } from './random.ts'

const sample: Record<string, AnyFields> = {
  l1: { title: 'Red Shoes', status: 'LIVE', currentBid: 10, popularity: 0.5, auctionActive: true, tags: ['shoes', 'red'], startedAt: 1000 },
  l2: { title: 'red', status: 'ENDED', currentBid: 20, popularity: 0.25, auctionActive: false, tags: ['Red'], startedAt: 2000 },
  l3: { title: 'Größe 50% & mehr*', status: 'live' },
  l4: { description: 'nothing else' },
}

const cases: [Filter, string[]][] = [
  [{ field: 'id', op: 'eq', value: 'l2' }, ['l2']],
  [{ field: 'id', op: 'ne', value: 'l2' }, ['l1', 'l3', 'l4']],
  [{ field: 'id', op: 'in', value: ['l4', 'l1', 'no'] }, ['l1', 'l4']],
  [{ field: 'title', op: 'eq', value: 'red' }, ['l2']],
  [{ field: 'title', op: 'eq', value: 'Red Shoes' }, ['l1']],
  [{ field: 'title', op: 'eq', value: 'Red' }, []],
  [{ field: 'title', op: 'ne', value: 'red' }, ['l1', 'l3', 'l4']],
  [{ field: 'title', op: 'in', value: ['Red Shoes', 'red', 'shoes'] }, ['l1', 'l2']],
  [{ field: 'title', op: 'contains', value: 'RED' }, ['l1', 'l2']],
  [{ field: 'title', op: 'contains', value: 'd sh' }, ['l1']],
  [{ field: 'title', op: 'contains', value: 'GRÖSSE' }, []],
  [{ field: 'title', op: 'contains', value: 'größe 50% &' }, ['l3']],
  [{ field: 'title', op: 'contains', value: '*' }, ['l3']],
  [{ field: 'title', op: 'contains', value: '?' }, []],
  [{ field: 'title', op: 'isNull', value: true }, ['l4']],
  [{ field: 'title', op: 'isNull', value: false }, ['l1', 'l2', 'l3']],
  [{ field: 'status', op: 'eq', value: 'LIVE' }, ['l1']],
  [{ field: 'status', op: 'ne', value: 'LIVE' }, ['l2', 'l3', 'l4']],
  [{ field: 'status', op: 'in', value: ['LIVE', 'ENDED'] }, ['l1', 'l2']],
  [{ field: 'status', op: 'in', value: [] }, []],
  [{ field: 'status', op: 'isNull', value: true }, ['l4']],
  [{ field: 'tags', op: 'contains', value: 'red' }, ['l1']],
  [{ field: 'tags', op: 'contains', value: 'sho' }, []],
  [{ field: 'tags', op: 'isNull', value: true }, ['l3', 'l4']],
  [{ field: 'currentBid', op: 'eq', value: 10 }, ['l1']],
  [{ field: 'currentBid', op: 'ne', value: 10 }, ['l2', 'l3', 'l4']],
  [{ field: 'currentBid', op: 'in', value: [20, 30] }, ['l2']],
  [{ field: 'currentBid', op: 'gt', value: 10 }, ['l2']],
  [{ field: 'currentBid', op: 'gte', value: 10 }, ['l1', 'l2']],
  [{ field: 'currentBid', op: 'lt', value: 20 }, ['l1']],
  [{ field: 'currentBid', op: 'lte', value: 20 }, ['l1', 'l2']],
  [{ field: 'currentBid', op: 'isNull', value: false }, ['l1', 'l2']],
  [{ field: 'popularity', op: 'eq', value: 0.25 }, ['l2']],
  [{ field: 'popularity', op: 'gt', value: 0.3 }, ['l1']],
  [{ field: 'startedAt', op: 'gte', value: 1001 }, ['l2']],
  [{ field: 'startedAt', op: 'isNull', value: true }, ['l3', 'l4']],
  [{ field: 'auctionActive', op: 'eq', value: true }, ['l1']],
  [{ field: 'auctionActive', op: 'eq', value: false }, ['l2']],
  [{ field: 'auctionActive', op: 'ne', value: true }, ['l2', 'l3', 'l4']],
  [{ field: 'auctionActive', op: 'isNull', value: true }, ['l3', 'l4']],
  [{ not: { field: 'currentBid', op: 'gt', value: 10 } }, ['l1', 'l3', 'l4']],
  [{ not: { field: 'status', op: 'ne', value: 'LIVE' } }, ['l1']],
  [{ not: { field: 'currentBid', op: 'isNull', value: true } }, ['l1', 'l2']],
  [{ not: { not: { field: 'status', op: 'eq', value: 'LIVE' } } }, ['l1']],
  [{ and: [] }, ['l1', 'l2', 'l3', 'l4']],
  [{ or: [] }, []],
  [{ not: { or: [] } }, ['l1', 'l2', 'l3', 'l4']],
  [{ and: [{ field: 'title', op: 'contains', value: 'red' }, { not: { field: 'tags', op: 'contains', value: 'red' } }] }, ['l2']],
  [{ or: [{ field: 'currentBid', op: 'gt', value: 15 }, { and: [{ field: 'title', op: 'isNull', value: false }, { field: 'currentBid', op: 'isNull', value: true }] }] },
    ['l2', 'l3']],
]

export function filterContract(make: Make, runs: number): void {
  describe('filters', () => {
    const index = useIndex(make, (made) =>
      made.upsert(Object.entries(sample).map(([id, fields]) => write('livestream', id, fields))))

    for (const [filter, expected] of cases) {
      it(`${JSON.stringify(filter)} holds for ${expected.join(', ') || 'none'}`, async () => {
        const { hits } = await index().query({ kind: 'livestream', filter, limit: 10 })
        assert.deepEqual(idsOf(hits), expected)
        const matches = compileFilter('livestream', filter)
        assert.deepEqual(Object.keys(sample).filter((id) => matches(id, sample[id]!)), expected)
      })
    }

    it('takes 1,000 values in a list', async () => {
      const value = Array.from({ length: 1000 }, (_, n) => (n === 999 ? 'LIVE' : `no-${n}`))
      const { hits } = await index().query({ kind: 'livestream', filter: { field: 'status', op: 'in', value }, limit: 10 })
      assert.deepEqual(idsOf(hits), ['l1'])
    })
  })

  describe('random filters', () => {
    const entities = new Map(fc.sample(arbitraryLivestream, { numRuns: 120, seed: 7 })
      .map((fields, n) => [`r-${String(n).padStart(3, '0')}`, fields] as const))
    const index = useIndex(make, (made) =>
      made.upsert([...entities].map(([id, fields]) => write('livestream', id, fields))))

    it('finds exactly what the meaning of the filter says', async () => {
      await fc.assert(fc.asyncProperty(arbitraryFilter, async (filter) => {
        const expected = [...entities].filter(([id, fields]) => matchesNaively(filter, id, fields)).map(([id]) => id)
        const matches = compileFilter('livestream', filter)
        assert.deepEqual([...entities].filter(([id, fields]) => matches(id, fields)).map(([id]) => id), expected)
        const { hits } = await index().query({ kind: 'livestream', filter, limit: 1000 })
        assert.deepEqual(idsOf(hits), expected)
      }), { numRuns: runs, seed: 11 })
    })
  })
}
