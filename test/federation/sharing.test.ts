import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { parse, type ExecutionResult } from 'graphql'
import {
  createEngine, inProcessSubgraph, SubgraphFailure, type Engine, type EngineRequest,
} from '../../federation/index.ts'
import { UnusableAnswer } from '../../federation/errors.ts'
import { GatedSubgraph } from './gated.ts'
import { newShop, reviewsSchema, shopSupergraph, usersSchema } from './shop.ts'

interface Options {
  sharing?: 'inFlight' | 'off'
  /** Which of the subgraphs is in this process. */
  coLocated?: ('users' | 'reviews')[]
}

const setUp = ({ sharing, coLocated = [] }: Options = {}) => {
  const shop = newShop()
  const schemas = { users: usersSchema(shop), reviews: reviewsSchema(shop) }
  const users = new GatedSubgraph(schemas.users)
  const reviews = new GatedSubgraph(schemas.reviews)
  const engine = createEngine({
    supergraphSdl: shopSupergraph(),
    sharing,
    subgraphs: new Map(Object.entries({ users, reviews }).map(([name, gated]) =>
      [name, coLocated.includes(name as 'users') ? inProcessSubgraph({ schema: schemas[name as 'users'] }) : gated])),
  })
  return { shop, users, reviews, engine }
}

const key = (name: string) => ({ sharing: { key: name } })
const execute = (engine: Engine, query: string, rest: Omit<EngineRequest, 'document'> = key('a')) =>
  engine.execute({ document: parse(query), ...rest })
const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
/** Everything that can go on without an answer has gone on: plans are known, calls are made. */
const settled = async () => { for (let turns = 0; turns < 5; turns++) await turn() }
/** Plans come from another process: only what is planned begins in the same turn. */
const warm = async ({ engine, users, reviews }: ReturnType<typeof setUp>, ...queries: (string | { query: string, variables: object })[]) => {
  for (const gated of [users, reviews]) gated.open()
  for (const one of queries) {
    if (typeof one === 'string') await execute(engine, one, {})
    else await execute(engine, one.query, { variables: { ...one.variables } })
  }
  for (const gated of [users, reviews]) gated.hold().requests.length = 0
}

const names = '{ users { name } }'

test('equal queries under way are one execution with one result, which nobody can change', async () => {
  const { engine, users } = setUp()
  const first = execute(engine, names)
  const call = await users.next()
  const second = execute(engine, 'query Other { users { name } }')
  await settled()
  call.answer()
  assert.equal(await first, await second)
  assert.deepEqual(json(await first), { data: { users: [{ name: 'Ada' }, { name: 'Bob' }] } })
  assert.equal(users.requests.length, 1)
  const result: { data?: unknown } = await first
  assert.throws(() => { result.data = null }, TypeError)
  const third = execute(engine, names);
  (await users.next()).answer()
  assert.notEqual(await third, await first, 'what is complete is not kept')
  assert.ok(!Object.isFrozen(await third), 'nobody else has it')
})

test('nothing is shared between keys, headers, variables, or without a key, or when it is switched off', async () => {
  const cases: [string, Omit<EngineRequest, 'document'>][] = [
    [names, {}], [names, key('a')], [names, key('b')],
    [names, { ...key('a'), headers: { authorization: 'one' } }], [names, { ...key('a'), headers: { authorization: 'two' } }],
    ['query ($n: Int) { users(first: $n) { name } }', { ...key('a'), variables: { n: 1 } }],
    ['query ($n: Int) { users(first: $n) { name } }', { ...key('a'), variables: { n: 2 } }],
  ]
  const { engine, users } = setUp()
  users.open()
  await Promise.all(cases.map(([query, rest]) => execute(engine, query, rest)))
  assert.equal(users.requests.length, cases.length)

  const off = setUp({ sharing: 'off' })
  off.users.open()
  await Promise.all([execute(off.engine, names), execute(off.engine, names)])
  assert.equal(off.users.requests.length, 2)
})

test('headers that are equal but for their order are equal', async () => {
  const { engine, users } = setUp()
  const both = [{ a: '1', b: '2' }, { b: '2', a: '1' }].map((headers) => execute(engine, names, { ...key('a'), headers }))
  await settled();
  (await users.next()).answer()
  const [one, other] = await Promise.all(both)
  assert.equal(one, other)
  assert.deepEqual(users.requests[0]!.headers, { a: '1', b: '2' })
  assert.equal(users.requests[0]!.context, undefined, 'a shared call has the context of none of its requests')
})

