import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, type ExecutionResult, type GraphQLFormattedError } from 'graphql'
import { composeSubgraphs, createEngine, type SubgraphTransport } from '../../federation/index.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])'
const definitions = [
  { name: 'users', typeDefs: `${link} type Query { user: User } type Subscription { joined: User } type User @key(fields: "id") { id: ID! name: String }` },
  { name: 'ratings', typeDefs: `${link} type User @key(fields: "id") { id: ID! rating: Int }` },
]

/** An engine over subgraphs that answer what they are told to. */
function engineOf(answers: Record<string, { data?: object | null; errors?: GraphQLFormattedError[] }>, events?: SubgraphTransport['subscribe']) {
  const asked: GraphQLFormattedError[] = []
  const subgraphs = new Map(definitions.map(({ name }): [string, SubgraphTransport] => [name, {
    execute: () => Promise.resolve(answers[name] as ExecutionResult),
    subscribe: events ?? (() => Promise.reject(new Error('this test has no events'))),
    mask: (error) => {
      asked.push(error)
      return { message: 'masked', ...typeof error.extensions?.code === 'string' && { extensions: { code: error.extensions.code } } }
    },
  }]))
  return { asked, engine: createEngine({ supergraphSdl: composeSubgraphs(definitions).supergraphSdl, subgraphs }) }
}

const user = { data: { user: { __typename: 'User', id: '1', name: 'Ada' } } }
const secret: GraphQLFormattedError = { message: 'connect ECONNREFUSED 10.0.0.7', extensions: { code: 'NOT_NOW', query: 'SELECT' } }

for (const [where, answers] of [
  ['a root field', { users: { data: { user: null }, errors: [{ ...secret, path: ['user'] }] } }],
  ['a whole call', { users: { data: null, errors: [secret] } }],
  ['a field of an entity', { users: user, ratings: { data: { _entities: [{ rating: null }] }, errors: [{ ...secret, path: ['_entities', 0, 'rating'] }] } }],
  ['an entity', { users: user, ratings: { data: { _entities: [null] }, errors: [{ ...secret, path: ['_entities', 0] }] } }],
  ['a call for entities', { users: user, ratings: { data: null, errors: [secret] } }],
] as const)
  test(`what a subgraph reports of ${where} reaches clients as its transport says`, async () => {
    const { engine, asked } = engineOf(answers as never)
    const { errors } = await engine.execute({ document: parse('{ user { name rating } }') })
    assert.ok(errors && errors.length > 0)
    assert.doesNotMatch(JSON.stringify(errors), /ECONNREFUSED|SELECT/)
    for (const { message, path, extensions } of errors) {
      assert.deepEqual([message, extensions.code, path?.[0]], ['masked', 'NOT_NOW', 'user'])
      assert.match(String(extensions.serviceName), /^(users|ratings)$/)
    }
    assert.equal(asked[0]?.message, secret.message)
    await engine.close()
  })

test('so do errors of a subscription that is refused, and of its events', async () => {
  const document = parse('subscription { joined { name } }')
  for (const events of [
    () => Promise.resolve({ errors: [secret] } as unknown as ExecutionResult),
    async () => (async function* () { yield { data: { joined: null }, errors: [{ ...secret, path: ['joined'] }] } as unknown as ExecutionResult })(),
  ]) {
    const { engine } = engineOf({}, events)
    const stream = await engine.subscribe({ document })
    const { errors } = Symbol.asyncIterator in stream ? (await stream.next()).value as ExecutionResult : stream
    assert.deepEqual(errors?.map(({ message, extensions }) => [message, extensions.code]), [['masked', 'NOT_NOW']])
    await engine.close()
  }
})
