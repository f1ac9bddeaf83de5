import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExecutionResult } from 'graphql'
import type { EntityGroup } from '../../federation/compile.ts'
import { readEntities } from '../../federation/entity-answers.ts'
import { UnusableAnswer } from '../../federation/errors.ts'

const group = { responseKey: 'e' } as EntityGroup
const read = (result: object, count = 2) => readEntities(result as ExecutionResult, group, count)
const no = (path?: (string | number)[]) => ({ message: 'no', path })

test('errors go to their entities; those that name none are everybody\'s', () => {
  const errors = [no(['e', 1, 'name']), no(), no(['e']), no(['other', 0])]
  assert.deepEqual(read({ data: { e: [{ a: 1 }, null] }, errors }), {
    general: [no(), no(['e'])],
    answers: [{ value: { a: 1 }, errors: [] }, { value: null, errors: [{ error: no(['e', 1, 'name']), path: ['name'] }] }],
  })
})

test('without entities the errors of single ones are everybody\'s', () => {
  assert.deepEqual(read({ data: null, errors: [no(['e', 1])] }), { general: [no(['e', 1])], answers: undefined })
  assert.deepEqual(read({ data: { e: [null] }, errors: [no()] }), { general: [no()], answers: undefined })
})

test('too few entities without an error are no answer', () => {
  for (const [result, given] of [[{ data: { e: [1] } }, '1 entities'], [{ data: {} }, 'no entities']] as const) {
    const outcome = read(result)
    assert.ok('cause' in outcome && outcome.cause instanceof UnusableAnswer)
    assert.equal(outcome.cause.message, `answered with ${given} where 2 were asked for`)
  }
})