test('queries over a co-located subgraph are shared only with a context of their own', async () => {
  const seen: unknown[] = []
  const { engine, reviews } = setUp({ coLocated: ['users'] })
  const query = '{ users { name score } }'
  const alone = [execute(engine, query, { ...key('a'), context: 1 }), execute(engine, query, { ...key('a'), context: 2 })]
  await settled();
  (await reviews.next()).answer()
  const [one, other] = await Promise.all(alone)
  assert.notEqual(one, other)
  assert.deepEqual(json(one), json(other))
  assert.equal(reviews.requests.length, 1, 'the remote part of it is shared')
  assert.equal(reviews.requests[0]!.context, undefined)

  const context = (signal: AbortSignal) => seen.push(signal)
  const leaving = [new AbortController(), new AbortController()]
  const shared = leaving.map(({ signal }) => execute(engine, query, { sharing: { key: 'a', context }, signal }))
  const call = await reviews.next()
  assert.equal(seen.length, 1)
  leaving[0]!.abort()
  assert.equal((seen[0] as AbortSignal).aborted, false)
  leaving[1]!.abort()
  assert.equal((seen[0] as AbortSignal).aborted, true, 'ends with the last who waits')
  assert.equal(call.request.signal?.aborted, true)
  for (const result of await Promise.all(shared)) assert.equal(result.errors?.[0]?.extensions.code, 'REQUEST_CANCELLED')
})

test('who leaves a shared query is answered at once; the others get theirs', async () => {
  const { engine, users } = setUp()
  const leave = new AbortController()
  const left = execute(engine, names, { ...key('a'), signal: leave.signal })
  const call = await users.next()
  const stayed = execute(engine, names, { ...key('a'), signal: new AbortController().signal })
  await settled()
  leave.abort()
  assert.deepEqual(json(await left), { errors: [{ message: 'The request was cancelled.', extensions: { code: 'REQUEST_CANCELLED' } }] })
  assert.equal(call.request.signal?.aborted, false)
  call.answer()
  assert.deepEqual((await stayed).errors, undefined)
  const late = await execute(engine, names, { ...key('a'), signal: leave.signal })
  assert.equal(late.errors?.[0]?.extensions.code, 'REQUEST_CANCELLED')
  assert.equal(users.requests.length, 1)
})

test('nobody joins a query that everybody has left', async () => {
  const { engine, users } = setUp()
  const leave = new AbortController()
  const left = execute(engine, names, { ...key('a'), signal: leave.signal })
  await users.next()
  leave.abort()
  const next = execute(engine, names);
  (await users.next()).answer()
  assert.equal((await next).errors, undefined)
  await left
})

test('mutations are never shared, nor anything within them', async () => {
  const { engine, users, reviews, shop } = setUp()
  users.open()
  const rename = 'mutation { rename(id: "1", name: "Eve") { score } }'
  const query = execute(engine, '{ user(id: "1") { score } }')
  const call = await reviews.next()
  const both = [execute(engine, rename), execute(engine, rename)]
  const calls = [await reviews.next(), await reviews.next()]
  for (const one of [call, ...calls]) one.answer()
  await Promise.all([query, ...both])
  assert.deepEqual(shop.log.filter((line) => line.startsWith('rename')), ['rename Eve', 'rename Eve'])
  assert.deepEqual(reviews.ids, [['1'], ['1'], ['1']])
})

const writes = async (mutation: Omit<EngineRequest, 'document'>, query: string, service: 'users' | 'reviews') => {
  const parts = setUp()
  const { engine } = parts
  const gated = parts[service]
  if (service === 'reviews') parts.users.open()
  const before = execute(engine, query)
  const old = await gated.next()
  const write = execute(engine, 'mutation { review(author: "1", text: "new") { id } }', mutation)
  if (service === 'reviews') (await gated.next()).answer()
  else (await parts.reviews.next()).answer()
  await write
  const after = execute(engine, query)
  await settled()
  const calls = gated.requests.filter(({ kind }) => kind === 'query').length
  old.answer()
  gated.open()
  await Promise.all([before, after])
  return calls
}

