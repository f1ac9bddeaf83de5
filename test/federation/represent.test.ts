import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import type { EntityGroup, Path } from '../../federation/compile.ts'
import type { Obj } from '../../federation/merge.ts'
import type { RequiresSelection } from '../../federation/plan.ts'
import { pathOf, placesOf, represent } from '../../federation/represent.ts'
import { supergraphTypes } from '../../federation/schema.ts'

const types = supergraphTypes(parse(`
  interface Node { id: ID } type User implements Node { id: ID org: Org } type Bot implements Node { id: ID } type Org { name: String }
  type Query { nodes: [[Node]] }
`))

const field = (name: string, selections?: RequiresSelection[]): RequiresSelection => ({ kind: 'Field', name, selections })
const on = (typeCondition: string, ...selections: RequiresSelection[]): RequiresSelection =>
  ({ kind: 'InlineFragment', typeCondition, selections: [field('__typename'), ...selections] })

const represented = (data: Obj, path: Path, ...requires: RequiresSelection[]) => {
  const group: EntityGroup = {
    responseKey: '_entities', variable: 'representations', paths: [path], requires, inputRewrites: [], shape: [],
    aliases: new Map(), id: '', cacheKey: undefined, sources: [],
  }
  const { values, objects, incomplete } = represent(group, data, types, {})
  const write = (list: Obj[]) => placesOf(list, group, data, types).map(({ path: trail }) => pathOf(trail).join('.'))
  return { values, places: objects.map(write), incomplete: write(incomplete) }
}

test('finds entities in lists of lists, equal ones once, and remembers their places', () => {
  const user = (id: string) => ({ __typename: 'User', id })
  const data = { nodes: [[user('1'), null, user('2')], null, [{ __typename: 'Bot', id: '1' }, user('1')]] }
  for (const path of [[{ field: 'nodes' }, 'item'], [{ field: 'nodes' }, 'item', 'item', { types: ['User', 'Bot'] }]] satisfies Path[]) {
    assert.deepEqual(represented(data, path, on('User', field('id'))), {
      values: [user('1'), user('2')], places: [['nodes.0.0', 'nodes.2.1'], ['nodes.0.2']], incomplete: [],
    })
  }
})

test('an entity without any key cannot be asked for; one with a part of them can', () => {
  const data = { nodes: [{ __typename: 'User', id: null, org: null }, { __typename: 'User', id: null, org: { name: 'x' } }] }
  assert.deepEqual(represented(data, [{ field: 'nodes' }, 'item'], on('User', field('id'), field('org', [field('name')]))), {
    values: [{ __typename: 'User', id: null, org: { name: 'x' } }], places: [['nodes.1']], incomplete: [],
  })
})

test('an entity that lacks what it is asked by is told apart', () => {
  const data = { nodes: [{ __typename: 'User', id: '1', org: {} }, { __typename: 'User', id: '2', org: { name: null } }] }
  assert.deepEqual(represented(data, [{ field: 'nodes' }, 'item'], on('Node', field('id'), field('org', [field('name')]))), {
    values: [{ __typename: 'User', id: '2', org: { name: null } }], places: [['nodes.1']], incomplete: ['nodes.0'],
  })
})

test('values that look alike in text stay apart', () => {
  const data = { nodes: ['1', 1, '1"1', null, 'null'].map((id) => ({ __typename: 'User', id, org: { name: id } })) }
  const { values } = represented(data, [{ field: 'nodes' }, 'item'], on('User', field('id'), field('org', [field('name')])))
  assert.equal(values.length, 5)
})

test('values of a single key that look alike in text stay apart, and equal ones do not', () => {
  const ids = ['1', 1, '\0' + '1', '\0"\0' + '1', '"1"', true, 'true', '1', 1, '\0' + '1', true]
  const { values, places } = represented({ nodes: ids.map((id) => ({ __typename: 'User', id })) }, [{ field: 'nodes' }, 'item'], on('User', field('id')))
  assert.deepEqual(values.map(({ id }) => id), [...new Set(ids)])
  assert.deepEqual(places.map((all) => all.length), [2, 2, 2, 1, 1, 2, 1])
})

test('entities of one type by plain keys are told from those of others and from those that lack something', () => {
  const nodes = [
    { __typename: 'User', id: '1' }, { __typename: 'Bot', id: '1' }, { __typename: 'User', id: null }, { __typename: 'User' }, { id: '1' },
    { __typename: null, id: '1' },
  ]
  assert.deepEqual(represented({ nodes }, [{ field: 'nodes' }, 'item'], on('User', field('id'))), {
    values: [{ __typename: 'User', id: '1' }], places: [['nodes.0']], incomplete: ['nodes.3', 'nodes.4'],
  })
  const two = nodes.map((node) => ({ ...node, name: null }))
  assert.deepEqual(represented({ nodes: two }, [{ field: 'nodes' }, 'item'], on('User', field('id'), field('name'))).values, [{ __typename: 'User', id: '1', name: null }])
})
