import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Filter } from '../../search/filter.ts'
import { compileFilter, fieldsOf, foldFilter, validateFilter } from '../../search/matches.ts'
import { matchesNaively } from './contract/oracle.ts'
import { arbitraryFilter, arbitraryLivestream } from './contract/random.ts'

const live = { field: 'status', op: 'eq', value: 'LIVE' } as const
const cheap = { field: 'currentBid', op: 'lt', value: 10 } as const

describe('the filter', () => {
  it('means what its description says, for any entity', () => {
    fc.assert(fc.property(arbitraryFilter, arbitraryLivestream, fc.constantFrom('r-000', 'x'), (filter, fields, id) => {
      validateFilter('livestream', filter)
      assert.equal(compileFilter('livestream', filter)(id, fields), matchesNaively(filter, id, fields))
    }), { numRuns: 3000 })
  })

  it('means the same without its constants', () => {
    fc.assert(fc.property(arbitraryFilter, arbitraryLivestream, (filter, fields) => {
      const folded = foldFilter(filter)
      const expected = matchesNaively(filter, 'r-000', fields)
      if (typeof folded === 'boolean') assert.equal(folded, expected)
      else {
        assert.equal(matchesNaively(folded, 'r-000', fields), expected)
        assert.ok(!JSON.stringify(folded).includes('[]'))
      }
    }), { numRuns: 3000 })
  })

  it('folds to what is left of it', () => {
    const nobody = { field: 'status', op: 'in', value: [] } as const
    const cases: [Filter, Filter | boolean][] = [
      [{ and: [live, { and: [] }] }, live],
      [{ and: [live, nobody] }, false],
      [{ or: [live, nobody, cheap] }, { or: [live, cheap] }],
      [{ or: [live, { not: nobody }] }, true],
      [{ not: { not: { or: [] } } }, false],
      [live, live],
    ]
    for (const [filter, expected] of cases) assert.deepEqual(foldFilter(filter), expected)
  })

  it('takes an empty list for a missing field, and a value of another type for none', () => {
    const isNull = compileFilter('livestream', { field: 'tags', op: 'isNull', value: true })
    assert.equal(isNull('x', { tags: [] }), true)
    assert.equal(isNull('x', { tags: ['a'] }), false)
  })

  it('names the fields that decide about it', () => {
    assert.deepEqual(fieldsOf({ and: [live, { or: [cheap, { not: { field: 'id', op: 'eq', value: 'x' } }] }, live] }),
      new Set(['status', 'currentBid', 'id']))
  })
})
