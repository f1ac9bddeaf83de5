import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidIndexQueryError, type HybridQuery, type IndexQuery } from '../../../search/entity-index.ts'
import type { Filter } from '../../../search/filter.ts'
import { randomFrom, randomVector, useIndex, write, type Make } from './fixture.ts'

const deep = (levels: number): Filter => (levels === 1 ? { field: 'status', op: 'eq', value: 'LIVE' } : { not: deep(levels - 1) })
const wide = (nodes: number): Filter => ({ or: Array.from({ length: nodes - 1 }, () => ({ field: 'status', op: 'eq', value: 'LIVE' } as const)) })
const wrong = (filter: unknown): Partial<IndexQuery> => ({ filter: filter as Filter })
const hybrid = (change: Partial<Record<keyof HybridQuery, unknown>>): Partial<IndexQuery> =>
  ({ hybrid: { text: 'x', alpha: 0.5, fusion: 'ranked', ...change } as HybridQuery })

/** What is asked, and what the message must name. */
const refused: [string, Partial<IndexQuery>, RegExp][] = [
  ['an unknown field', wrong({ field: 'nope', op: 'eq', value: 'x' }), /livestream\.nope .*expected one of id, sellerId/],
  ['a field of the prototype', wrong({ field: 'constructor', op: 'eq', value: 'x' }), /livestream\.constructor/],
  ['a field that is not filterable', wrong({ field: 'thumbnailUrl', op: 'eq', value: 'x' }), /livestream\.thumbnailUrl cannot be filtered/],
  ['a number for a text', wrong({ field: 'title', op: 'eq', value: 1 }), /livestream\.title eq takes a string/],
  ['a text for a number', wrong({ field: 'popularity', op: 'gt', value: '1' }), /livestream\.popularity gt takes a finite number/],
  ['a fraction for an integer', wrong({ field: 'currentBid', op: 'eq', value: 1.5 }), /livestream\.currentBid eq takes an integer/],
  ['no number', wrong({ field: 'popularity', op: 'eq', value: NaN }), /livestream\.popularity/],
  ['a text for a boolean', wrong({ field: 'auctionActive', op: 'eq', value: 'true' }), /livestream\.auctionActive eq takes true or false/],
  ['a range of booleans', wrong({ field: 'auctionActive', op: 'gt', value: true }), /livestream\.auctionActive is compared by eq, ne, isNull/],
  ['a range of texts', wrong({ field: 'title', op: 'lt', value: 'a' }), /livestream\.title is compared by/],
  ['equality of a list', wrong({ field: 'tags', op: 'eq', value: 'a' }), /livestream\.tags is compared by contains, isNull/],
  ['a part of a keyword', wrong({ field: 'status', op: 'contains', value: 'L' }), /livestream\.status is compared by/],
  ['a missing id', wrong({ field: 'id', op: 'isNull', value: true }), /livestream\.id is compared by eq, ne, in/],
  ['isNull of no boolean', wrong({ field: 'title', op: 'isNull', value: 'yes' }), /livestream\.title isNull takes true or false/],
  ['in of no list', wrong({ field: 'status', op: 'in', value: 'LIVE' }), /livestream\.status in takes a list/],
  ['in of mixed values', wrong({ field: 'status', op: 'in', value: ['LIVE', 1] }), /livestream\.status in takes values that are each a string/],
  ['in of too many values', wrong({ field: 'status', op: 'in', value: Array.from({ length: 1001 }, String) }), /up to 1000 values; got 1001/],
  ['an unknown operator', wrong({ field: 'status', op: 'like', value: 'L' }), /livestream\.status is compared by/],
  ['a filter that is no object', wrong({ and: [null] }), /A filter is an object/],
  ['and of no list', wrong({ and: {} }), /`and` takes a list/],
  ['a filter that is too deep', { filter: deep(11) }, /at most 10 levels/],
  ['a filter that is too large', { filter: wide(101) }, /at most 100 nodes/],
  ['an unknown kind', { kind: 'robot' as 'user' }, /kind is one of user, seller, livestream/],
  ['a limit of 0', { limit: 0 }, /limit is an integer from 1 to 1000; got 0/],
  ['a limit of 1,001', { limit: 1001 }, /limit is an integer from 1 to 1000; got 1001/],
  ['half a limit', { limit: 1.5 }, /limit/],
  ['an ordering by a field that has none', { orderBy: [{ field: 'tags', direction: 'asc' }] }, /livestream\.tags cannot be ordered by: expected one of id, title/],
  ['an unknown direction', { orderBy: [{ field: 'title', direction: 'up' as 'asc' }] }, /direction of title is asc or desc/],
  ['an ordering twice', { orderBy: [{ field: 'title', direction: 'asc' }, { field: 'title', direction: 'desc' }] }, /names title twice/],
  ['an ordering of a hybrid query', { ...hybrid({}), orderBy: [{ field: 'title', direction: 'asc' }] }, /hybrid query is ordered by its score/],
  ['neither text nor vector', hybrid({ text: undefined }), /text, a vector or both/],
  ['an alpha above 1', hybrid({ alpha: 1.1 }), /alpha is a number from 0 to 1; got 1\.1/],
  ['no alpha', hybrid({ alpha: NaN }), /alpha/],
  ['an unknown fusion', hybrid({ fusion: 'rrf' }), /fusion is relativeScore or ranked/],
  ['a text that is too long', hybrid({ text: 'x'.repeat(4097) }), /up to 4096 characters/],
  ['a vector without dimensions', hybrid({ vector: { space: 'space-a', values: new Float32Array(0) } }), /1 to 8192 dimensions/],
  ['a vector with other dimensions', hybrid({ vector: { space: 'space-a', values: new Float32Array(9).fill(1) } }), /space-a have 8 dimensions; got 9/],
  ['a vector that is not finite', hybrid({ vector: { space: 'space-a', values: new Float32Array(8).fill(Infinity) } }), /finite/],
]

