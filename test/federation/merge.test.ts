import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSchema, parse } from 'graphql'
import { mergeObject, type Obj } from '../../federation/merge.ts'
import { supergraphTypes } from '../../federation/schema.ts'
import { operationShape } from '../../federation/shape.ts'

const sdl = 'interface Node { id: ID } type User implements Node { id: ID } type Query { node: Node }'
buildSchema(sdl)
const types = supergraphTypes(parse(sdl))

const merged = (operation: string, ...answers: Obj[]): Obj => {
  const target: Obj = {}
  for (const answer of answers) mergeObject(target, answer, operationShape(parse(operation)), types)
  return target
}

test('what one subgraph knows survives the null of another, whichever comes first', () => {
  const known = { me: { id: '1', list: [{ a: 1 }] } }
  for (const answers of [[known, { me: null }], [{ me: null }, known]]) {
    assert.deepEqual(merged('{ me { id list { a } } }', ...answers), known)
  }
  assert.deepEqual(merged('{ me { id name } }', { me: { id: '1', name: null } }, { me: { id: null, name: 'Ada' } }),
    { me: { id: '1', name: 'Ada' } })
})

test('lists are merged item by item', () => {
  assert.deepEqual(merged('{ all { a b } }', { all: [{ a: 1 }, null, { a: 3 }] }, { all: [{ b: 1 }, null, null] }),
    { all: [{ a: 1, b: 1 }, null, { a: 3 }] })
})

test('an interface\'s name never replaces a concrete one, and is replaced by it', () => {
  const operation = '{ node { __typename kind: __typename } }'
  assert.deepEqual(merged(operation, { node: { __typename: 'User' } }, { node: { __typename: 'Node' } }),
    { node: { __typename: 'User' } })
  assert.deepEqual(merged(operation, { node: { __typename: 'Node' } }, { node: { kind: 'User' } }),
    { node: { __typename: 'User' } })
})

test('a scalar that is an object is taken whole, and nothing of an answer is taken over', () => {
  const first = { me: { settings: { a: 1 } } }
  const target = merged('{ me { settings } }', first, { me: { settings: { b: 2 } } })
  assert.deepEqual(target, { me: { settings: { b: 2 } } })
  assert.deepEqual(first, { me: { settings: { a: 1 } } })
})

test('what is missing stays missing, whatever else came', () => {
  assert.deepEqual(merged('{ me { id name best { id } } }', { me: { id: '1' } }, { me: { name: null } }), { me: { id: '1', name: null } })
  assert.deepEqual(merged('{ me { id name best { id } } }', { me: { id: '1', name: 'Ada', best: { id: '2' } } }), { me: { id: '1', name: 'Ada', best: { id: '2' } } })
})

test('frozen answers are merged, and places that take one answer do not meet', () => {
  const answer = Object.freeze({ me: Object.freeze({ id: '1', best: Object.freeze([Object.freeze({ id: '2' })]) }) })
  const operation = '{ me { id name best { id name } } }'
  const one = merged(operation, answer)
  const other = merged(operation, answer, { me: { name: 'Ada', best: [{ name: 'Ben' }] } })
  assert.deepEqual(one, answer)
  assert.deepEqual(other, { me: { id: '1', name: 'Ada', best: [{ id: '2', name: 'Ben' }] } })
})
