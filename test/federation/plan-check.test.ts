import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { compilePlan } from '../../federation/compile.ts'
import { missingRequirement } from '../../federation/plan-check.ts'
import type { FlattenNodePathSegment, PlanNode, RequiresSelection } from '../../federation/plan.ts'
import { supergraphTypes } from '../../federation/schema.ts'

const types = supergraphTypes(parse(`
  interface I { id: ID! }
  type A implements I { id: ID! x: Int at: P }
  type B implements I { id: ID! x: Int at: P }
  type P { id: ID! name: String }
  type Query { i: I list: [I] }
`))

const root = (operation: string): PlanNode => ({ kind: 'Fetch', serviceName: 'root', operation })

const entities = (
  path: FlattenNodePathSegment[], type: string, fields: (string | RequiresSelection)[], selection: string,
): PlanNode => ({
  kind: 'Flatten',
  path,
  node: {
    kind: 'Fetch',
    serviceName: 'other',
    operation: `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${type} ${selection} } }`,
    requires: [{
      kind: 'InlineFragment', typeCondition: type, selections: fields.map((field) =>
        typeof field === 'string' ? { kind: 'Field', name: field } : field),
    }],
  },
})

const missing = (...nodes: PlanNode[]) => missingRequirement(compilePlan({ kind: 'Sequence', nodes }, types)!, types)

test('a plan that fetches each requirement before it is needed is complete', () => {
  const list = [{ Field: 'list' }, '@'] satisfies FlattenNodePathSegment[]
  assert.equal(missing(
    root('{ list { __typename ... on A { id } ... on I { at { __typename id } } } }'),
    entities([...list, { TypeCondition: ['A'] }], 'A', ['__typename', 'id'], '{ x }'),
    entities([...list, { Field: 'at' }], 'P', ['__typename', 'id'], '{ name }'),
    entities(list, 'A', ['id', 'x', { kind: 'Field', name: 'at', selections: [{ kind: 'Field', name: 'name' }] }], '{ y }'),
  ), undefined)
})

test('a requirement that is fetched for other types only is missing', () => {
  const selection = '{ i { __typename ... on A { id } ... on B { x } } }'
  assert.equal(missing(root(selection), entities([{ Field: 'i' }], 'A', ['id'], '{ x }')), undefined)
  assert.equal(missing(root(selection), entities([{ Field: 'i' }], 'B', ['id'], '{ x }')), 'id')
})

test('a requirement that is fetched later is missing', () => {
  const first = entities([{ Field: 'i' }], 'A', ['id'], '{ x }')
  const second = entities([{ Field: 'i' }], 'A', ['id', 'x'], '{ y }')
  const begin = root('{ i { __typename id } }')
  assert.equal(missing(begin, first, second), undefined)
  assert.equal(missing(begin, second, first), 'x')
})

test('a requirement that is fetched at the same time is missing', () => {
  const [first, beside, second] = [
    entities([{ Field: 'i' }], 'A', ['id'], '{ x }'), entities([{ Field: 'i' }], 'A', ['id'], '{ y }'), entities([{ Field: 'i' }], 'A', ['id', 'x'], '{ z }'),
  ]
  const begin = root('{ i { __typename id } }')
  const parallel = (...nodes: PlanNode[]): PlanNode => ({ kind: 'Parallel', nodes })
  assert.equal(missing(begin, parallel(first, beside), second), undefined)
  assert.equal(missing(begin, parallel(first, second)), 'x')
  assert.equal(missing(begin, parallel(first, { kind: 'Condition', condition: 'yes', ifClause: second })), 'x')
  assert.equal(missing(begin, parallel(beside, { kind: 'Sequence', nodes: [first, second] })), undefined, 'one after another')
})

test('below fields of different types each object needs its own requirement', () => {
  const selection = '{ i { __typename ... on A { at { __typename id } } ... on B { at { __typename } } } }'
  const at = entities([{ Field: 'i' }, { TypeCondition: ['A'] }, { Field: 'at' }], 'P', ['id'], '{ name }')
  assert.equal(missing(root(selection), at), undefined)
  assert.equal(missing(root(selection), entities([{ Field: 'i' }, { Field: 'at' }], 'P', ['id'], '{ name }')), 'id')
})

test('a plan that asks a subgraph by another one\'s key is not complete', () => {
  const keyed = supergraphTypes(parse(`
    enum join__Graph { ROOT @join__graph(name: "root") OTHER @join__graph(name: "other") }
    type A @join__type(graph: ROOT, key: "id") @join__type(graph: OTHER, key: "code at { name }") @join__type(graph: OTHER, key: "x", resolvable: false)
      { id: ID! code: ID! x: Int at: P }
    type P @join__type(graph: ROOT) @join__type(graph: OTHER) { name: String }
    type Query @join__type(graph: ROOT) { a: A }
  `))
  const asked = (...fields: (string | RequiresSelection)[]) => missingRequirement(compilePlan({ kind: 'Sequence', nodes: [
    root('{ a { __typename id code x at { name } } }'), entities([{ Field: 'a' }], 'A', fields, '{ x }'),
  ] }, keyed)!, keyed)
  const at: RequiresSelection = { kind: 'Field', name: 'at', selections: [{ kind: 'Field', name: 'name' }] }
  assert.equal(asked('__typename', 'code', at), undefined)
  assert.equal(asked('__typename', 'x', 'code', at), undefined, 'with what it requires')
  assert.equal(asked('__typename', 'code'), 'at')
  assert.equal(asked('__typename', 'id'), 'code')
  assert.equal(asked('__typename', 'x'), 'code', 'by which it resolves nothing')
})
