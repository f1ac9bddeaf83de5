import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../../federation/index.ts'
import { createPlanner } from '../../../federation/planner/index.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@requires", "@external", "@shareable"])`

/** Baskets of two items, of which the second has no name. */
const parts = {
  baskets: {
    typeDefs: `type Query { basket: Basket first: Named }
      interface Named { label: String }
      type Basket @key(fields: "id") { id: ID! items: [Item] all: [Item!]! }
      type Item implements Named @key(fields: "id") @key(fields: "code") { id: ID! code: ID! name: String! note: String label: String! maker: Maker page(n: Int): Page }
      type Maker @key(fields: "id") { id: ID! name: String! }
      type Page { text: String! size: Int! number: Int! }`,
    resolvers: {
      Query: { basket: () => ({ id: 'b' }) },
      Basket: { items: () => [{ id: '1' }, { id: '2' }], all: () => [{ id: '1' }, { id: '2' }] },
      Item: {
        code: ({ id }: { id: string }) => `c${id}`,
        name: ({ id }: { id: string }) => {
          if (id === '2') throw new Error('It has none.')
          return `item ${id}`
        },
      },
    },
  },
  prices: {
    typeDefs: `type Item @key(fields: "id") { id: ID! price: Int! }
      type Maker @key(fields: "id") { id: ID! country: String! }
      type Basket @key(fields: "id") { id: ID! total: Int @external twice: Int @requires(fields: "total") }`,
    resolvers: { Item: { price: ({ id }: { id: string }) => 10 * Number(id) } },
  },
  totals: {
    typeDefs: `type Basket @key(fields: "id") {
        id: ID! items: [Item] @external all: [Item!]! @external
        total: Int @requires(fields: "items { price }") again: Int @requires(fields: "all { price }") names: Int @requires(fields: "items { name }")
      }
      type Item @key(fields: "id") {
        id: ID! price: Int! @external name: String! @external maker: Maker @external page(n: Int): Page @external
        shipping: Int @requires(fields: "maker { country }") weight: Int @requires(fields: "page { size }")
      }
      type Maker @key(fields: "id") { id: ID! country: String! @external }
      type Page { size: Int! @external }`,
    resolvers: {
      Basket: { total: ({ items }: { items: ({ price: number } | null)[] }) => items.reduce((sum, item) => sum + (item?.price ?? 0), 0) },
    },
  },
}
const { supergraphSdl } = composeSubgraphs(Object.entries(parts).map(([name, { typeDefs }]) => ({ name, typeDefs: link + typeDefs })))

for (const planner of ['native', 'own'] as const) {
  test(`a requirement loses nothing to what fails beside it (${planner} planner)`, async () => {
    const subgraphs = new Map(Object.entries(parts).map(([name, { typeDefs, resolvers }]) =>
      [name, inProcessSubgraph({ schema: buildSubgraph({ typeDefs: link + typeDefs, resolvers }) })]))
    const engine = createEngine({ supergraphSdl, subgraphs, planner })
    try {
      const { data, errors } = await engine.execute({ document: parse('{ basket { items { name } total } }') })
      assert.deepEqual(JSON.parse(JSON.stringify(data)), { basket: { items: [{ name: 'item 1' }, null], total: 30 } })
      assert.deepEqual(errors?.map(({ path }) => path), [['basket', 'items', 1, 'name']])
    } finally {
      await engine.close()
    }
  })
}

const isRisky = (operation: string): boolean => createPlanner(supergraphSdl).isRisky(parse(operation))

test('what may take an object with it that another field requires is left to the own planner', () => {
  assert.equal(isRisky('{ basket { total items { name } } }'), true)
  assert.equal(isRisky('{ basket { twice ...B } } fragment B on Basket { ... { items { ...I } } } fragment I on Item { name }'), true, 'twice requires the total')
  assert.equal(isRisky('{ basket { items { shipping maker { name } } } }'), true)
  assert.equal(isRisky('{ first { ... on Item { weight page { text } } } }'), true)
  assert.equal(isRisky('{ basket { total names } }'), true, 'one requirement beside another')
})

test('what may be null, is required itself, is of keys or of another subgraph takes nothing with it', () => {
  assert.equal(isRisky('{ basket { total items { __typename id code note price } } }'), false)
  assert.equal(isRisky('{ basket { items { weight page { size } } } }'), false)
  assert.equal(isRisky('{ basket { total items { maker { name } } } }'), false, 'a maker that is lost is null')
  assert.equal(isRisky('{ basket { total others: items { name } } }'), false)
  assert.equal(isRisky('{ basket { items { name } } }'), false)
  assert.equal(isRisky('{ basket { again all { name } } }'), false, 'where a list that may not be null is lost, all of the basket is')
})
