import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectiveLocation, GraphQLDirective, GraphQLInt, parse, validate } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'

const mine = new GraphQLDirective({ name: 'mine', locations: [DirectiveLocation.QUERY], args: { n: { type: GraphQLInt } } })
const typeDefs = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { a(x: Int): Int, b: Int }`

test('directives that the caller executes are valid, and change neither plan nor answer', async () => {
  const { supergraphSdl } = composeSubgraphs([{ name: 'one', typeDefs }])
  const schema = buildSubgraph({ typeDefs, resolvers: { Query: { a: (_: unknown, { x }: { x: number }) => x, b: () => 2 } } })
  const engine = createEngine({ supergraphSdl, directives: [mine], subgraphs: new Map([['one', inProcessSubgraph({ schema })]]) })
  try {
    for (const text of ['query ($n: Int, $x: Int) @mine(n: $n) { a(x: $x) b }', 'query ($x: Int) { a(x: $x) b }', 'query ($x: Int) @mine(n: 3) { ...Part } fragment Part on Query { a(x: $x) b }']) {
      const document = parse(text)
      assert.deepEqual(validate(engine.schema, document), [])
      assert.deepEqual(await engine.execute({ document, variables: { n: 4, x: 3 } }), { data: { a: 3, b: 2 } })
    }
    const { hits, misses } = engine.stats()
    assert.deepEqual({ hits, misses }, { hits: 1, misses: 2 })
    assert.equal(validate(engine.schema, parse('query @unknown { b }')).length, 1)
  } finally {
    await engine.close()
  }
})