for (const [level, query, service] of [
  ['operation or root call', '{ users { name } }', 'users'], ['entity', '{ user(id: "1") { score } }', 'reviews'],
] as const) {
  test(`a query joins no ${level} that began before a mutation of its key was answered`, async () => {
    assert.equal(await writes(key('a'), query, service), 2)
    assert.equal(await writes({}, query, service), 2, 'without a key it may be anybody\'s')
    assert.equal(await writes(key('b'), query, service), 1)
  })
}

test('equal root calls of different queries are one', async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  await warm(parts, '{ users { id } reviews { text } }')
  const one = execute(engine, '{ users { id } }')
  const call = await users.next()
  const other = execute(engine, '{ users { id } reviews { text } }')
  await settled()
  call.answer();
  (await reviews.next()).answer()
  assert.deepEqual(json((await one).data?.users), json((await other).data?.users))
  assert.equal(users.requests.length, 1)
})

test('queries under way that differ in some root fields share the others', async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  const query = 'query ($n: Int) { users(first: $n) { name } reviews { text } __typename }'
  await warm(parts, '{ reviews { text } }', 'query ($n: Int) { users(first: $n) { name } }', query)
  const ask = (n: number, name = 'a') => execute(engine, query, { ...key(name), variables: { n } })
  const asked = [ask(1), ask(2), ask(0), ask(0, 'b')]
  await settled()
  for (const gated of [users, reviews]) gated.open()
  const [, two, none] = await Promise.all(asked)
  assert.equal(JSON.stringify(two?.data?.users), '[{"name":"Ada"},{"name":"Bob"}]')
  assert.equal(JSON.stringify(none), JSON.stringify({ data: {
    users: [], reviews: [{ text: 'good' }, { text: 'bad' }, { text: 'fine' }], __typename: 'Query',
  } }))
  assert.equal(two?.data?.reviews, none?.data?.reviews)
  assert.deepEqual([users.requests.length, reviews.requests.length], [4, 2], 'another scope shares nothing')
})

test('a query that is alone is not taken apart: one call brings two fields', async () => {
  const parts = setUp()
  const { engine, users } = parts
  const query = 'query ($n: Int) { users(first: $n) { name } user(id: "1") { name } }'
  await warm(parts, 'query ($n: Int) { users(first: $n) { name } }', '{ user(id: "1") { name } }', query)
  users.open()
  await execute(engine, query, { ...key('a'), variables: { n: 1 } })
  await execute(engine, query, { ...key('a'), variables: { n: 2 } })
  assert.equal(users.requests.length, 2)
})

test('a root call that is answered is not joined while others of its subgraph are under way', async () => {
  const parts = setUp()
  const { engine, users } = parts
  const other = '{ users { name settings } }'
  await warm(parts, names, other)
  const slow = execute(engine, other)
  const kept = await users.next()
  for (let times = 0; times < 2; times++) {
    const quick = execute(engine, names);
    (await users.next()).answer()
    assert.equal((await quick).errors, undefined)
  }
  kept.answer()
  await slow
  assert.equal(users.requests.length, 3)
})

test('co-located subgraphs see the context of each request', async () => {
  const shop = newShop()
  const users = inProcessSubgraph({ schema: usersSchema(shop) })
  const seen: unknown[] = []
  const engine = createEngine({ supergraphSdl: shopSupergraph(), subgraphs: new Map([
    ['reviews', inProcessSubgraph({ schema: reviewsSchema(shop) })],
    ['users', { ...users, execute: (request) => { seen.push(request.context); return users.execute(request) } }],
  ]) })
  const query = '{ reviews { author { name } } }'
  await Promise.all(['one', 'other'].map((context) => execute(engine, query, { ...key('a'), context })))
  assert.deepEqual(seen, ['one', 'other'])
})

const different = 'query ($id: ID!, $n: Int) { user(id: $id) { score } again: users(first: $n) { id } }'
const scoreOf = (id: string) => `{ user(id: "${id}") { score } }`

test('entities of several queries are asked for in one call, each once, and each gets its own', async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  await warm(parts, { query: different, variables: { id: '1' } })
  users.open()
  // Equal queries would be one.
  const asked = ['1', '2', '1', '2'].map((id, index) =>
    execute(engine, different, { ...key('a'), variables: { id, n: index } }))
  await settled();
  (await reviews.next()).answer()
  assert.deepEqual((await Promise.all(asked)).map(({ data }) => (data?.user as { score: number }).score), [2, 1, 2, 1])
  assert.deepEqual(reviews.ids, [['1', '2']])
})

