import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@requires", "@external", "@interfaceObject"])'

const parts = {
  a: {
    typeDefs: `${link} interface Thing @key(fields: "id") { id: ID! name: String } type Query { things: [Thing] }
      type Book implements Thing @key(fields: "id") { id: ID! name: String }`,
    resolvers: {
      Thing: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'Book', id }) },
      Book: { name: ({ id }: { id: string }) => `book ${id}` },
    },
  },
  b: {
    typeDefs: `${link} type Query { all: [Thing] } type Thing @key(fields: "id") @interfaceObject {
      id: ID! name: String @external label: String @requires(fields: "name")
    }`,
    resolvers: {
      Query: { all: () => [{ id: '1' }] },
      Thing: { label: ({ name }: { name?: string }) => `the ${String(name)}` },
    },
  },
}
const subgraphs = Object.entries(parts).map(([name, { typeDefs }]) => ({ name, typeDefs }))

test('what an interface object only requires is asked of the interface\'s own subgraph', async () => {
  for (const planner of ['native', 'own'] as const) {
    const engine = createEngine({
      planner,
      supergraphSdl: composeSubgraphs(subgraphs).supergraphSdl,
      subgraphs: new Map(Object.entries(parts).map(([name, part]) => [name, inProcessSubgraph({ schema: buildSubgraph(part) })])),
    })
    const { data, errors } = await engine.execute({ document: parse('{ all { label name ... on Book { id } } }') })
    assert.equal(errors, undefined)
    assert.deepEqual(JSON.parse(JSON.stringify(data)), { all: [{ label: 'the book 1', name: 'book 1', id: '1' }] })
    await engine.close()
  }
})

test('a supergraph without such a field is left as it is', () => {
  const { supergraphSdl } = composeSubgraphs(subgraphs)
  assert.match(supergraphSdl, /name: String @join__field\(graph: A\) @join__field\(graph: B, external: true\)/)
  const plain = composeSubgraphs(subgraphs.slice(0, 1)).supergraphSdl
  assert.doesNotMatch(plain, /external: true/)
})
