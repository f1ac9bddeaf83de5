import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { composeSubgraphs } from '../../../federation/index.ts'
import { createPlanner } from '../../../federation/planner/index.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [
  "@key", "@requires", "@external", "@interfaceObject"
])`

const isRisky = (() => {
  const sdls = {
    a: `type Query { item: Item thing: Thing }
      interface Thing @key(fields: "id") { id: ID! }
      type Item implements Thing @key(fields: "id") { id: ID! weight: Int price(in: String): Int all: Int @external sum: Int @requires(fields: "all") }`,
    b: `type Item @key(fields: "id") {
      id: ID! weight: Int @external price(in: String): Int @external freight: Int @requires(fields: "weight")
      euros: Int @requires(fields: "price(in: \\"EUR\\")") dollars: Int @requires(fields: "price(in: \\"USD\\")")
      all: Int @requires(fields: "price")
    }`,
    c: 'type Thing @key(fields: "id") @interfaceObject { id: ID! stars(max: Int): Int }',
  }
  const { supergraphSdl } = composeSubgraphs(Object.entries(sdls).map(([name, sdl]) => ({ name, typeDefs: link + sdl })))
  const planner = createPlanner(supergraphSdl)
  return (operation: string) => planner.isRisky(parse(operation))
})()

test('what requires one field with different arguments is left to the own planner', () => {
  assert.equal(isRisky('{ item { euros dollars } }'), true)
  assert.equal(isRisky('{ item { euros } thing { ... on Item { dollars } } }'), true)
  assert.equal(isRisky('{ item { euros all } }'), true)
  assert.equal(isRisky('{ item { euros sum } }'), true, 'sum requires all, which requires the price')
  assert.equal(isRisky('{ item { euros freight weight } }'), false)
})

test('so is a selection of a required field with other arguments', () => {
  assert.equal(isRisky('query ($in: String) { item { euros other: price(in: $in) } }'), true)
  assert.equal(isRisky('{ item { all price(in: "USD") } }'), true)
  assert.equal(isRisky('{ item { all price } }'), false)
  assert.equal(isRisky('{ item { freight price(in: "USD") other: price } }'), false)
})

test('so is whatever an interface object adds, but not its key', () => {
  assert.equal(isRisky('{ thing { ... on Item { stars } } }'), true)
  assert.equal(isRisky('{ thing { id ... on Item { weight } } }'), false)
})

test('so is a condition on a fragment for one type of several', () => {
  assert.equal(isRisky('query ($yes: Boolean!) { thing { ... on Item @include(if: $yes) { weight } } }'), true)
  assert.equal(isRisky('query ($yes: Boolean!) { thing { ...I @skip(if: $yes) } } fragment I on Item { weight }'), true)
  assert.equal(isRisky('query ($yes: Boolean!) { thing { ... on Item { weight @include(if: $yes) } } ... @skip(if: $yes) { item { id } } }'), false)
  assert.equal(isRisky('query ($yes: Boolean!) { ... on Query @skip(if: $yes) { item { id } } }'), false)
})
