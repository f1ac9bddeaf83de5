import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { DateTime } from '../../resolvers/scalars.ts'

describe('DateTime', () => {
  test('takes moments as RFC 3339 has them, a leap second included', () => {
    assert.equal(DateTime.parseValue('2026-01-31T18:00:00Z'), Date.UTC(2026, 0, 31, 18))
    assert.equal(DateTime.parseValue('2024-02-29t18:00:00.25+01:30'), Date.UTC(2024, 1, 29, 16, 30, 0, 250))
    assert.equal(DateTime.parseValue('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1))
  })

  test('refuses what is none, such as a day that the month does not have, instead of taking it for another one', () => {
    for (const text of ['2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-31T18:00:00', '2026-01-31', 'yesterday', '', 5, null])
      assert.throws(() => DateTime.parseValue(text), (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'BAD_USER_INPUT', String(text))
  })
})
