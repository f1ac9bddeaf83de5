import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getIntrospectionQuery, GraphQLError, GraphQLScalarType, parse, print, type ExecutionResult } from 'graphql'
import {
  buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph, type Engine, type EngineRequest,
  type SubgraphTransport,
} from '../../federation/index.ts'
import { newShop, reviewsSchema, shopEngine, usersSchema } from './shop.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@provides", "@shareable"])'

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const ask = async (engine: Engine, query: string, rest: Omit<EngineRequest, 'document'> = {}): Promise<ExecutionResult> =>
  json(await engine.execute({ document: parse(query), ...rest })) as ExecutionResult

test('answers a query over two subgraphs', async () => {
  const engine = shopEngine(newShop())
  assert.deepEqual(await ask(engine, '{ users { name reviews { text author { name } } } }'), { data: { users: [
    { name: 'Ada', reviews: [{ text: 'good', author: { name: 'Ada' } }, { text: 'bad', author: { name: 'Ada' } }] },
    { name: 'Bob', reviews: [{ text: 'fine', author: { name: 'Bob' } }] },
  ] } })
})

test('keeps the order in which the client selects', async () => {
  const { data } = await ask(shopEngine(newShop()), '{ reviews { author { score name id } text } users { id } }')
  assert.equal(JSON.stringify(data?.reviews).slice(0, 60), '[{"author":{"score":2,"name":"Ada","id":"1"},"text":"good"},'.slice(0, 60))
  assert.deepEqual(Object.keys(data ?? {}), ['reviews', 'users'])
})

test('plans operations that differ in literals, names and layout once', async () => {
  const engine = shopEngine(newShop())
  assert.deepEqual((await ask(engine, 'query A { user(id: "1") { score } }')).data, { user: { score: 2 } })
  assert.deepEqual((await ask(engine, 'query B {\n user(id: "2")\n { score } }')).data, { user: { score: 1 } })
  assert.deepEqual((await ask(engine, 'query B { user(id: "1") { score } } query C { users { id } }', { operationName: 'B' })).data,
    { user: { score: 2 } })
  const { plans, hits, misses } = engine.stats()
  assert.deepEqual({ plans, hits, misses }, { plans: 1, hits: 2, misses: 1 })
})

test('keeps no more plans than it is told to, the latest used', async () => {
  const engine = shopEngine(newShop(), {}, 2)
  for (const field of ['id', 'name', 'score', 'id']) await ask(engine, `{ users { ${field} } }`)
  const { plans, misses, evictions } = engine.stats()
  assert.deepEqual({ plans, misses, evictions }, { plans: 2, misses: 4, evictions: 2 })
})

describe('plans ahead', () => {
  const asked = ['{ users { name } }', 'query ($id: ID!) { user(id: $id) { score } }', 'mutation { review(author: "1", text: "x") { text } }']
  const missesOf = async (engine: Engine, queries: readonly string[]): Promise<number> => {
    const before = engine.stats().misses
    for (const query of queries) await ask(engine, query, { variables: { id: '1' } })
    return engine.stats().misses - before
  }

  test('for what another engine was asked for last, one of each shape, the last one first', async () => {
    const former = shopEngine(newShop())
    for (const query of [...asked, 'query Again { users { name } }', '{ user { id } }']) await ask(former, query, { variables: { id: '2' } })
    const recorded = former.recorded()
    assert.deepEqual(recorded.map(({ document }) => print(document).replaceAll(/\s+/g, ' ')), ['{ user { id } }', 'query Again { users { name } }', asked[2], asked[1]])
    const shop = newShop()
    const engine = shopEngine(shop)
    assert.equal(await engine.warm(recorded), 3, 'what the schema does not allow is passed over')
    assert.deepEqual(shop.log, [], 'nothing is executed')
    assert.equal(await missesOf(engine, asked), 0)
    assert.equal(await missesOf(shopEngine(newShop()), asked), asked.length)
  })

  test('for a hundred shapes, not for more than are kept', async () => {
    const former = shopEngine(newShop())
    const shapes = Array.from({ length: 105 }, (_, index) => `{ users { name${index}: name } }`)
    for (const shape of shapes) await ask(former, shape)
    assert.equal(former.recorded().length, 100)
    assert.equal(await shopEngine(newShop()).warm(former.recorded()), 100)
    const small = shopEngine(newShop(), {}, 3)
    assert.equal(await small.warm(former.recorded()), 3)
    assert.equal(small.stats().evictions, 0)
    assert.equal(await missesOf(small, shapes.slice(-3)), 0)
  })

  test('until it is told to stop', async () => {
    const engine = shopEngine(newShop())
    const stopped = new AbortController()
    const operations = function* () {
      yield { document: parse(asked[0]!) }
      stopped.abort()
      yield { document: parse(asked[1]!) }
    }
    assert.equal(await engine.warm(operations(), stopped.signal), 1)
    assert.equal(await missesOf(engine, asked.slice(0, 2)), 1)
  })
})