test('an entity that is asked for already is waited for; only the others are sent', async () => {
  const { engine, users, reviews } = setUp()
  users.open()
  const one = execute(engine, scoreOf('1'))
  const first = await reviews.next()
  const both = execute(engine, '{ users { score } }')
  const second = await reviews.next()
  assert.deepEqual(reviews.ids, [['1'], ['2']])
  second.answer()
  await settled()
  first.answer()
  assert.deepEqual(json(await both), { data: { users: [{ score: 2 }, { score: 1 }] } })
  assert.deepEqual(json(await one), { data: { user: { score: 2 } } })
  const later = execute(engine, scoreOf('1'));
  (await reviews.next()).answer()
  await later
  assert.deepEqual(reviews.ids, [['1'], ['2'], ['1']], 'what is complete is not kept')
})

test('within one request an entity is asked for once, even without a key', async () => {
  const { engine, users, reviews } = setUp({ sharing: 'off' })
  users.open()
  const result = execute(engine, '{ users { score } user(id: "1") { best { score } score } }', {})
  const calls = [await reviews.next()]
  for (const call of calls) call.answer()
  assert.equal((await result).errors, undefined)
  assert.deepEqual(reviews.ids.flat().sort(), ['1', '2'])
})

test('one scope\'s entities are never in another\'s call', async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  await warm(parts, scoreOf('1'))
  users.open()
  const asked = ['a', 'b', 'a', undefined].map((name) => execute(engine, scoreOf('1'), name === undefined ? {} : key(name)))
  await settled()
  reviews.open()
  await Promise.all(asked)
  assert.equal(reviews.requests.length, 3)
})

test('errors of an entity go to those who asked for it, at their own paths', async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  await warm(parts, '{ one: reviews { author { name } } }')
  reviews.open()
  const one = execute(engine, '{ reviews { author { name } } }')
  await settled()
  const errors = [{ message: 'secret of 2', path: ['_entities', 1, 'name'] }]
  const entities = [{ __typename: 'User', name: 'Ada' }, { __typename: 'User', name: null }]
  const call = await users.next()
  assert.deepEqual(users.ids, [['1', '2']])
  const other = execute(engine, '{ one: reviews { author { name } } }')
  await settled()
  call.answer({ data: { _entities: entities }, errors } as unknown as ExecutionResult)
  assert.deepEqual((await one).errors?.map(({ path }) => path?.join('.')), ['reviews.2.author.name'])
  assert.deepEqual((await other).errors?.map(({ path }) => path?.join('.')), ['one.2.author.name'])
  assert.equal(users.requests.length, 1)
})

const twoInOneCall = async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  await warm(parts, scoreOf('1'))
  users.open()
  const asked = [execute(engine, scoreOf('1')), execute(engine, scoreOf('2'))]
  await settled()
  const call = await reviews.next()
  assert.deepEqual(reviews.ids, [['1', '2']])
  return { ...parts, asked, call }
}

test('when a call for several fails as a whole by what it asked for, each is asked again alone', async () => {
  const unusable: ((call: Awaited<ReturnType<typeof twoInOneCall>>['call']) => void)[] = [
    (call) => call.answer({ errors: [{ message: 'user 2 is broken' }], data: null } as unknown as ExecutionResult),
    (call) => call.answer({ errors: [{ message: 'no', path: ['_entities', 1] }], data: null } as unknown as ExecutionResult),
    (call) => call.answer({ data: { _entities: [] } }),
    (call) => call.fail(new UnusableAnswer('answered with HTTP status 413')),
  ]
  for (const end of unusable) {
    const { asked, call, reviews } = await twoInOneCall()
    end(call)
    const [mine, other] = [await reviews.next(), await reviews.next()]
    mine.answer()
    other.answer({ errors: [{ message: 'user 2 is broken' }], data: null } as unknown as ExecutionResult)
    assert.deepEqual(json(await asked[0]), { data: { user: { score: 2 } } }, 'the other\'s failure is none of its own')
    assert.match((await asked[1]!).errors?.[0]?.message ?? '', /user 2 is broken/)
    assert.deepEqual(reviews.ids, [['1', '2'], ['1'], ['2']])
  }
})

