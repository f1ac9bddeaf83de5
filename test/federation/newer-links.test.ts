import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, CompositionError, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'

const link = (version: string, imports: string): string => `extend schema @link(url: "https://specs.apollo.dev/federation/${version}", import: [${imports}])`
const shop = `type Query { user: User } type User @key(fields: "id") { id: ID! name: String! }`
const reviews = 'type User @key(fields: "id") { id: ID! reviews: [String!]! }'

test('subgraphs of newer minor versions of federation compose with older ones, and are executed', async () => {
  for (const version of ['v2.10', 'v2.11', 'v2.15']) {
    const sources = {
      shop: { typeDefs: `${link('v2.3', '"@key"')} ${shop}`, resolvers: { Query: { user: () => ({ id: '1' }) }, User: { name: () => 'Ada' } } },
      reviews: { typeDefs: `${link(version, '"@key"')} ${reviews}`, resolvers: { User: { reviews: ({ id }: { id: string }) => [`by ${id}`] } } },
    }
    const { supergraphSdl } = composeSubgraphs(Object.entries(sources).map(([name, { typeDefs }]) => ({ name, typeDefs })))
    const subgraphs = new Map(Object.entries(sources).map(([name, source]) => [name, inProcessSubgraph({ schema: buildSubgraph(source) })]))
    const engine = createEngine({ supergraphSdl, subgraphs })
    const { data } = await engine.execute({ document: parse('{ user { name reviews } }') })
    assert.deepEqual(JSON.parse(JSON.stringify(data)), { user: { name: 'Ada', reviews: ['by 1'] } })
  }
})

test('what names answers to caches is left out, however it is imported', () => {
  for (const [imports, name] of [
    ['"@key", "@cacheTag"', 'cacheTag'], ['"@key", { name: "@cacheTag", as: "@cached" }', 'cached'], ['"@key"', 'federation__cacheTag'],
  ] as const) {
    const definition = `directive @${name}(format: String!) repeatable on FIELD_DEFINITION | OBJECT`
    const types = `type Query { user: User @${name}(format: "user") } type User @key(fields: "id") @${name}(format: "user-{$key.id}") { id: ID! }`
    for (const typeDefs of [types, `${definition} ${types}`]) {
      const { supergraphSdl } = composeSubgraphs([{ name: 'shop', typeDefs: `${link('v2.12', imports)} ${typeDefs}` }])
      assert.doesNotMatch(supergraphSdl, /cache/i)
    }
  }
})

test('what newer versions may have besides is refused by its name and place, and so are other major versions', () => {
  for (const [url, told] of [
    [link('v2.16', '"@key", "@shard"'), /^shop:1:88: .*@shard.*\(INVALID_LINK_DIRECTIVE_USAGE\)$/],
    [link('v3.0', '"@key"'), /^shop:1:15: .*v3\.0.*\(UNKNOWN_FEDERATION_LINK_VERSION\)$/],
  ] as const)
    assert.throws(() => composeSubgraphs([{ name: 'shop', typeDefs: `${url} ${shop}` }]), (error) => {
      assert.ok(error instanceof CompositionError)
      assert.match(error.lines.join('\n'), told)
      return true
    })
})
