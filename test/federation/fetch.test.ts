import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import type { EntityFetch } from '../../federation/compile.ts'
import { ErrorLog } from '../../federation/errors.ts'
import { fetchEntities, type Execution } from '../../federation/fetch.ts'
import { supergraphTypes } from '../../federation/schema.ts'
import type { SubgraphTransport } from '../../federation/types.ts'

test('an error of an entity is told at each of its places, under the key that the client selects', () => {
  const step: EntityFetch = {
    kind: 'entities',
    call: { service: 'users', text: '', id: '', document: parse('{ a }'), operation: 'query', variables: [] },
    groups: [{
      responseKey: '_entities', variable: 'representations', paths: [[{ field: 'users' }, 'item']], inputRewrites: [], id: '', cacheKey: undefined, sources: [],
      requires: [{ kind: 'InlineFragment', typeCondition: 'User', selections: ['__typename', 'id'].map((name) => ({ kind: 'Field' as const, name })) }],
      shape: [{ key: '_internal_qp_alias_0', into: 'name', child: undefined, typename: false }],
      aliases: new Map([['_internal_qp_alias_0', 'name']]),
    }],
  }
  const transport: SubgraphTransport = {
    execute: ({ variables }) => ({
      data: { _entities: (variables?.representations as object[]).map(() => ({ _internal_qp_alias_0: null })) },
      errors: [{ message: 'no', path: ['_entities', 0, '_internal_qp_alias_0', 'inner'] } as never],
    }),
    subscribe: () => Promise.reject(new Error('not here')),
  }
  const user = (id: string) => ({ __typename: 'User', id })
  const execution: Execution = {
    subgraphs: new Map([['users', transport]]), types: supergraphTypes(parse('type User { id: ID name: String } type Query { users: [User] }')),
    variables: {}, rootKeys: () => [], context: undefined, headers: undefined, signal: undefined,
    data: { users: [user('1'), user('2'), user('1')] }, errors: new ErrorLog(), entities: undefined, calls: undefined, gone: new Set(),
  }
  assert.equal(fetchEntities(step, execution), undefined, 'at once, as the answer is')
  assert.deepEqual(execution.errors.list.map(({ path }) => path?.join('.')), ['users.0.name.inner', 'users.2.name.inner'])
  assert.deepEqual(execution.data.users, ['1', '2', '1'].map((id) => ({ ...user(id), name: null })))
})
