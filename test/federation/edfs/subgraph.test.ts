import assert from 'node:assert/strict'
import { test } from 'node:test'
import { execute, parse, type ExecutionResult } from 'graphql'
import {
  buildSubgraph, codes, composeSubgraphs, createEngine, eventSubgraph, httpSubgraph, inProcessSubgraph, type Engine,
  type SubgraphTransport,
} from '../../../federation/index.ts'
import { bodyOf, listening } from '../streaming-servers.ts'
import { MemorySource } from './memory-source.ts'

const streamsSdl = `
  scalar JSON
  input Choice { ids: [ID!] kinds: [String!] }
  interface Thing { id: ID! }
  type Employee implements Thing @key(fields: "id", resolvable: false) {
    id: ID! kind: String @shareable detail: JSON @shareable
  }
  type Product implements Thing @key(fields: "id", resolvable: false) { id: ID! }
  union Any = Employee | Product
  type Subscription {
    all: Employee! @edfs__kafkaSubscribe(topics: ["one", "two"])
    one(id: ID): Employee @edfs__kafkaSubscribe(topics: ["one"])
      @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: ["{{ args.id }}"] } })
    chosen(choice: Choice!): Employee @edfs__kafkaSubscribe(topics: ["one"]) @openfed__subscriptionFilter(condition: {
      AND: [{ IN: { fieldPath: "id", values: ["{{ args.choice.ids }}"] } }, { NOT: { IN: { fieldPath: "kind", values: ["{{ args.choice.kinds }}"] } } }]
    })
    own(id: ID!): Employee @edfs__kafkaSubscribe(topics: ["own.{{ args.id }}.x"])
    thing: Thing @edfs__kafkaSubscribe(topics: ["one"])
    any: Any @edfs__kafkaSubscribe(topics: ["one"])
  }
  type Mutation {
    change(id: ID!, detail: JSON): edfs__PublishResult! @edfs__kafkaPublish(topic: "own.{{ args.id }}.x")
    tell(text: String = "hello"): edfs__PublishResult! @edfs__kafkaPublish(topic: "one")
  }
`