test('coerces variables, with defaults, and says what is wrong with them', async () => {
  const engine = shopEngine(newShop())
  const query = 'query ($first: Int = 1, $id: ID!) { users(first: $first) { id } user(id: $id) { score } }'
  assert.deepEqual(await ask(engine, query, { variables: { id: 2 } }), { data: { users: [{ id: '1' }], user: { score: 1 } } })
  const wrong = await ask(engine, query, { variables: { first: 'x' } })
  assert.equal(wrong.data, undefined)
  assert.deepEqual(wrong.errors?.map(({ message, extensions }) => [message, extensions?.code]), [
    ['Variable "$first" got invalid value "x"; Int cannot represent non-integer value: "x"', 'BAD_USER_INPUT'],
    ['Variable "$id" of required type "ID!" was not provided.', 'BAD_USER_INPUT'],
  ])
})

test('says what a subgraph finds wrong with a custom scalar, in the scalar\'s words, wherever the value stands', async () => {
  const parseEven = (value: unknown): number => {
    if (typeof value === 'number' && value % 2 === 0) return value
    throw new GraphQLError('Even must be a whole number that 2 divides.', { extensions: { code: 'BAD_USER_INPUT' } })
  }
  const Even = new GraphQLScalarType<number, number>({
    name: 'Even', parseValue: parseEven, parseLiteral: (node) => parseEven('value' in node ? Number(node.value) : undefined),
  })
  const typeDefs = `scalar Even input Pair { even: Even } type Query { half(of: [Pair!]!): [Int!] }
    type Subscription { halves(of: Even!): Int }`
  const schema = buildSubgraph({ typeDefs, resolvers: {
    Even,
    Query: { half: (_: unknown, { of }: { of: { even: number }[] }) => of.map(({ even }) => even / 2) },
    Subscription: { halves: { subscribe: async function* (_: unknown, { of }: { of: number }) {
      yield { halves: of / 2 }
    } } },
  } })
  const { supergraphSdl } = composeSubgraphs([{ name: 'numbers', typeDefs }])
  const engine = createEngine({ supergraphSdl, subgraphs: new Map([['numbers', inProcessSubgraph({ schema })]]) })
  assert.deepEqual(await ask(engine, '{ half(of: [{ even: 4 }]) }'), { data: { half: [2] } })
  const said = ({ errors }: ExecutionResult) => errors?.map(({ message, extensions }) => [message, extensions?.code])
  const words = 'Even must be a whole number that 2 divides.'
  assert.deepEqual(said(await ask(engine, '{ half(of: [{ even: 4 }, { even: 3 }]) }')), [[words, 'BAD_USER_INPUT']])
  assert.deepEqual(said(await ask(engine, 'query ($pairs: [Pair!]!) { half(of: $pairs) }', { variables: { pairs: [{ even: 3 }] } })),
    [[`Variable "$even" got invalid value 3; Expected type Even. ${words}`, 'BAD_USER_INPUT']])
  const refused = await engine.subscribe({ document: parse('subscription { halves(of: 3) }') })
  assert.ok('errors' in refused)
  assert.deepEqual(said(refused), [[words, 'BAD_USER_INPUT']])
  await engine.close()
})