export function refusalContract(make: Make): void {
  describe('refuses', () => {
    const index = useIndex(make, (made) =>
      made.upsert([write('livestream', 'one', { title: 'One' }, { 'space-a': randomVector(8, randomFrom(1)) })]))

    for (const [name, query, message] of refused) {
      it(name, async () => {
        await assert.rejects(index().query({ kind: 'livestream', limit: 10, ...query }), (error) => {
          assert.ok(error instanceof InvalidIndexQueryError, String(error))
          assert.equal(error.code, 'INVALID_QUERY')
          assert.match(error.message, message)
          return true
        })
      })
    }

    it('but takes what is just within the limits', async () => {
      await index().query({ kind: 'livestream', limit: 1000, filter: { and: [deep(9), wide(90)] } })
      await index().query({ kind: 'livestream', limit: 1, ...hybrid({ text: 'x '.repeat(2048), alpha: 0 }) })
    })

    it('more than 1,000 ids at once', async () => {
      await assert.rejects(index().getMany('user', Array.from({ length: 1001 }, String)), /up to 1000 ids; got 1001/)
    })

    for (const [name, bad, message] of [
      ['a write to an unknown field', write('livestream', 'bad', { nope: 1 }), /livestream has no field nope/],
      ['a write of another type', write('livestream', 'bad', { title: 1 }), /livestream\.title holds a string/],
      ['a write of a text where a list is kept', write('livestream', 'bad', { tags: 'x' }), /livestream\.tags holds a list of strings/],
      ['a write of a vector with other dimensions', write('livestream', 'bad', {}, { 'space-a': new Float32Array(7) }), /space-a have 8 dimensions; got 7/],
      ['a write of a vector that is not finite', write('livestream', 'bad', {}, { 'space-a': new Float32Array(8).fill(NaN) }), /space-a holds finite numbers; got NaN/],
      ['a write of a vector without dimensions', write('livestream', 'bad', {}, { 'space-b': new Float32Array(0) }), /space-b has 1 to 8192 dimensions; got 0/],
    ] as const) {
      it(`${name}, and makes no other write of that call`, async () => {
        await assert.rejects(index().upsert([write('livestream', 'good', { title: 'Good' }), bad]), (error) => {
          assert.ok(error instanceof InvalidIndexQueryError, String(error))
          assert.match(error.message, message)
          return true
        })
        assert.deepEqual(await index().getMany('livestream', ['good', 'bad']), [null, null])
      })
    }
  })
}
