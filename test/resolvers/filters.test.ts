import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bothFilters, toFilter, toLiveFilter } from '../../resolvers/filters.ts'
import type { AnyFields } from '../../search/entities.ts'
import { compileFilter } from '../../search/matches.ts'
import { arbitraryLivestream } from '../search/contract/random.ts'

/** What a GraphQL filter input means, said without the filter tree. */
function holds(input: Input, id: string, fields: AnyFields): boolean {
  return Object.entries(input).every(([name, value]) => {
    if (value === null || value === undefined) return true
    if (name === 'and') return (value as Input[]).every((part) => holds(part, id, fields))
    if (name === 'or') return (value as Input[]).some((part) => holds(part, id, fields))
    if (name === 'not') return !holds(value as Input, id, fields)
    const held = name === 'id' ? id : fields[name]
    return Object.entries(value as Record<string, unknown>).every(([op, operand]) => operand === null || operand === undefined || compares(op, held, operand))
  })
}

function compares(op: string, held: unknown, operand: unknown): boolean {
  const [a, b] = [held as number, operand as number]
  switch (op) {
    case 'eq': return held === operand
    case 'ne': return held !== operand
    case 'in': return (operand as unknown[]).includes(held)
    case 'gt': return held !== undefined && a > b
    case 'gte': return held !== undefined && a >= b
    case 'lt': return held !== undefined && a < b
    case 'lte': return held !== undefined && a <= b
    case 'isNull': return (held === undefined) === operand
    case 'contains': return Array.isArray(held) ? held.includes(operand) : typeof held === 'string' && held.toLowerCase().includes(String(operand).toLowerCase())
  }
  throw new Error(`no such comparator: ${op}`)
}

type Input = { [name: string]: unknown }

const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 8 })
const some = (comparators: Record<string, fc.Arbitrary<unknown>>) => fc.record(Object.fromEntries(Object.entries(comparators).map(([op, value]) => [op, nullable(value)])), { requiredKeys: [] })
const ranged = (value: fc.Arbitrary<number>) => some({ eq: value, ne: value, gt: value, gte: value, lt: value, lte: value, isNull: fc.boolean() })
const status = fc.constantFrom('LIVE', 'ENDED', 'SCHEDULED')
const title = fc.constantFrom('Red Shoes', 'red', 'Blue', 'größe', 'The End')

const fields = {
  id: some({ eq: fc.constantFrom('a', 'b'), ne: fc.constantFrom('a', 'b'), in: fc.subarray(['a', 'b']) }),
  title: some({ eq: title, ne: title, in: fc.array(title, { maxLength: 2 }), contains: fc.constantFrom('r', 'RED', 'öß'), isNull: fc.boolean() }),
  status: some({ eq: status, ne: status, in: fc.array(status, { maxLength: 2 }), isNull: fc.boolean() }),
  tags: some({ contains: fc.constantFrom('red', 'shoes'), isNull: fc.boolean() }),
  currentBid: ranged(fc.constantFrom(0, 1, 2, 5)),
  popularity: ranged(fc.constantFrom(0, 0.1, 3)),
  auctionActive: some({ eq: fc.boolean(), ne: fc.boolean(), isNull: fc.boolean() }),
}

/** One or two fields, so that a conjunction is not nearly always false. */
const someFields = fc.subarray(Object.keys(fields) as (keyof typeof fields)[], { maxLength: 2 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, fields[name]]))) as fc.Arbitrary<Input>)

const inputs: fc.Arbitrary<Input> = fc.letrec<{ input: Input }>((tie) => {
  const list = nullable(fc.array(tie('input'), { maxLength: 3 }))
  return {
    input: fc.oneof({ maxDepth: 3 },
      someFields,
      fc.record({ or: list }),
      fc.record({ and: list }),
      fc.record({ not: nullable(tie('input')) }),
      fc.tuple(someFields, fc.record({ and: list, or: list, not: nullable(tie('input')) }, { requiredKeys: [] })).map(([a, b]): Input => ({ ...a, ...b }))),
  }
}).input

describe('filter inputs', () => {
  test('mean what they say, as the index understands them', () => {
    fc.assert(fc.property(inputs, fc.constantFrom('a', 'b', 'c'), arbitraryLivestream, (input, id, livestream) => {
      const filter = toFilter(input)
      assert.equal(filter === undefined || compileFilter('livestream', filter)(id, livestream), holds(input, id, livestream))
    }), { numRuns: 2_000 })
  })

  test('that say nothing are none', () => {
    for (const input of [undefined, null, {}, { title: null }, { title: {} }, { title: { eq: null } }]) assert.equal(toFilter(input), undefined)
  })

  test('both of two hold', () => {
    const [a, b] = [toFilter({ id: { eq: 'a' } }), toFilter({ id: { eq: 'b' } })]
    assert.deepEqual([bothFilters(a, undefined), bothFilters(undefined, b), bothFilters(undefined, undefined), bothFilters(a, b)], [a, b, undefined, { and: [a, b] }])
  })

  test('of subscriptions are judged before they begin', () => {
    assert.deepEqual(toLiveFilter('livestream', { id: { eq: 'a' } }), { field: 'id', op: 'eq', value: 'a' })
    assert.equal(toLiveFilter('livestream', {}), undefined)
    const many = { or: Array.from({ length: 100 }, () => ({ id: { eq: 'a' } })) }
    assert.throws(() => toLiveFilter('livestream', many), { message: /at most 100 nodes/, extensions: { code: 'LIMIT_EXCEEDED', limit: 'filterNodes' } })
    assert.throws(() => toLiveFilter('livestream', { title: { gt: 'a' } }), { message: /livestream\.title is compared by/, extensions: { code: 'BAD_USER_INPUT' } })
  })
})