test('aliases that are named like keys do not confuse the entities', async () => {
  const engine = shopEngine(newShop())
  assert.deepEqual(await ask(engine, `{
    users(first: 1) { id: name score: id name: score friend { id: score reviews: name } __typename: score }
  }`), { data: { users: [
    { id: 'Ada', score: '1', name: 2, friend: { id: 1, reviews: 'Bob' }, __typename: 2 },
  ] } })
})

test('nothing is there under a name that every object of JavaScript has, before it is fetched', async () => {
  const engine = shopEngine(newShop())
  assert.deepEqual(await ask(engine, `{
    constructor: user(id: "9") { id } toString: user(id: "1") { valueOf: best { hasOwnProperty: score } toString: refused }
  }`), {
    data: { constructor: null, toString: { valueOf: { hasOwnProperty: 1 }, toString: null } },
    errors: [{
      message: 'You may not see this.', path: ['toString', 'toString'], extensions: { code: 'FORBIDDEN', serviceName: 'users' },
    }],
  })
})

test('asks for an entity once, wherever an operation comes upon it again', async () => {
  const shop = newShop()
  const engine = shopEngine(shop)
  // The way leads to and fro between the subgraphs: user 1, whose best is 2, whose friend is 1, whose best is 2.
  assert.deepEqual(await ask(engine, '{ reviews { author { best { friend { best { friend { id } } } } } } }').then(({ data }) =>
    (data?.reviews as unknown[])[0]), { author: { best: { friend: { best: { friend: { id: '1' } } } } } })
  assert.deepEqual(shop.log.filter((line) => line.startsWith('user ')).sort(), ['user 1', 'user 2'])
  shop.log.length = 0
  await ask(engine, 'mutation { review(author: "1", text: "x") { author { best { friend { best { id } } } } } }')
  assert.deepEqual(shop.log.filter((line) => line.startsWith('user ')), ['user 1', 'user 1'], 'after a mutation it may have changed')
})

test('asks for an entity once, in whatever order an operation selects', async () => {
  const shop = newShop()
  await ask(shopEngine(shop), '{ users { score friend { id } } reviews { author { best { friend { id } score } } } }')
  assert.deepEqual(shop.log.filter((line) => line.startsWith('reviews of ')).sort(), ['reviews of 1', 'reviews of 2'])
})

test('does not ask a subgraph for what it has said of an entity at a root field', async () => {
  const asked = async (query: string, shop = newShop()): Promise<string[]> => {
    const { data, errors } = await ask(shopEngine(shop), query)
    assert.equal(errors, undefined)
    assert.deepEqual(data?.reviews ?? data?.review, data?.review ? { author: { name: 'Ada' } } : shop.reviews.map(({ authorId }) => ({ author: { name: shop.users.get(authorId)!.name } })))
    return shop.log.filter((line) => line.startsWith('user ')).sort()
  }
  const authors = 'reviews { author { name } }'
  assert.deepEqual(await asked(`{ ${authors} }`), ['user 1', 'user 2'])
  assert.deepEqual(await asked(`{ users { __typename id name } ${authors} }`), [])
  assert.deepEqual(await asked(`{ users { __typename id strict: name } ${authors} }`), ['user 1', 'user 2'], 'under another name')
  assert.deepEqual(await asked(`{ users { __typename id settings: name name: settings } ${authors} }`), ['user 1', 'user 2'], 'names changed about')
  assert.deepEqual(await asked(`{ users(first: 9) { __typename id name } ${authors} }`), ['user 1', 'user 2'], 'with arguments, which may have had a say')
  assert.deepEqual(await asked('mutation { rename(id: "1", name: "Ada") { id name } review(author: "1", text: "x") { author { name } } }'), ['user 1'], 'a mutation')
  const nameless = newShop()
  nameless.users.get('1')!.name = null as never
  assert.deepEqual(await asked(`{ users { __typename id name } ${authors} }`, nameless), ['user 1'], 'a null may have come of an error')
})