test('when the subgraph cannot be asked, it is not asked again for each', async () => {
  const { asked, call, reviews } = await twoInOneCall()
  call.fail(new SubgraphFailure('did not answer within 10 ms'))
  for (const result of await Promise.all(asked)) assert.match(result.errors?.[0]?.message ?? '', /did not answer within 10 ms/)
  assert.equal(reviews.requests.length, 1)
})

test('who leaves a batch is answered at once, the others get theirs, and the last one ends it', async () => {
  const parts = setUp()
  const { engine, users, reviews } = parts
  await warm(parts, scoreOf('1'))
  users.open()
  const leaving = ['1', '2', '2'].map(() => new AbortController())
  const start = () => ['1', '2'].map((id, index) => execute(engine, scoreOf(id), { ...key('a'), signal: leaving[index]!.signal }))
  const asked = start()
  await settled()
  const call = await reviews.next()
  leaving[0]!.abort()
  assert.equal((await asked[0]!).data?.user, undefined)
  assert.equal(call.request.signal?.aborted, false)
  call.answer()
  assert.deepEqual(json(await asked[1]), { data: { user: { score: 1 } } })

  const alone = execute(engine, scoreOf('2'), { ...key('a'), signal: leaving[2]!.signal })
  const last = await reviews.next()
  leaving[2]!.abort()
  assert.equal(last.request.signal?.aborted, true)
  assert.ok((await alone).errors)
  const next = execute(engine, scoreOf('2'));
  (await reviews.next()).answer()
  assert.deepEqual(json(await next), { data: { user: { score: 1 } } }, 'nobody joins a call that was given up')
})

test('who leaves a batch of queries that are not shared themselves is answered at once, too', async () => {
  const { engine, reviews } = setUp({ coLocated: ['users'] })
  const leave = new AbortController()
  const left = execute(engine, '{ users { score } }', { ...key('a'), signal: leave.signal })
  const call = await reviews.next()
  const stayed = execute(engine, '{ users { score } }')
  await settled()
  leave.abort()
  assert.match((await left).errors?.[0]?.message ?? '', /was not waited for: the request was cancelled/)
  assert.equal(call.request.signal?.aborted, false)
  call.answer()
  assert.deepEqual(json(await stayed), { data: { users: [{ score: 2 }, { score: 1 }] } })
  assert.equal(reviews.requests.length, 1)
})

test('a batch that everybody left before it was sent is not sent', async () => {
  const { engine, users, reviews } = setUp()
  const leave = new AbortController()
  const asked = execute(engine, scoreOf('1'), { ...key('a'), signal: leave.signal });
  (await users.next()).answer()
  // The answer has come, the event loop has not turned: the batch gathers.
  for (let ticks = 0; ticks < 20; ticks++) await Promise.resolve()
  leave.abort()
  assert.ok((await asked).errors)
  await settled()
  assert.equal(reviews.requests.length, 0)
})

test('calls are split at a thousand entities', async () => {
  const { engine, users, reviews, shop } = setUp()
  for (let id = 3; id <= 2500; id++) shop.users.set(`${id}`, { id: `${id}`, name: `user ${id}` })
  users.open()
  reviews.open()
  const { data, errors } = await execute(engine, '{ users(first: 2500) { id score } }')
  assert.equal(errors, undefined)
  assert.deepEqual(reviews.ids.map(({ length }) => length), [1000, 1000, 500])
  assert.deepEqual((data?.users as { id: string, score: number }[]).slice(0, 3).map(({ score }) => score), [2, 1, 0])
})

test('what is fetched for an event is not what was asked for before it', async () => {
  const { engine, users, reviews, shop } = setUp()
  users.open()
  const events = Promise.withResolvers<void>()
  shop.renamed = (async function* () {
    await events.promise
    yield { userRenamed: { id: '1', name: 'Ada' } }
  })()
  const query = execute(engine, scoreOf('1'))
  const before = await reviews.next()
  const stream = await engine.subscribe({ document: parse('subscription { userRenamed { score } }'), ...key('a') })
  assert.ok(Symbol.asyncIterator in stream)
  const next = stream.next()
  events.resolve()
  const after = await reviews.next()
  after.answer()
  assert.deepEqual(json((await next).value), { data: { userRenamed: { score: 2 } } })
  before.answer()
  await query
  await stream.return?.()
})
