import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'
import { newShop, shopEngine } from './shop.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@requires", "@external"])'

/** Two keys where a requirement is computed: enough to end the native planner (0.0.38). */
const fatal = () => {
  const sdls = {
    a: `${link} type Query { thing: T } type T @key(fields: "id") { id: ID! }`,
    b: `${link} type T @key(fields: "id") { id: ID! x: Int }`,
    c: `${link} type T @key(fields: "id") @key(fields: "code") { id: ID! code: String! x: Int @external y: Int @requires(fields: "x") }`,
  }
  return createEngine({
    supergraphSdl: composeSubgraphs(Object.entries(sdls).map(([name, typeDefs]) => ({ name, typeDefs }))).supergraphSdl,
    subgraphs: new Map(Object.entries(sdls).map(([name, typeDefs]) => [name, inProcessSubgraph({ schema: buildSubgraph({ typeDefs }) })])),
  })
}

test('an operation that ends the planner is an error, and those beside it are planned', async () => {
  const engine = fatal()
  const shop = shopEngine(newShop())
  const run = (query: string) => engine.execute({ document: parse(query) })
  const results = await Promise.all([
    run('{ thing { id } }'),
    run('{ thing { y } }'),
    run('{ thing { code } }'),
    shop.execute({ document: parse('{ users { score } }') }),
    run('{ thing { y id } }'),
  ])
  assert.deepEqual(results.map(({ data, errors }) => errors?.map(({ extensions }) => extensions.code) ?? Object.keys(data ?? {})), [
    ['thing'], ['QUERY_PLANNING_FAILED'], ['thing'], ['users'], ['QUERY_PLANNING_FAILED'],
  ])
  assert.match(String(results[1]?.errors?.[0]?.originalError?.message), /^The planner ended while it planned this operation/)
  // Known by now: the planner is not asked, and does not end, again.
  const { misses } = engine.stats()
  assert.equal((await run('query Again { thing { y } }')).errors?.[0]?.extensions.code, 'QUERY_PLANNING_FAILED')
  assert.equal(engine.stats().misses, misses)
  await Promise.all([engine.close(), shop.close()])
})

test('a closed engine plans no more, and says so', async () => {
  const engine = shopEngine(newShop())
  await engine.close()
  const { errors } = await engine.execute({ document: parse('{ users { id } }') })
  assert.match(String(errors?.[0]?.originalError?.message), /^The engine is closed/)
})