test('runs mutations one after another, and later fields see what earlier ones did', async () => {
  const shop = newShop()
  assert.deepEqual(await ask(shopEngine(shop), `mutation {
    first: rename(id: "1", name: "Eva") { name score }
    review(author: "1", text: "new") { text author { name score } }
    second: rename(id: "1", name: "Ida") { name score }
  }`), { data: {
    first: { name: 'Eva', score: 2 },
    review: { text: 'new', author: { name: 'Eva', score: 3 } },
    second: { name: 'Ida', score: 3 },
  } })
  assert.deepEqual(shop.log.filter((line) => /^(rename|review) /.test(line)), ['rename Eva', 'review new', 'rename Ida'])
})

test('runs the fields of a mutation in the order in which the variables select them', async () => {
  const shop = newShop()
  const query = `mutation ($skip: Boolean!) {
    rename(id: "1", name: "Eva") @skip(if: $skip) { name }
    first: rename(id: "1", name: "Ida") { name }
    rename(id: "1", name: "Eva") { name }
  }`
  assert.deepEqual(await ask(shopEngine(shop), query, { variables: { skip: true } }),
    { data: { first: { name: 'Ida' }, rename: { name: 'Eva' } } })
  assert.deepEqual(shop.log, ['rename Ida', 'rename Eva'])
})

test('a fragment counts where it is included, even if it is excluded elsewhere', async () => {
  const query = `query ($no: Boolean!) {
    user(id: "1") { ...F @include(if: $no) ...F @skip(if: $no) } other: user(id: "2") { ...F @include(if: $no) }
  } fragment F on User { name }`
  assert.deepEqual(await ask(shopEngine(newShop()), query, { variables: { no: false } }),
    { data: { user: { name: 'Ada' }, other: {} } })
})

test('input types that contain themselves work in process, with their defaults', async () => {
  const typeDefs = `input Filter { and: [Filter!] not: Filter minimum: Int = 3 } type Query { found(filter: Filter): String }`
  const engine = createEngine({
    supergraphSdl: composeSubgraphs([{ name: 'search', typeDefs }]).supergraphSdl,
    subgraphs: new Map([['search', inProcessSubgraph({ schema: buildSubgraph({ typeDefs, resolvers: {
      Query: { found: (_: unknown, { filter }: { filter: unknown }) => JSON.stringify(filter) },
    } }) })]]),
  })
  const expected = '{"and":[{"not":{"minimum":1},"minimum":3}],"minimum":3}'
  assert.deepEqual(await ask(engine, '{ found(filter: { and: [{ not: { minimum: 1 } }] }) }'), { data: { found: expected } })
  assert.deepEqual(await ask(engine, 'query ($filter: Filter) { found(filter: $filter) }',
    { variables: { filter: { and: { not: { minimum: 1 } } } } }), { data: { found: expected } })
  await engine.close()
})

test('a subgraph that is down costs its fields only, and the error names it and nothing of its inside', async () => {
  const reviews: SubgraphTransport = {
    execute: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:4001')),
    subscribe: () => Promise.reject(new Error('unused')),
  }
  const engine = shopEngine(newShop(), { reviews })
  assert.deepEqual(await ask(engine, '{ user(id: "1") { name friend { name } } }'), {
    errors: [{
      message: 'The subgraph "reviews" could not be asked.',
      path: ['user', 'friend'],
      extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'reviews' },
    }],
    data: { user: { name: 'Ada', friend: null } },
  })
  const nonNull = await ask(engine, '{ user(id: "1") { name score } reviews { id } }')
  assert.deepEqual(nonNull.errors?.map(({ path }) => path), [['reviews'], ['user', 'score']])
  assert.equal(nonNull.data, null)
})

