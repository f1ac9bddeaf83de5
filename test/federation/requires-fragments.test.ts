import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable", "@external", "@requires"])'
const shapes = `interface Foo { foo: String! } interface Bar implements Foo { foo: String! bar: String! }
  type Baz implements Foo & Bar @shareable { foo: String! bar: String! baz: String! } type Qux implements Foo & Bar @shareable { foo: String! bar: String! qux: String! }
  type Zap implements Foo @shareable { foo: String! }`

interface Data { [name: string]: string }

/** One subgraph has the data, the other one says what it was told of them. */
const subgraphs = (requires: string) => ({
  a: {
    typeDefs: `${link} ${shapes} type Query { all: [Entity!]! } type Entity @key(fields: "id") { id: ID! data: Foo }`,
    resolvers: {
      Query: { all: () => ['Baz', 'Qux', 'Zap'].map((id) => ({ id })) },
      Entity: { data: ({ id }: { id: string }) => ({ __typename: id, foo: 'f', bar: 'b', baz: 'z', qux: 'q' }) },
    },
  },
  b: {
    typeDefs: `${link} ${shapes} type Entity @key(fields: "id") { id: ID! data: Foo @external told: String! @requires(fields: "${requires}") }`,
    resolvers: { Entity: { told: ({ data }: { data: Data }) => Object.keys(data).filter((name) => name !== '__typename').sort().join() } },
  },
})

const compose = (requires: string): string =>
  composeSubgraphs(Object.entries(subgraphs(requires)).map(([name, { typeDefs }]) => ({ name, typeDefs }))).supergraphSdl

for (const [requires, told] of [
  ['data { foo ... on Bar { bar ... on Baz { baz } ... on Qux { qux } } }', ['bar,baz,foo', 'bar,foo,qux', 'foo']],
  ['data { ... on Bar { bar } }', ['bar', 'bar', '']],
  ['data { ... on Foo { foo } ... on Bar { ... on Foo { foo } bar } }', ['bar,foo', 'bar,foo', 'foo']],
  ['data { ... on Foo { foo ... on Baz { ... on Bar { bar } } } }', ['bar,foo', 'foo', 'foo']],
] as const)
  test(`what is required of interfaces' interfaces is asked for: ${requires}`, async () => {
    const sdl = compose(requires)
    assert.ok(sdl.includes(`requires: "${requires}"`), 'as its subgraph says it')
    for (const planner of ['native', 'own'] as const) {
      const engine = createEngine({
        planner, supergraphSdl: sdl, subgraphs: new Map(Object.entries(subgraphs(requires)).map(([name, part]) => [name, inProcessSubgraph({ schema: buildSubgraph(part) })])),
      })
      const { data, errors } = await engine.execute({ document: parse('{ all { id told } }') })
      assert.equal(errors, undefined)
      assert.deepEqual(JSON.parse(JSON.stringify(data)), { all: ['Baz', 'Qux', 'Zap'].map((id, at) => ({ id, told: told[at] })) })
      await engine.close()
    }
  })

test('a requirement that does not parse, or asks for what is not there, is told by composition', () => {
  assert.throws(() => compose('data {'), /REQUIRES_INVALID_FIELDS/)
  assert.throws(() => compose('data { ... on Bar { nothing } }'), /"nothing".*REQUIRES_INVALID_FIELDS/)
})
