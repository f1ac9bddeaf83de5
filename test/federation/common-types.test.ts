import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, validate } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])'

const parts = {
  a: {
    typeDefs: `${link} union Media = Book | Song type Book @key(fields: "id") { id: ID! title: String! @shareable } type Song @key(fields: "id") { id: ID! title: String! @shareable }
      type Query { viewer: Viewer @shareable book: Book @shareable books: [Book!]! @shareable plain: Book }
      type Viewer @shareable { book: Book media: Media }`,
    resolvers: {
      Query: { viewer: () => ({ book: { __typename: 'Book', id: '1', title: 'one' }, media: { __typename: 'Song', id: '2', title: 'two' } }), book: () => ({ id: '1', title: 'one' }), books: () => [{ id: '1', title: 'one' }] },
    },
  },
  b: {
    typeDefs: `${link} union Media = Book | Movie type Book @key(fields: "id") { id: ID! title: String! @shareable } type Movie @key(fields: "id") { id: ID! title: String! @shareable }
      type Query { viewer: Viewer @shareable book: Media @shareable books: [Media!]! @shareable }
      type Viewer @shareable { book: Media media: Media }`,
    resolvers: {
      Query: { viewer: () => ({ book: { __typename: 'Book', id: '1', title: 'one' }, media: { __typename: 'Book', id: '1', title: 'one' } }), book: () => ({ __typename: 'Book', id: '1', title: 'one' }), books: () => [{ __typename: 'Book', id: '1', title: 'one' }] },
    },
  },
}
const compose = (): string => composeSubgraphs(Object.entries(parts).map(([name, { typeDefs }]) => ({ name, typeDefs }))).supergraphSdl

test('a field that is a union in one subgraph and one of its members in another is the union', async () => {
  const sdl = compose()
  assert.match(sdl, /type Viewer[^}]*book: Media @join__field\(graph: A, type: "Book"\) @join__field\(graph: B, type: "Media"\)/)
  assert.match(sdl, /book: Media @join__field\(graph: A, type: "Book"\)[^}]*books: \[Media!\]! @join__field\(graph: A, type: "\[Book!\]!"\) @join__field\(graph: B, type: "\[Media!\]!"\)/)
  assert.match(sdl, /plain: Book @join__field\(graph: A\)/, 'others are left')
  for (const planner of ['native', 'own'] as const) {
    const engine = createEngine({
      planner, supergraphSdl: sdl, subgraphs: new Map(Object.entries(parts).map(([name, part]) => [name, inProcessSubgraph({ schema: buildSubgraph(part) })])),
    })
    const document = parse('{ viewer { book { __typename ... on Movie { title } ... on Book { title } } } book { __typename ... on Song { id } ... on Book { id } } books { ... on Book { title } } }')
    assert.deepEqual(validate(engine.schema, document), [])
    const { data, errors } = await engine.execute({ document })
    assert.equal(errors, undefined)
    assert.deepEqual(JSON.parse(JSON.stringify(data)), { viewer: { book: { __typename: 'Book', title: 'one' } }, book: { __typename: 'Book', id: '1' }, books: [{ title: 'one' }] })
    await engine.close()
  }
})

test('types that have nothing in common are told by composition', () => {
  assert.throws(() => composeSubgraphs([
    { name: 'a', typeDefs: `${link} type A { id: ID } type Query { x: A @shareable }` },
    { name: 'b', typeDefs: `${link} type B { id: ID } type Query { x: B @shareable }` },
  ]), /FIELD_TYPE_MISMATCH/)
})