test('the words of unexpected errors stay inside; errors meant for clients pass', async () => {
  const shop = newShop()
  const hidden: unknown[] = []
  const users = inProcessSubgraph({ schema: usersSchema(shop), onError: (error) => hidden.push(error) })
  assert.deepEqual(await ask(shopEngine(shop, { users }), '{ reviews { author { broken } } }'), {
    errors: [0, 1, 2].map((index) => ({
      message: 'Internal server error.',
      path: ['reviews', index, 'author', 'broken'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', serviceName: 'users' },
    })),
    data: { reviews: [{ author: { broken: null } }, { author: { broken: null } }, { author: { broken: null } }] },
  })
  assert.match(String(hidden[0]), /password/)
  assert.deepEqual((await ask(shopEngine(shop), '{ user(id: "1") { refused } }')).errors, [{
    message: 'You may not see this.', path: ['user', 'refused'], extensions: { code: 'FORBIDDEN', serviceName: 'users' },
  }])
})

test('a null that may not be climbs to the next place that may, with one error', async () => {
  const engine = shopEngine(newShop())
  assert.deepEqual(await ask(engine, '{ reviews { text author { name strict } } user(id: "1") { friend { strict } } }'), {
    errors: [
      ...[0, 1, 2].map((index) => ({
        message: 'Cannot return null for non-nullable field User.strict.',
        path: ['reviews', index, 'author', 'strict'],
        extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'users' },
      })),
    ].concat([{
      message: 'Cannot return null for non-nullable field User.strict.',
      path: ['user', 'friend', 'strict'],
      extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'users' },
    }] as never),
    data: null,
  })
})

test('an entity that is gone leaves nulls and says so where none may be', async () => {
  const shop = newShop()
  shop.reviews.push({ id: 'r4', text: 'ghost', authorId: '9' })
  const engine = shopEngine(shop)
  assert.deepEqual(await ask(engine, '{ reviews { text author { id name } } }').then(({ data, errors }) =>
    [(data?.reviews as unknown[])[3], errors]), [{ text: 'ghost', author: { id: '9', name: null } }, undefined])
  const { data, errors } = await ask(engine, '{ reviews { author { strict } } }')
  assert.equal(data, null)
  assert.equal(errors?.at(-1)?.message, 'Cannot return null for non-nullable field User.strict.')
})

test('scalars that are JSON objects pass as they are, even frozen ones', async () => {
  const shop = newShop()
  assert.deepEqual(await ask(shopEngine(shop), '{ reviews { author { settings } } users { settings } }'), { data: {
    reviews: [0, 1, 2].map(() => ({ author: { settings: { theme: 'dark', list: [1, { a: null }] } } })),
    users: [0, 1].map(() => ({ settings: { theme: 'dark', list: [1, { a: null }] } })),
  } })
})

test('skips and includes by variables, with one plan', async () => {
  const engine = shopEngine(newShop())
  const query = 'query ($with: Boolean!) { user(id: "1") { name @skip(if: $with) score @include(if: $with) } }'
  assert.deepEqual(await ask(engine, query, { variables: { with: true } }), { data: { user: { score: 2 } } })
  assert.deepEqual(await ask(engine, query, { variables: { with: false } }), { data: { user: { name: 'Ada' } } })
  assert.equal(engine.stats().plans, 1)
})

