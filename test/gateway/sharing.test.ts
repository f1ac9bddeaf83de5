import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { buildSubgraph, composeSubgraphs, createEngine, type Engine, type EngineRequest } from '../../federation/index.ts'
import { encodeToken } from '../../resolvers/events/token.ts'
import type { Scope } from '../../resolvers/scope.ts'
import { GatedSubgraph } from '../federation/gated.ts'
import { openDoor, typeDefs, type OpenDoor } from './door.ts'

/** An engine over a subgraph that stands for a remote one, and how many requests have come to it. */
function remoteEngine() {
  let counted = 0
  const small = new GatedSubgraph(buildSubgraph({ typeDefs, resolvers: {
    Query: { hello: (_: unknown, __: unknown, headers: Record<string, string>) => headers['x-person'] ?? 'nobody' },
    Mutation: { count: () => ++counted },
  } }))
  small.forwarded = (headers = {}): Record<string, string> => Object.fromEntries(Object.entries(headers).filter(([name]) => name === 'x-person'))
  const { supergraphSdl } = composeSubgraphs([{ name: 'small', url: 'http://localhost/small', typeDefs }])
  const engine = createEngine({ supergraphSdl, subgraphs: new Map([['small', small]]) })
  const arrived: EngineRequest[] = []
  const counting: Engine = { ...engine, execute: (request) => {
    arrived.push(request)
    return engine.execute(request)
  } }
  /** All have come, and gone on as far as they can. */
  const come = async (count: number): Promise<void> => {
    while (arrived.length < count) await turn()
    for (let turns = 0; turns < 20; turns++) await turn()
  }
  return { small, engine: counting, come }
}

const person = (subject: string, tenant = 'shop', roles: readonly string[] = []): Scope => ({ tenant, subject, roles })

/** What the requests are answered, and by how many calls. All are under way at the same time. */
async function together(
  { small, come }: ReturnType<typeof remoteEngine>, asks: readonly { door: OpenDoor; query?: string; headers?: Record<string, string> }[],
): Promise<{ answers: unknown[]; calls: number }> {
  // Planned beforehand: a plan is made by another process.
  small.open()
  const queries = new Set(asks.map(({ query = '{ hello }' }) => query))
  for (const query of queries) await asks[0]!.door.ask(query)
  small.hold().requests.length = 0
  const answers = asks.map(({ door, query = '{ hello }', headers }) => door.ask(query, undefined, headers))
  await come(queries.size + asks.length)
  const calls = small.requests.length
  small.open()
  return { answers: (await Promise.all(answers)).map(({ body }) => body.data), calls }
}

describe('requests under way', { timeout: 60_000 }, () => {
  test('share remote calls within a scope, and never with another', async () => {
    const remote = remoteEngine()
    const scopes = [person('ada'), person('bob'), person('ada', 'other'), person('ada', 'shop', ['admin']), person('', 'shop,ada')]
    const doors = await Promise.all(scopes.map((scope) => openDoor({ engine: remote.engine, scope })))
    try {
      const { answers, calls } = await together(remote, doors.flatMap((door) => [{ door }, { door }, { door }]))
      assert.equal(calls, scopes.length)
      assert.deepEqual(answers, Array(15).fill({ hello: 'nobody' }))
    } finally {
      for (const door of doors) await door[Symbol.asyncDispose]()
    }
  })

  test('share them only where the headers that the subgraph gets are equal', async () => {
    const remote = remoteEngine()
    await using door = await openDoor({ engine: remote.engine })
    const headers = [{ 'x-person': 'ada' }, { 'x-person': 'bob' }, { 'x-person': 'ada' }]
    const { answers, calls } = await together(remote, headers.map((each) => ({ door, headers: each })))
    assert.equal(calls, 2)
    assert.deepEqual(answers, [{ hello: 'ada' }, { hello: 'bob' }, { hello: 'ada' }])
  })

  test('are joined by none that brings a token', async () => {
    const remote = remoteEngine()
    await using door = await openDoor({ engine: remote.engine })
    const headers = { 'freshet-token': encodeToken([], 'log') }
    const { calls } = await together(remote, [{ door }, { door }, { door, headers }, { door, headers }])
    assert.equal(calls, 3)
  })

  test('are joined by no mutation', async () => {
    const remote = remoteEngine()
    await using door = await openDoor({ engine: remote.engine })
    const query = 'mutation { count }'
    const { answers, calls } = await together(remote, [{ door }, { door, query }, { door, query }])
    assert.equal(calls, 3)
    assert.deepEqual(answers.slice(1).map((data) => (data as { count: number }).count).sort(), [2, 3])
  })
})
