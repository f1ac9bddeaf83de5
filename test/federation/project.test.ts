import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildSchema, GraphQLError, Kind, parse, type OperationDefinitionNode } from 'graphql'
import { ErrorLog } from '../../federation/errors.ts'
import type { Obj } from '../../federation/merge.ts'
import { normalise } from '../../federation/normalise.ts'
import { Projection } from '../../federation/project.ts'
import { supergraphTypes } from '../../federation/schema.ts'

const sdl = `
  type Query { user: User users: [User!] grid: [[Named!]]! any: [Thing] state: State! states: [State!] scores: [[Float!]!] box: Box }
  interface Named { name: String! best: User }
  type User implements Named { id: ID! name: String! best: User age: Int tags: [String!] }
  type Bot implements Named { name: String! best: User maker: User! }
  type Box { width: Int }
  union Thing = User | Bot
  enum State { LIVE ENDED }
`
const schema = buildSchema(sdl)
const types = supergraphTypes(parse(sdl))

const projectionOf = (text: string) => {
  const document = parse(text)
  const operation = document.definitions.find((node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION)!
  return new Projection(schema, types, normalise(document, operation, schema, types))
}

const projection = projectionOf(`
  query ($more: Boolean!) {
    user { id name age tags @include(if: $more) best { name __typename } }
    users { kind: __typename id ...Best }
    grid { name __typename ... on Bot { maker { id } } ... on User @include(if: $more) { age } }
    any { ... on User { id } ... on Named { name } }
    state states scores box { width }
  }
  fragment Best on Named { best { id best { name } } }
`)

/** By the code that is written for the plan; or, as there is an error already, the slow way. */
const project = (data: Obj, more: boolean, slowly: boolean) => {
  const errors = new ErrorLog()
  if (slowly) errors.add(new GraphQLError('something else', { path: ['elsewhere'] }))
  const projected = projection.project(data, { more }, errors)
  return { data: projected, errors: errors.list.slice(slowly ? 1 : 0).map(({ message, path }) => ({ message, path })) }
}

/** A value as it should be, or, now and then, what should not come. */
const seldom = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 60, arbitrary: value }, { weight: 1, arbitrary: fc.constantFrom(null, undefined, 'odd', 7, [], {}, [null], [undefined], { __typename: 'Query' }) })
const list = (of: fc.Arbitrary<unknown>) => seldom(fc.array(of, { maxLength: 3 }))
const { user, bot } = fc.letrec((tie) => ({
  user: seldom(fc.record({
    __typename: seldom(fc.constant('User')), id: seldom(fc.string()), name: seldom(fc.string()), age: seldom(fc.integer()), tags: list(seldom(fc.string())),
    best: fc.option(tie('user'), { maxDepth: 2 }), surplus: fc.constant(1),
  })),
  bot: seldom(fc.record({ __typename: seldom(fc.constantFrom('Bot', 'Named')), name: seldom(fc.string()), maker: tie('user'), best: fc.option(tie('user'), { maxDepth: 2 }) })),
}))
const state = seldom(fc.constantFrom('LIVE', 'ENDED'))
const tree = fc.record({
  user, users: list(user), grid: list(list(fc.oneof(user, bot))), any: list(fc.oneof(user, bot)), state, states: list(state),
  scores: list(list(seldom(fc.double()))), box: seldom(fc.record({ width: seldom(fc.integer()) })),
}) as fc.Arbitrary<Obj>

test('written code projects as the slow way does, and leaves to it whatever is wrong', () => {
  fc.assert(fc.property(tree, fc.boolean(), (data, more) => {
    assert.deepEqual(project(data, more, false), project(data, more, true))
  }), { numRuns: 500 })
})

test('what is right comes in the order in which it is selected, and nothing else does', () => {
  const { data, errors } = project({
    state: 'LIVE', states: ['ENDED'], scores: [[1, 2]], surplus: 1,
    user: { tags: ['a'], best: null, name: 'Ada', id: '1', surplus: 2 },
    users: [{ id: '2', best: { id: '3', best: { name: 'Ben' } } }],
    grid: [[{ __typename: 'Bot', name: 'bot', maker: { id: '4' } }, { __typename: 'User', name: 'Cleo', age: 5 }], null], any: null,
  }, true, false)
  assert.deepEqual(errors, [])
  assert.equal(JSON.stringify(data), JSON.stringify({
    user: { id: '1', name: 'Ada', age: null, tags: ['a'], best: null },
    users: [{ kind: 'User', id: '2', best: { id: '3', best: { name: 'Ben' } } }],
    grid: [[{ name: 'bot', __typename: 'Bot', maker: { id: '4' } }, { name: 'Cleo', __typename: 'User', age: 5 }], null],
    any: null, state: 'LIVE', states: ['ENDED'], scores: [[1, 2]], box: null,
  }))
})

test('a null that may not be is reported, and takes with it what may be null', () => {
  const { data, errors } = project({ state: 'LIVE', grid: [[{ __typename: 'Bot', name: 'bot', maker: null }], []] }, false, false)
  assert.deepEqual(data, { user: null, users: null, grid: [null, []], any: null, state: 'LIVE', states: null, scores: null, box: null })
  assert.deepEqual(errors, [{ message: 'Cannot return null for non-nullable field Bot.maker.', path: ['grid', 0, 0, 'maker'] }])
})

test('scalars of GraphQL\'s own are theirs, whatever a subgraph sends: coerced as far as it can be, and otherwise an error', () => {
  for (const slowly of [false, true]) {
    const { data, errors } = project({
      state: 'LIVE', grid: [], user: { id: 7, name: 5, age: '41', tags: ['a', true] },
      users: [{ id: '1' }, { id: { secret: 1 } }], scores: [[1, 'much'], [0.5]], box: { width: 1.5 },
    }, true, slowly)
    assert.deepEqual(data, {
      user: { id: '7', name: '5', age: 41, tags: ['a', 'true'], best: null }, users: null, grid: [], any: null,
      state: 'LIVE', states: null, scores: null, box: { width: null },
    })
    assert.deepEqual(errors, [
      { message: 'Expected a value of ID for field User.id; the subgraph answered something else.', path: ['users', 1, 'id'] },
      { message: 'Expected a value of Float for field Query.scores; the subgraph answered something else.', path: ['scores', 0, 1] },
      { message: 'Expected a value of Int for field Box.width; the subgraph answered something else.', path: ['box', 'width'] },
    ])
  }
})