test('what a request excludes reports nothing, though the planner asks for it by way of what is provided', async () => {
  const typeDefs = {
    items: `${link} type Item @key(fields: "id") { id: ID! owner: Owner @provides(fields: "name") } type Owner @key(fields: "id") { id: ID! name: ID @external }
      type Query { item: Item! }`,
    owners: `${link} type Owner @key(fields: "id") { id: ID! name: ID @shareable }`,
    codes: `${link} type Owner @key(fields: "id") { id: ID! code: String! }`,
  }
  const resolvers: Record<string, object> = {
    items: { Query: { item: () => ({ id: '1' }) }, Item: { owner: () => { throw new Error('Nobody owns it.') } } },
  }
  const { supergraphSdl } = composeSubgraphs(Object.entries(typeDefs).map(([name, sdl]) => ({ name, url: 'http://localhost', typeDefs: sdl })))
  const engine = createEngine({ supergraphSdl, subgraphs: new Map(Object.entries(typeDefs).map(([name, sdl]) =>
    [name, inProcessSubgraph({ schema: buildSubgraph({ typeDefs: sdl, resolvers: resolvers[name] }) })])) })
  const query = 'query ($no: Boolean!) { item { id owner @skip(if: $no) { id code a: name __typename } } }'
  assert.deepEqual(await ask(engine, query, { variables: { no: true } }), { data: { item: { id: '1' } } })
  const { data, errors } = await ask(engine, query, { variables: { no: false } })
  assert.deepEqual(data, { item: { id: '1', owner: null } })
  assert.deepEqual(errors?.map(({ path }) => path), [['item', 'owner']])
  await engine.close()
})

test('what is excluded in every request is not planned', async () => {
  const engine = shopEngine(newShop())
  assert.deepEqual(await ask(engine, '{ users @skip(if: true) { id } }'), { data: {} })
  assert.deepEqual(await ask(engine, '{ users { score @include(if: false) } reviews { ...F } } fragment F on Review { id @skip(if: true) }'),
    { data: { users: [{}, {}], reviews: [{}, {}, {}] } })
})

test('answers introspection from the client schema, beside data', async () => {
  const engine = shopEngine(newShop())
  const { data, errors } = await ask(engine, `{ __typename __type(name: "User") { description fields { name } } users(first: 1) { id } }`)
  assert.equal(errors, undefined)
  assert.deepEqual(data, {
    __typename: 'Query',
    __type: { description: 'A person.', fields: ['id', 'reviews', 'score', 'friend', 'name', 'settings', 'broken', 'refused', 'strict', 'best']
      .map((name) => ({ name })) },
    users: [{ id: '1' }],
  })
  const aliased = await ask(engine, '{ id: __type(name: "User") { id: name text: kind _x: fields { ...F } } } fragment F on __Field { score: name }')
  assert.deepEqual(aliased, { data: { id: {
    id: 'User', text: 'OBJECT', _x: (data?.__type as { fields: { name: string }[] }).fields.map(({ name }) => ({ score: name })),
  } } }, 'under other names')
  const whole = await ask(engine, getIntrospectionQuery())
  const names = (whole.data as { __schema: { types: { name: string }[] } }).__schema.types.map(({ name }) => name)
  assert.ok(names.includes('Review') && !names.some((name) => /^(_Entity|_Any|_Service|join__|link__|federation__)/.test(name)))
})

test('each event of a subscription comes with the fields of other subgraphs', async () => {
  const shop = newShop()
  const ended: string[] = []
  shop.renamed = (async function* () {
    try {
      yield { userRenamed: { id: '1', name: 'Eva' } }
      yield { userRenamed: { id: '2', name: 'Ben' } }
      yield { userRenamed: null }
    } finally {
      ended.push('source')
    }
  })()
  const stream = await shopEngine(shop).subscribe({
    document: parse('subscription { userRenamed { name score reviews { text author { name } } } }'),
  })
  assert.ok(Symbol.asyncIterator in stream)
  const first = await stream.next()
  assert.deepEqual(json(first), { done: false, value: { data: { userRenamed: {
    name: 'Eva', score: 2, reviews: [{ text: 'good', author: { name: 'Ada' } }, { text: 'bad', author: { name: 'Ada' } }],
  } } } })
  assert.deepEqual(json((await stream.next()).value), { data: { userRenamed: {
    name: 'Ben', score: 1, reviews: [{ text: 'fine', author: { name: 'Bob' } }],
  } } })
  assert.deepEqual(json((await stream.next()).value), { data: { userRenamed: null } })
  await stream.return?.()
  assert.deepEqual(ended, ['source'])
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
})

