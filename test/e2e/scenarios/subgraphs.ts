import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isObjectType, parse } from 'graphql'
import { buildOwnSubgraph } from '../../../resolvers/compose.ts'
import { subgraphNames } from '../../../resolvers/subgraphs.ts'
import type { Market } from './world.ts'

interface Answer {
  data?: { _service: { sdl: string }; _entities: unknown[] }
  errors?: { message: string }[]
}

export function subgraphScenarios(market: () => Market): void {
  const ask = async (name: string, query: string, variables?: object): Promise<Answer> => {
    const response = await fetch(`${market().freshet.url}/subgraphs/${name}`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query, variables }),
    })
    return await response.json() as Answer
  }
  const entities = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on User { id } ... on Seller { id } ... on Livestream { id } } }'

  for (const name of subgraphNames) {
    test(`${name} says what it serves`, async () => {
      const { data } = await ask(name, '{ _service { sdl } }')
      assert.ok(parse(data?._service.sdl ?? '').definitions.length > 2)
      assert.match(data?._service.sdl ?? '', /@link\(url: "https:\/\/specs\.apollo\.dev\/federation\/v2/)
    })

    const union = buildOwnSubgraph(name).getType('_Entity')
    const types = union && 'getTypes' in union ? union.getTypes().filter(isObjectType).map((type) => type.name) : []
    if (types.length > 0)
      test(`${name} resolves its entities in the order asked for`, async () => {
        const ids: Record<string, string> = { User: 'ada', Seller: 's-toys', Livestream: 'l-02' }
        const representations = types.map((__typename) => ({ __typename, id: ids[__typename] }))
        const selection = entities.replace(/\.\.\. on (\w+) \{ id \}/g, (part, type: string) => (types.includes(type) ? part : ''))
        assert.deepEqual(await ask(name, selection, { representations }), { data: { _entities: representations } })
      })
  }

  test('an entity that does not exist is null', async () => {
    assert.deepEqual(
      await ask('users', 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { name } } }', { r: [{ __typename: 'User', id: 'none' }, { __typename: 'User', id: 'ada' }] }),
      { data: { _entities: [null, { name: 'Ada' }] } },
    )
  })

  test('what is not a subgraph, an operation or a POST is refused', async () => {
    const { freshet } = market()
    const at = (path: string, init: RequestInit) => fetch(`${freshet.url}${path}`, { ...init, headers: { 'content-type': 'application/json' } })
    const statuses = await Promise.all([
      at('/subgraphs/none', { method: 'POST', body: '{}' }), at('/subgraphs/users', { method: 'GET' }),
      at('/subgraphs/users', { method: 'POST', body: 'no JSON' }), at('/subgraphs/users', { method: 'POST', body: '{}' }),
      at('/subgraphs/users', { method: 'POST', body: JSON.stringify({ query: '{ nothing }' }) }),
    ])
    assert.deepEqual(statuses.map(({ status }) => status), [404, 405, 400, 400, 400])
  })
}
