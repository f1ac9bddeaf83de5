import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSchema, GraphQLError, parse, type ExecutionResult, type OperationDefinitionNode } from 'graphql'
import type { RootFetch } from '../../federation/compile.ts'
import { buildSubgraph, composeSubgraphs, createEngine, type SubgraphTransport } from '../../federation/index.ts'
import { isWholeAnswer } from '../../federation/pass-through.ts'
import type { Prepared } from '../../federation/prepare.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@inaccessible", "@shareable"])\n'
const things = `${link}
  enum Colour { RED GREEN @inaccessible } enum Size { S L } interface Named { name: String }
  type Thing implements Named { id: ID! name: String colour: Colour size: Size strict: String! @shareable loose: String! @shareable list: [[Part!]]! key: String }
  type Part @key(fields: "id") { id: ID! weight: Float }
  type Query { thing(id: ID): Thing things: [Thing] named: Named } type Mutation { make: Thing }`
const others = `${link} type Thing { strict: String! @shareable loose: String @shareable } type Part @key(fields: "id") { id: ID! colour: String }
  type Query { other: Int }`

/** What the first subgraph answers, as it is handed out: the same object when it is passed through. */
const passes = async (query: string, answer: ExecutionResult, sure = true) => {
  const schema = buildSubgraph({ typeDefs: things })
  const transport: SubgraphTransport = {
    ...sure && { schema }, execute: () => answer, subscribe: () => Promise.reject(new Error('not here')),
  }
  const { supergraphSdl } = composeSubgraphs([{ name: 'things', typeDefs: things }, { name: 'others', typeDefs: others }])
  const engine = createEngine({ supergraphSdl, subgraphs: new Map([['things', transport]]) })
  const result = await engine.execute({ document: parse(query) })
  await engine.close()
  return { result, passed: result.data !== undefined && result.data === answer.data }
}

test('the answer of one co-located subgraph to a whole operation is handed on as it is', async () => {
  for (const query of [
    '{ thing { id name size strict list { id weight } } }', '{ t: thing(id: "1") { ...f } } fragment f on Thing { a: name ... on Thing { b: id } }',
    'mutation { make { id __typename } }', 'query ($id: ID) { thing(id: $id) { id } }',
  ]) {
    const { result, passed } = await passes(query, { data: { thing: null, t: null, make: null } })
    assert.ok(passed, query)
    assert.equal(result.errors, undefined)
  }
})

test('an answer is not handed on where it could differ from the client\'s', async () => {
  const thing = { id: '1', name: null, colour: 'GREEN', __typename: 'Thing' }
  for (const [why, query] of [
    ['a value that clients may not see', '{ thing { colour } }'], ['an interface', '{ named { name } }'],
    ['a condition', 'query ($if: Boolean = true) { thing { name @skip(if: $if) id } }'],
    ['a key selected twice', '{ thing { list { id } list { weight } } }'], ['a name of the root type', '{ __typename thing { id } }'],
    ['introspection', '{ thing { id } __schema { description } }'], ['a renamed key', '{ thing { key: id } }'],
  ] as const) assert.equal((await passes(query, { data: { thing, named: { name: 'x', __typename: 'Thing' } } })).passed, false, why)
  assert.deepEqual((await passes('{ thing { colour } }', { data: { thing } })).result.data?.thing, { colour: null })
})

test('an answer with errors, or one whose types nobody vouches for, is not handed on', async () => {
  const query = '{ thing { id } }'
  const failed = await passes(query, { data: { thing: null }, errors: [new GraphQLError('no', { path: ['thing'] })] })
  assert.equal(failed.passed, false)
  assert.equal(failed.result.errors?.[0]?.extensions.serviceName, 'things')
  assert.equal((await passes(query, { data: { thing: { id: '1' } } }, false)).passed, false)
})

/** The call's selection and the client's, over schemas that may differ. */
const isWhole = (asked: string, wanted: string, own: string, seen = own) => {
  const operation = parse(wanted).definitions[0] as OperationDefinitionNode
  const step = { call: { document: parse(asked) }, aliases: new Map() } as unknown as RootFetch
  const normalised = { operation, fragments: new Map(), renamed: new Map() }
  return isWholeAnswer(step, { operation: { normalised } } as unknown as Prepared, buildSchema(own), buildSchema(seen))
}

test('selections have to agree in their order, and the subgraph\'s types with what clients see', () => {
  const types = (inner: string) => `type Query { a: A b: Int } type A { x: ${inner} y: Int } enum E { ONE } enum F { ONE }`
  assert.equal(isWhole('{ a { x y } b }', '{ a { x y } b }', types('Int')), true)
  assert.equal(isWhole('{ a { y x } b }', '{ a { x y } b }', types('Int')), false)
  assert.equal(isWhole('{ b a { x } }', '{ a { x } b }', types('Int')), false)
  assert.equal(isWhole('{ a { x y } }', '{ a { x } }', types('Int')), false)
  assert.equal(isWhole('{ a { x: y } }', '{ a { x } }', types('Int')), false)
  assert.equal(isWhole('{ __typename b }', '{ __typename b }', types('Int')), false, 'the root type may have another name')
  const live = 'type Query { b: Int } type Subscription { a: A } type A { x: Int y: Int }'
  assert.deepEqual(['x y', 'y x'].map((wanted) => isWhole('subscription { a { x y } }', `subscription { a { ${wanted} } }`, live)), [true, false])
  for (const [own, seen, expected] of [
    ['Int', 'Int!', false], ['Int!', 'Int', true], ['[Int]', '[Int!]', false], ['[Int!]', '[Int]', true], ['[Int]', 'Int', false],
    ['Int', 'Float', false], ['E', 'F', true], ['E', 'Int', false],
  ] as const) assert.equal(isWhole('{ a { x } }', '{ a { x } }', types(own), types(seen)), expected, `${own} as ${seen}`)
})