test('a source that fails ends the subscription with an error that tells nothing of its inside', async () => {
  const shop = newShop()
  shop.renamed = (async function* () {
    yield { userRenamed: { id: '1' } }
    throw new Error('broker 10.0.0.7 is gone')
  })()
  const stream = await shopEngine(shop).subscribe({ document: parse('subscription { userRenamed { id score } }') })
  assert.ok(Symbol.asyncIterator in stream)
  const results: unknown[] = []
  for await (const result of stream) results.push(json(result))
  assert.deepEqual(results, [
    { data: { userRenamed: { id: '1', score: 2 } } },
    { errors: [{
      message: 'The subgraph "users" could not be asked.',
      extensions: { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'users' },
    }] },
  ])
})

test('leaving a subscription while it waits for an event ends the source', async () => {
  const shop = newShop()
  let returned = false
  shop.renamed = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<unknown>>(() => { /* nothing ever comes */ }),
      return: async () => {
        returned = true
        return { done: true, value: undefined }
      },
    }),
  }
  const leave = new AbortController()
  const stream = await shopEngine(shop).subscribe({
    document: parse('subscription { userRenamed { id } }'), signal: leave.signal,
  })
  assert.ok(Symbol.asyncIterator in stream)
  void stream.next()
  leave.abort()
  await Promise.resolve()
  assert.equal(returned, true)
})

test('resolves the selection of a subscription for an event at hand', async () => {
  const engine = shopEngine(newShop())
  const document = parse('subscription ($id: ID) { userRenamed(id: $id) { name score } }')
  const run = await engine.prepareSubscription({ document })
  assert.ok('resolve' in run)
  assert.deepEqual(json(await run.resolve({ userRenamed: { id: '2', name: 'Ben' } })),
    { data: { userRenamed: { name: 'Ben', score: 1 } } })
})

test('an operation that is not there, is of the wrong kind or does not plan is an error and not an exception', async () => {
  const engine = shopEngine(newShop())
  const messages = async (query: string, rest: Omit<EngineRequest, 'document'> = {}) =>
    (await ask(engine, query, rest)).errors?.map(({ message }) => message)
  assert.deepEqual(await messages('query A { users { id } }', { operationName: 'B' }), ['Unknown operation named "B".'])
  assert.deepEqual(await messages('query A { users { id } } query B { users { id } }'),
    ['The document has several operations; set operationName to the one to run.'])
  assert.deepEqual(await messages('subscription { userRenamed { id } }'),
    ['A subscription has to be subscribed to; it cannot be executed.'])
  assert.deepEqual(await messages('{ users { __proto__: id } }'),
    ['The response key "__proto__" cannot be answered with; choose another alias.'])
  assert.deepEqual(await messages('{ nothing }'), ['The operation could not be planned over the subgraphs.'])
  const refused = await engine.subscribe({ document: parse('{ users { id } }') })
  assert.ok('errors' in refused)
  assert.equal(refused.errors?.[0]?.message, 'Only a subscription can be subscribed to.')
})

test('the answers of subgraphs are never changed', async () => {
  const shop = newShop()
  const freeze = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
    return value
  }
  const frozen = (transport: SubgraphTransport): SubgraphTransport => ({
    ...transport, execute: async (request) => freeze(await transport.execute(request)) as ExecutionResult,
  })
  const engine = shopEngine(shop, {
    users: frozen(inProcessSubgraph({ schema: usersSchema(shop) })),
    reviews: frozen(inProcessSubgraph({ schema: reviewsSchema(shop) })),
  })
  const { errors } = await ask(engine, '{ reviews { author { id: name settings friend { name reviews { text author { score } } } } } }')
  assert.equal(errors, undefined)
})
