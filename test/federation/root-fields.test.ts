import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, print } from 'graphql'
import { publicSchema } from '../../federation/compose.ts'
import { Preparation } from '../../federation/prepare.ts'
import type { Plan } from '../../federation/plans.ts'
import { independentRootFields, joinRootFields, RootFields, Worth } from '../../federation/root-fields.ts'
import { supergraphTypes } from '../../federation/schema.ts'
import { shopSupergraph } from './shop.ts'

const supergraph = shopSupergraph()
const preparation = new Preparation(publicSchema(supergraph), supergraphTypes(parse(supergraph)))

const fieldsOf = (query: string) => {
  const fields = independentRootFields(preparation.operation(parse(query), undefined))
  return fields && Object.fromEntries([...fields].map(([key, { variables, operation }]) =>
    [key, [variables, operation.normalised.text.replace(/\s+/g, ' ')]]))
}

test('takes apart a query of which a part does not depend on all variables, fragments and literals included', () => {
  assert.deepEqual(fieldsOf(`
    query ($n: Int) { ...all users(first: $n) { id } } fragment all on Query { __typename one: user(id: "1") { ...name } }
    fragment name on User { name }`), {
    one: [['_lit_0'], 'query ($_lit_0: ID!) { ... on Query { one: user(id: $_lit_0) { ...name } } } fragment name on User { name }'],
    users: [['n'], 'query ($n: Int) { users(first: $n) { id } }'],
  })
})

test('a root field keeps what the client selects, which the planner gets simplified', () => {
  const { normalised } = preparation.operation(parse('query ($n: Int) { users(first: $n) { id } reviews { id @skip(if: true) } }'), undefined)
  const { operation: { normalised: own } } = independentRootFields({ node: normalised.operation, normalised })!.get('reviews')!
  assert.match(own.text, /id @skip\(if: true\)/)
  assert.match(print(own.forPlanner!).replace(/\s+/g, ' '), /reviews \{ __typename \}/)
})

test('leaves whole what depends on all of its variables, one field, introspection, mutations', () => {
  for (const query of [
    '{ users { id } reviews { id } }', 'query ($n: Int) { a: users(first: $n) { id } b: users(first: $n) { name } }',
    'query ($n: Int) { users(first: $n) { id } }', 'query ($n: Int) { users(first: $n) { id } reviews { id } __schema { description } }',
    'mutation ($id: ID!) { rename(id: $id, name: "x") { id } review(author: "1", text: "y") { id } }',
  ]) assert.equal(fieldsOf(query), undefined, query)
})

test('joins the answers in the order of the keys, with the client\'s keys; a null of one is the null of all', () => {
  const parts = new Map([['_key_b', { data: { b: 1 } }], ['a', { data: { a: null }, errors: [] }]])
  const joined = joinRootFields(['a', 't', '_key_b'], new Map([['_key_b', 'b']]), parts, 'Query')
  assert.equal(JSON.stringify(joined), '{"data":{"a":null,"t":"Query","b":1}}')
  assert.deepEqual(joinRootFields(['a', 'b'], new Map(), new Map([['a', { data: null }], ['b', { data: { b: 1 } }]]), 'Query'), { data: null })
})

test('takes nothing apart until every root field is planned and fit', async () => {
  const operation = preparation.operation(parse('query ($n: Int) { users(first: $n) { id } reviews { id } }'), undefined)
  const plan = {} as Plan
  const planned = Promise.resolve(plan)
  let known = false
  const rootFields = new RootFields(() => known ? plan : planned)
  const prepared = { operation, plan, variables: { n: 3, other: 4 } }
  assert.equal(rootFields.of(prepared, () => true), undefined)
  known = true
  assert.deepEqual([...rootFields.of(prepared, () => true)!].map(([key, { variables }]) => [key, variables]), [
    ['users', { n: 3 }], ['reviews', {}],
  ])
  assert.equal(rootFields.of(prepared, ({ variables }) => 'n' in variables), undefined)
})

test('stops for a while when nothing is under way already', () => {
  const worth = new Worth()
  worth.count(64, 16)
  assert.equal(worth.isGiven, true)
  worth.count(63, 0)
  assert.equal(worth.isGiven, true)
  worth.count(1, 0)
  let paused = 0
  while (!worth.isGiven) paused++
  assert.equal(paused, 1000)
})