const employees = {
  name: 'employees',
  typeDefs: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
    scalar JSON
    type Employee @key(fields: "id") { id: ID! name: String kind: String @shareable detail: JSON @shareable }
    type Query { employee: Employee }`,
}

interface Setup extends AsyncDisposable {
  source: MemorySource
  engine: Engine
  problems: string[]
  asked: string[][]
}

const setup = (): Setup => {
  const source = new MemorySource()
  const problems: string[] = []
  const asked: string[][] = []
  const streams = eventSubgraph({
    name: 'streams', typeDefs: streamsSdl, sources: new Map([['default', source]]), report: ({ message }) => problems.push(message),
  })
  const schema = buildSubgraph({
    typeDefs: employees.typeDefs,
    resolvers: { Employee: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `Employee ${id}` }) } },
  })
  const inProcess = inProcessSubgraph({ schema })
  const engine = createEngine({
    supergraphSdl: composeSubgraphs([{ name: 'streams', typeDefs: streamsSdl }, employees]).supergraphSdl,
    subgraphs: new Map<string, SubgraphTransport>([['streams', streams], ['employees', { ...inProcess, execute: (request) => {
      asked.push((request.variables?.representations as { id: string }[]).map(({ id }) => id))
      return inProcess.execute(request)
    } }]]),
  })
  return { source, engine, problems, asked, [Symbol.asyncDispose]: () => engine.close() }
}

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const streamOf = async ({ engine }: Setup, query: string, variables?: Record<string, unknown>) => {
  const stream = await engine.subscribe({ document: parse(query), variables })
  assert.ok(Symbol.asyncIterator in stream, JSON.stringify(stream))
  return {
    stream,
    next: async () => json((await stream.next()).value),
    [Symbol.asyncDispose]: async () => { await stream.return?.() },
  }
}

const refusal = async ({ engine }: Setup, query: string, variables?: Record<string, unknown>) => {
  const result = await engine.subscribe({ document: parse(query), variables })
  assert.ok(!(Symbol.asyncIterator in result))
  return result.errors?.map(({ message, extensions }) => `${extensions.code as string}: ${message}`)
}

test('each event of every topic comes with the fields of other subgraphs', async () => {
  await using under = setup()
  await using all = await streamOf(under, 'subscription { all { id name kind detail } }')
  under.source.send('one', { __typename: 'Employee', id: 1, kind: 'a', detail: { deep: [1] }, more: 'is left out' })
  under.source.send('two', { id: '2' })
  assert.deepEqual(await all.next(), { data: { all: { id: '1', name: 'Employee 1', kind: 'a', detail: { deep: [1] } } } })
  assert.deepEqual(await all.next(), { data: { all: { id: '2', name: 'Employee 2', kind: null, detail: null } } })
})

test('events at hand ask a remote subgraph for their entities together, each for a state after it', async () => {
  const under = setup()
  await under.engine.close()
  const asked: string[][] = []
  const schema = buildSubgraph({
    typeDefs: employees.typeDefs,
    resolvers: { Employee: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `Employee ${id}` }) } },
  })
  await using server = await listening(async (request, response) => {
    const { query, variables } = JSON.parse(await bodyOf(request)) as { query: string, variables: { representations: { id: string }[] } }
    asked.push(variables.representations.map(({ id }) => id))
    response.end(JSON.stringify(await execute({ schema, document: parse(query), variableValues: variables })))
  })
  const source = new MemorySource()
  const engine = createEngine({
    supergraphSdl: composeSubgraphs([{ name: 'streams', typeDefs: streamsSdl }, employees]).supergraphSdl,
    subgraphs: new Map<string, SubgraphTransport>([
      ['streams', eventSubgraph({ name: 'streams', typeDefs: streamsSdl, sources: new Map([['default', source]]), report: () => {} })],
      ['employees', httpSubgraph({ url: server.url })],
    ]),
  })
  const all = await streamOf({ ...under, engine }, 'subscription { all { name } }')
  const events = Array.from({ length: 64 }, (_, index) => ({ id: index % 32 }))
  source.send('one', ...events)
  for (const { id } of events) assert.deepEqual(await all.next(), { data: { all: { name: `Employee ${id}` } } })
  assert.ok(asked.length <= 12, `${asked.length} calls`)
  assert.ok(asked.flat().length >= 32 && asked.flat().length <= 64)
  // A call that began before the event is not taken for it.
  const before = asked.length
  source.send('one', { id: 1 })
  await all.next()
  assert.deepEqual(asked.slice(before), [['1']])
  await all.stream.return?.()
  await engine.close()
})

test('a filter with a variable inside its argument passes what it shall and asks nothing for the rest', async () => {
  await using under = setup()
  await using literal = await streamOf(under, 'subscription { one(id: 7) { name } }')
  await using variable = await streamOf(under, 'subscription ($id: ID) { one(id: $id) { name } }', { id: '7' })
  await using inside = await streamOf(under, 'subscription ($id: ID!, $not: String!) { chosen(choice: { ids: [$id, 9], kinds: [$not] }) { name kind } }', { id: 7, not: 'b' })
  await using whole = await streamOf(under, 'subscription ($choice: Choice!) { chosen(choice: $choice) { name } }', { choice: { ids: ['7'] } })
  under.source.send('one', { id: 1 }, { id: 7, kind: 'b' }, { id: '9', kind: 'c' }, { id: '7' })
  for (const { next } of [literal, variable]) {
    assert.deepEqual(await next(), { data: { one: { name: 'Employee 7' } } })
    assert.deepEqual(await next(), { data: { one: { name: 'Employee 7' } } })
  }
  assert.deepEqual(await inside.next(), { data: { chosen: { name: 'Employee 9', kind: 'c' } } })
  assert.deepEqual(await inside.next(), { data: { chosen: { name: 'Employee 7', kind: null } } })
  assert.deepEqual(await whole.next(), { data: { chosen: { name: 'Employee 7' } } })
  assert.deepEqual(await whole.next(), { data: { chosen: { name: 'Employee 7' } } })
  assert.deepEqual([...new Set(under.asked.flat())].sort(), ['7', '9'], 'nothing is asked of 1')
})

test('a filter that could pass nothing is refused instead of being silent', async () => {
  await using under = setup()
  const words = 'BAD_USER_INPUT: The filter of "one" would pass nothing with these arguments. Give those that it compares with.'
  assert.deepEqual(await refusal(under, 'subscription { one { id } }'), [words])
  assert.deepEqual(await refusal(under, 'subscription { one(id: null) { id } }'), [words])
  assert.deepEqual(under.source.topics, [])
})

test('topics take arguments, which cannot lead elsewhere', async () => {
  await using under = setup()
  await using own = await streamOf(under, 'subscription ($id: ID!) { own(id: $id) { id } }', { id: 'a-1' })
  assert.deepEqual(under.source.topics, ['own.a-1.x'])
  under.source.send('own.a-2.x', { id: 'a-2' })
  under.source.send('own.a-1.x', { id: 'a-1' })
  assert.deepEqual(await own.next(), { data: { own: { id: 'a-1' } } })
  for (const id of ['', 'a.b', '*', 'a b', '../x', 'é']) {
    assert.match(String(await refusal(under, 'subscription ($id: ID!) { own(id: $id) { id } }', { id })), /^BAD_USER_INPUT: The argument "id" of "own"/, id)
  }
  assert.match(String(await refusal(under, 'subscription ($id: ID!) { own(id: $id) { id } }', { id: 'x'.repeat(244) })), /a topic's name of 250 characters; 249 are allowed/)
})

test('a field takes the events of its own types, abstract ones by their __typename', async () => {
  await using under = setup()
  await using all = await streamOf(under, 'subscription { all { id } }')
  await using thing = await streamOf(under, 'subscription { thing { __typename id ... on Employee { name } } }')
  await using any = await streamOf(under, 'subscription { any { __typename ... on Employee { name } ... on Product { id } } }')
  under.source.send('one', { __typename: 'Product', id: 1 }, { __typename: 'Stranger', id: 2 }, { __typename: 'Employee', id: 3 })
  assert.deepEqual(await all.next(), { data: { all: { id: '3' } } })
  assert.deepEqual(await thing.next(), { data: { thing: { __typename: 'Product', id: '1' } } })
  assert.deepEqual(await thing.next(), { data: { thing: { __typename: 'Employee', id: '3', name: 'Employee 3' } } })
  assert.deepEqual(await any.next(), { data: { any: { __typename: 'Product', id: '1' } } })
  assert.deepEqual(await any.next(), { data: { any: { __typename: 'Employee', name: 'Employee 3' } } })
})

test('an event without its key is an error of that event, and the next one comes', async () => {
  await using under = setup()
  await using all = await streamOf(under, 'subscription { all { id name } }')
  under.source.send('one', { kind: 'a' }, { id: 2 })
  assert.match(JSON.stringify(await all.next()), /Cannot return null for non-nullable field Employee\.id/)
  assert.deepEqual(await all.next(), { data: { all: { id: '2', name: 'Employee 2' } } })
})

test('a source that fails ends its subscriptions with an error, and the next one begins anew', async () => {
  await using under = setup()
  await using all = await streamOf(under, 'subscription { all { id } }')
  under.source.send('one', { id: 1 })
  under.source.fail('one', new Error('broker 10.0.0.7 is gone'))
  assert.deepEqual(await all.next(), { data: { all: { id: '1' } } })
  assert.deepEqual(await all.next(), { errors: [{
    message: 'The subgraph "streams" ended the subscription: its events could not be read any further.',
    extensions: { code: codes.lost, serviceName: 'streams' },
  }] })
  assert.deepEqual((await all.stream.next()).done, true)
  assert.deepEqual(under.problems, ['The topics one, two could not be read any further; a subscription ended.'])
  assert.deepEqual(under.source.topics, [])
  under.source.refuses = new Error('broker 10.0.0.7 is gone')
  assert.deepEqual(await refusal(under, 'subscription { all { id } }'), [`${codes.lost}: The events of "all" cannot be read.`])
  assert.deepEqual(under.source.topics, [])
  under.source.refuses = undefined
  await using again = await streamOf(under, 'subscription { all { id } }')
  under.source.send('two', { id: 2 })
  assert.deepEqual(await again.next(), { data: { all: { id: '2' } } })
})

test('closing the engine ends what runs with an error', async () => {
  const under = setup()
  const all = await streamOf(under, 'subscription { all { id } }')
  await under.engine.close()
  assert.match(JSON.stringify(await all.next()), /is not connected any more.*SUBSCRIPTION_LOST/)
  assert.deepEqual(under.source.topics, [])
})

test('a mutation publishes its arguments, keyed by what they are about', async () => {
  await using under = setup()
  await using own = await streamOf(under, 'subscription { own(id: 5) { id name detail } }')
  const run = async (query: string): Promise<ExecutionResult> => json(await under.engine.execute({ document: parse(query) })) as ExecutionResult
  assert.deepEqual(await run('mutation { change(id: 5, detail: { a: [1] }) { success } tell { success } }'),
    { data: { change: { success: true }, tell: { success: true } } })
  assert.deepEqual(under.source.published, [
    { topic: 'own.5.x', key: '5', value: { id: '5', detail: { a: [1] } } }, { topic: 'one', key: null, value: { text: 'hello' } },
  ])
  assert.deepEqual(await own.next(), { data: { own: { id: '5', name: 'Employee 5', detail: { a: [1] } } } })
  assert.match(JSON.stringify(await run('mutation { change(id: "a.b") { success } }')), /The argument \\"id\\" of \\"change\\".*BAD_USER_INPUT/)
  under.source.refuses = new Error('away')
  assert.deepEqual(await run('mutation { tell { success } }'), { data: { tell: { success: false } } })
  assert.deepEqual(under.problems, ['An event could not be published to the topic "one".'])
})

test('an event at hand is resolved once for all subscribers of one operation', async () => {
  await using under = setup()
  const document = parse('subscription ($id: ID) { one(id: $id) { id name } }')
  const run = await under.engine.prepareSubscription({ document, variables: { id: 1 } })
  assert.ok('resolve' in run)
  assert.deepEqual(json(await run.resolve({ value: { __typename: 'Employee', id: 1 } })),
    { data: { one: { id: '1', name: 'Employee 1' } } })
  assert.deepEqual(under.asked, [['1']])
})

test('the source is told what an event is about, by the first key of its type, and what else was asked', async () => {
  await using under = setup()
  const context = { of: 'the request' }
  const keyOf = async (query: string, event: Record<string, unknown>) => {
    const stream = await under.engine.subscribe({ document: parse(query), context })
    assert.ok(Symbol.asyncIterator in stream)
    const [reader] = under.source.readers
    assert.equal(reader?.context, context)
    const key = reader.keyOf(event)
    await stream.return?.()
    return key
  }
  const all = 'subscription { all { id } }'
  assert.equal(await keyOf(all, { id: 1, kind: 'a' }), await keyOf(all, { __typename: 'Employee', id: '1', kind: 'b' }))
  assert.notEqual(await keyOf(all, { id: 1 }), await keyOf(all, { id: 2 }))
  const any = 'subscription { any { __typename } }'
  assert.notEqual(await keyOf(any, { __typename: 'Employee', id: 1 }), await keyOf(any, { __typename: 'Product', id: 1 }))
  assert.deepEqual([await keyOf(any, { id: 1 }), await keyOf(any, { __typename: 'Stranger', id: 1 })], [undefined, undefined])
})
