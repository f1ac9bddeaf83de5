import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AnyFields, FieldValue } from '../../../search/entities.ts'
import type { Filter } from '../../../search/filter.ts'
import { InvalidCursorError, type IndexQuery, type Ordering } from '../../../search/entity-index.ts'
import { idsOf, pageThrough, useIndex, write, type Make } from './fixture.ts'
import { arbitraryLivestream } from './random.ts'

const entities = new Map<string, AnyFields>(fc.sample(arbitraryLivestream, { numRuns: 90, seed: 3 })
  // Ids in no order of insertion.
  .map((fields, n) => [`o-${String((n * 37) % 90).padStart(2, '0')}`, fields] as const))

const orderable = ['id', 'title', 'status', 'currentBid', 'viewersNow', 'popularity', 'startedAt'] as const
const arbitraryOrdering: fc.Arbitrary<Ordering[]> = fc.uniqueArray(
  fc.record({ field: fc.constantFrom(...orderable), direction: fc.constantFrom('asc', 'desc') }),
  { minLength: 1, maxLength: 3, selector: ({ field }) => field })

const valueOf = (id: string, field: string): FieldValue | undefined => (field === 'id' ? id : entities.get(id)![field])

function sorted(orderBy: readonly Ordering[]): string[] {
  return [...entities.keys()].sort((a, b) => {
    for (const { field, direction } of [...orderBy, { field: 'id', direction: 'asc' }]) {
      const [x, y] = [valueOf(a, field), valueOf(b, field)]
      if (x === y) continue
      if (x === undefined || y === undefined) return x === undefined ? 1 : -1
      return (x < y ? -1 : 1) * (direction === 'asc' ? 1 : -1)
    }
    return 0
  })
}

export function listingContract(make: Make, runs: number): void {
  describe('listings', () => {
    const index = useIndex(make, (made) => made.upsert([...entities].map(([id, fields]) => write('livestream', id, fields))))
    const listing = (query: Partial<IndexQuery> = {}): IndexQuery => ({ kind: 'livestream', limit: 1000, ...query })

    it('come by id where no ordering is given, with a score of 0 and no parts', async () => {
      const { hits, hasNextPage } = await index().query(listing())
      assert.deepEqual(idsOf(hits), [...entities.keys()].sort())
      assert.equal(hasNextPage, false)
      assert.ok(hits.every(({ score, parts }) => score === 0 && parts === undefined))
    })

    for (const field of orderable) {
      for (const direction of ['asc', 'desc'] as const) {
        it(`order by ${field} ${direction}, missing values last, ties by id`, async () => {
          const { hits } = await index().query(listing({ orderBy: [{ field, direction }] }))
          assert.deepEqual(idsOf(hits), sorted([{ field, direction }]))
        })
      }
    }

    it('page through everything without repeat or gap, in any ordering and by any page size', async () => {
      await fc.assert(fc.asyncProperty(arbitraryOrdering, fc.integer({ min: 7, max: 100 }), async (orderBy, limit) => {
        assert.deepEqual(idsOf(await pageThrough(index(), listing({ orderBy, limit }))), sorted(orderBy))
      }), { numRuns: Math.ceil(runs / 10), seed: 5 })
    })

    it('page within a filter', async () => {
      const filter = { field: 'auctionActive', op: 'eq', value: true } as const
      const expected = sorted([{ field: 'popularity', direction: 'desc' }]).filter((id) => entities.get(id)!.auctionActive === true)
      const hits = await pageThrough(index(), listing({ filter, limit: 4, orderBy: [{ field: 'popularity', direction: 'desc' }] }))
      assert.deepEqual(idsOf(hits), expected)
    })

    it('order all that a range holds for before they are cut into pages', async () => {
      const orderBy = [{ field: 'id', direction: 'desc' }] as const
      for (const [filter, holds] of [
        [{ field: 'currentBid', op: 'gte', value: 1 }, ({ currentBid }) => Number(currentBid) >= 1],
        [{ field: 'title', op: 'contains', value: 'R' }, ({ title }) => typeof title === 'string' && title.toLowerCase().includes('r')],
      ] as [Filter, (fields: AnyFields) => boolean][]) {
        const { hits } = await index().query(listing({ filter, orderBy, limit: 3 }))
        assert.deepEqual(idsOf(hits), sorted(orderBy).filter((id) => holds(entities.get(id)!)).slice(0, 3))
      }
    })

    it('say whether another page follows, exactly', async () => {
      const size = entities.size
      assert.equal((await index().query(listing({ limit: size }))).hasNextPage, false)
      const page = await index().query(listing({ limit: size - 1 }))
      assert.equal(page.hasNextPage, true)
      const rest = await index().query(listing({ limit: 1, after: page.hits.at(-1)!.cursor }))
      assert.equal(rest.hits.length, 1)
      assert.equal(rest.hasNextPage, false)
      const beyond = await index().query(listing({ limit: 1, after: rest.hits[0]!.cursor }))
      assert.deepEqual(beyond, { hits: [], hasNextPage: false })
    })

    it('go on from the cursor of any hit, with another page size too', async () => {
      const orderBy = [{ field: 'currentBid', direction: 'desc' }] as const
      const { hits } = await index().query(listing({ orderBy, limit: 20 }))
      const next = await index().query(listing({ orderBy, limit: 5, after: hits[11]!.cursor }))
      assert.deepEqual(idsOf(next.hits), sorted(orderBy).slice(12, 17))
    })

    it('refuse a cursor of another query', async () => {
      const orderBy = [{ field: 'currentBid', direction: 'desc' }] as const
      const after = (await index().query(listing({ orderBy, limit: 3 }))).hits[2]!.cursor
      const others: IndexQuery[] = [
        listing({ after }),
        listing({ after, orderBy: [{ field: 'currentBid', direction: 'asc' }] }),
        listing({ after, orderBy, filter: { field: 'status', op: 'eq', value: 'LIVE' } }),
        listing({ after, kind: 'seller' }),
        listing({ after, hybrid: { text: 'red', alpha: 0, fusion: 'ranked' } }),
        listing({ orderBy, after: '' }),
        listing({ orderBy, after: 'no cursor' }),
        listing({ orderBy, after: `${after.slice(0, -4)}AAAA` }),
        listing({ orderBy, after: Buffer.from('[1]').toString('base64url') }),
      ]
      for (const query of others) {
        await assert.rejects(index().query(query), (error) => error instanceof InvalidCursorError && error.code === 'INVALID_CURSOR',
          JSON.stringify(query))
      }
    })

    it('keep their place while others are written', async () => {
      const query: IndexQuery = { kind: 'user', limit: 4, orderBy: [{ field: 'registeredAt', direction: 'asc' }] }
      const ids = Array.from({ length: 12 }, (_, n) => `p-${String(n).padStart(2, '0')}`)
      await index().upsert(ids.map((id, n) => write('user', id, { name: id, registeredAt: 1000 + n * 10 })))
      const first = await index().query(query)
      await index().upsert([
        write('user', 'before', { name: 'before', registeredAt: 1005 }),
        write('user', 'behind', { name: 'behind', registeredAt: 1065 }),
      ])
      await index().delete([{ kind: 'user', id: ids[3]! }])
      const rest: string[] = []
      for (let after = first.hits.at(-1)!.cursor; ;) {
        const page = await index().query({ ...query, after })
        rest.push(...idsOf(page.hits))
        if (!page.hasNextPage) break
        after = page.hits.at(-1)!.cursor
      }
      assert.deepEqual([...idsOf(first.hits), ...rest], [...ids.slice(0, 7), 'behind', ...ids.slice(7)])
    })
  })
}
