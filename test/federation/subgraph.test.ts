import assert from 'node:assert/strict'
import { test } from 'node:test'
import { graphql, GraphQLError, printSchema, type ExecutionResult, type GraphQLSchema } from 'graphql'
import { buildSubgraph, inProcessSubgraph } from '../../federation/index.ts'

const link = (imports: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [${imports}])\n`

const ask = async (schema: GraphQLSchema, source: string, variableValues?: Record<string, unknown>): Promise<ExecutionResult> =>
  JSON.parse(JSON.stringify(await graphql({ schema, source, variableValues }))) as ExecutionResult

const entities = (schema: GraphQLSchema, selection: string, ...representations: object[]) =>
  ask(schema, `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`, { representations })

test('serves its SDL as it was given', async () => {
  const typeDefs = `${link('"@key"')} # a comment\ntype Query { a: Int }`
  assert.deepEqual(await ask(buildSubgraph({ typeDefs }), '{ _service { sdl } }'), { data: { _service: { sdl: typeDefs } } })
})

test('resolves entities by their references, in order, and reports each failure at its own place', async () => {
  const schema = buildSubgraph({
    typeDefs: `${link('"@key"')} type User @key(fields: "id") { id: ID! name: String }
      type Tag @key(fields: "name") { name: String! size: Int }`,
    resolvers: {
      User: {
        __resolveReference: async ({ id }: { id: string }) => {
          if (id === 'bad') throw new Error('no such shard')
          return id === 'none' ? null : Object.freeze({ id, name: `user ${id}` })
        },
      },
      Tag: { size: ({ name }: { name: string }) => name.length },
    },
  })
  const { data, errors } = await entities(schema, '__typename ... on User { name } ... on Tag { size }',
    { __typename: 'User', id: '1' }, { __typename: 'Tag', name: 'abc' }, { __typename: 'User', id: 'bad' },
    { __typename: 'User', id: 'none' }, { __typename: 'Nobody' })
  assert.deepEqual(data, { _entities: [{ __typename: 'User', name: 'user 1' }, { __typename: 'Tag', size: 3 }, null, null, null] })
  assert.deepEqual(new Map(errors?.map(({ message, path }) => [String(path), message])), new Map([
    ['_entities,2', 'no such shard'],
    ['_entities,4', 'The representation\'s __typename is "Nobody"; expected an entity of this subgraph (User, Tag).'],
  ]))
})

test('a representation without any of its keys is told so', async () => {
  const schema = buildSubgraph({ typeDefs: 'type A @key(fields: "id") @key(fields: "b { c }") { id: ID! b: B } type B { c: ID! } type Query { a: A }' })
  const result = await graphql({
    schema, source: 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on A { __typename } } }',
    variableValues: { r: [{ __typename: 'A', ID: '1' }, { __typename: 'A', id: null }, { __typename: 'A', b: { c: '1' } }, { __typename: 'A', id: '1' }] },
  })
  assert.equal(JSON.stringify(result.data?._entities), '[null,null,{"__typename":"A"},{"__typename":"A"}]')
  assert.deepEqual(result.errors?.map(({ path, message, extensions }) => [path, message, extensions.code]), [0, 1].map((place) =>
    [['_entities', place], 'The representation of "A" has none of its keys: "id" or "b".', 'BAD_USER_INPUT']))
})

test('a type name that is none is told so, however deep it is', async () => {
  const schema = buildSubgraph({ typeDefs: 'type A @key(fields: "id") { id: ID! } type Query { a: A }' })
  let deep: unknown = 1
  for (let depth = 0; depth < 30_000; depth++) deep = [deep]
  const { errors } = await graphql({ schema, source: 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }', variableValues: { r: [{ __typename: deep }, 1] } })
  assert.deepEqual(errors?.map(({ message }) => message), ['no text (object)', 'undefined'].map((given) =>
    `The representation's __typename is ${given}; expected an entity of this subgraph (A).`))
})

test('compiled queries keep entities that fail in their places, too', async () => {
  const schema = buildSubgraph({
    typeDefs: `${link('"@key"')} type User @key(fields: "id") { id: ID! }`,
    resolvers: { User: { __resolveReference: async ({ id }: { id: string }) => {
      if (id === 'bad') throw new GraphQLError('no such shard')
      return { id }
    } } },
  })
  const representations = ['1', 'bad', '2', 'bad'].map((id) => ({ __typename: 'User', id }))
  const { data, errors } = await inProcessSubgraph({ schema }).execute({
    query: 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { id } } }',
    variables: { representations }, kind: 'query', context: undefined,
  })
  assert.deepEqual(JSON.parse(JSON.stringify(data)), { _entities: [{ id: '1' }, null, { id: '2' }, null] })
  assert.deepEqual(errors?.map(({ path }) => path), [['_entities', 1], ['_entities', 3]])
})

test('resolves an entity interface to the type that the resolver tells', async () => {
  const schema = buildSubgraph({
    typeDefs: `${link('"@key"')} interface Media @key(fields: "id") { id: ID! }
      type Book implements Media @key(fields: "id") { id: ID! pages: Int }
      type Film implements Media @key(fields: "id") { id: ID! minutes: Int }`,
    resolvers: { Media: {
      __resolveReference: ({ id }: { id: string }) => id.startsWith('b') ? { __typename: 'Book', id, pages: 7 } : { id, minutes: 90 },
      __resolveType: () => 'Film',
    } },
  })
  assert.deepEqual(await entities(schema, '__typename ... on Book { pages } ... on Film { minutes }',
    { __typename: 'Media', id: 'b1' }, { __typename: 'Media', id: 'f1' }),
  { data: { _entities: [{ __typename: 'Book', pages: 7 }, { __typename: 'Film', minutes: 90 }] } })
})

test('has no entities where no key is resolvable, and takes renamed and namespaced directives', () => {
  const schema = buildSubgraph({ typeDefs: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", as: "fed", import: [{ name: "@key", as: "@pk" }])
    type User @pk(fields: "id", resolvable: false) @fed__shareable { id: ID! }
    extend type Query { user: User }` })
  assert.equal(schema.getType('_Entity'), undefined)
  const printed = printSchema(schema)
  assert.match(printed, /directive @pk\(fields: fed__FieldSet!/)
  assert.match(printed, /directive @fed__shareable /)
})

test('takes a Federation v1 subgraph', async () => {
  const schema = buildSubgraph({
    typeDefs: 'extend type User @key(fields: "id") { id: ID! @external age: Int }',
    resolvers: { User: { age: () => 7 } },
  })
  assert.deepEqual(await entities(schema, '... on User { id age }', { __typename: 'User', id: '1' }),
    { data: { _entities: [{ id: '1', age: 7 }] } })
})

test('refuses resolvers that the SDL has no place for', () => {
  const typeDefs = 'type Query { a: Int }'
  assert.throws(() => buildSubgraph({ typeDefs, resolvers: { Query: { b: () => 1 } } }),
    { message: 'A resolver is given for "Query.b", which the SDL does not define.' })
  assert.throws(() => buildSubgraph({ typeDefs, resolvers: { Nothing: {} } }),
    { message: 'Resolvers are given for "Nothing", which the SDL does not define.' })
})
