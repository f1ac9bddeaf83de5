import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { buildSchema, getIntrospectionQuery, getOperationAST, GraphQLError, parse } from 'graphql'
import { checkLimits } from '../../gateway/limits.ts'
import { defaultLimits, type Limits } from '../../gateway/settings.ts'
import { connect } from '../support/live-client.ts'
import { openEventStream } from '../support/event-stream.ts'
import { openDoor, type OpenDoor } from './door.ts'
import { rawRequest } from './raw-request.ts'
import { json, openRaw } from './streams/raw-stream.ts'
import { ticking } from './streams/ticking.ts'

const schema = buildSchema(`
  type Query { item: Item, items(first: Int! = 10): [Item!]!, byKeys(entities: [ID!]!): [Item!]!, hello: String
    _entities(representations: [ID!]!): [Item]! }
  type Item { id: ID, item: Item, items(first: Int! = 10): [Item!]! }
`)

/** The limit that an operation exceeds, or null. */
function exceeded(query: string, limits: Partial<Limits>, variables: Record<string, unknown> = {}): unknown {
  const document = parse(query)
  try {
    checkLimits(schema, document, getOperationAST(document)!, variables, { ...defaultLimits, ...limits })
    return null
  } catch (error) {
    assert.ok(error instanceof GraphQLError)
    assert.equal(error.extensions.code, 'LIMIT_EXCEEDED')
    return error.extensions.limit
  }
}

describe('limits of an operation', () => {
  test('depth counts fields, not fragments', () => {
    const deep = '{ item { item { item { id } } } }'
    assert.equal(exceeded(deep, { depth: 4 }), null)
    assert.equal(exceeded(deep, { depth: 3 }), 'depth')
    assert.equal(exceeded('{ ... { ... on Query { ... { hello } } } }', { depth: 1 }), null)
    assert.equal(exceeded('query { item { ...a } } fragment a on Item { item { ...b } } fragment b on Item { item { id } }', { depth: 3 }), 'depth')
  })

  test('aliases and root fields are counted, in fragments too', () => {
    assert.equal(exceeded('{ a: hello b: hello ...f } fragment f on Query { c: hello }', { aliases: 3, rootFields: 3 }), null)
    assert.equal(exceeded('{ a: hello b: hello ...f } fragment f on Query { c: hello }', { aliases: 2 }), 'aliases')
    assert.equal(exceeded('{ hello a: hello ... { b: hello } }', { rootFields: 2 }), 'rootFields')
  })

  test('objects are list sizes multiplied along each path, added up', () => {
    // 10 + 10·5 + 10·5·2
    const nested = '{ items(first: 10) { items(first: 5) { items(first: 2) { id } } } }'
    assert.equal(exceeded(nested, { objects: 160 }), null)
    assert.equal(exceeded(nested, { objects: 159 }), 'objects')
    // 3 + 7
    assert.equal(exceeded('{ a: items(first: 3) { id } b: items(first: 7) { id } }', { objects: 9 }), 'objects')
  })

  test('list sizes come from literals, variables, defaults of either, and the length of keys', () => {
    for (const [query, variables, size] of [
      ['{ items { id } }', {}, 10],
      ['query ($n: Int!) { items(first: $n) { id } }', { n: 40 }, 40],
      ['query ($n: Int! = 30) { items(first: $n) { id } }', {}, 30],
      ['query ($n: Int! = 30) { items(first: $n) { id } }', { n: 4 }, 4],
      ['{ byKeys(entities: ["a", "b", "c"]) { id } }', {}, 3],
      ['query ($keys: [ID!]!) { byKeys(entities: $keys) { id } }', { keys: ['a', 'b'] }, 2],
      ['query ($r: [ID!]!) { _entities(representations: $r) { id } }', { r: ['a', 'b'] }, 2],
    ] as const) {
      assert.equal(exceeded(query, { objects: size }, variables), null, query)
      assert.equal(exceeded(query, { objects: size - 1 }, variables), 'objects', query)
    }
  })

  test('fragments that multiply without end are stopped', () => {
    const fragments = Array.from({ length: 30 }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join('\n')
    assert.equal(exceeded(`query { ...f0 } ${fragments} fragment f30 on Query { __typename }`, {}), 'objects')
  })

  test('introspection is not measured: its answer is bounded by the schema', () => {
    assert.equal(exceeded('{ __schema { types { fields { type { name } } } } __typename }', { depth: 1, aliases: 0, rootFields: 0, objects: 0 }), null)
    assert.equal(exceeded(getIntrospectionQuery(), { depth: 1, aliases: 0, rootFields: 0, objects: 0 }), null)
  })

  test('aliases can ask for the schema many times: they count in introspection too, and what they bring', () => {
    assert.equal(exceeded('{ a: __typename b: __typename }', { aliases: 1 }), 'aliases')
    assert.equal(exceeded('{ item { a: __typename b: __typename } }', { aliases: 1 }), 'aliases')
    assert.equal(exceeded('{ __schema { types { a: name ...f } } } fragment f on __Type { b: name }', { aliases: 1 }), 'aliases')
    assert.equal(exceeded('{ a: __type(name: "Item") { fields { name } } }', {}), null)
    // As many times as the schema would have to be sent are too many, whether the whole is asked for again or a part of it.
    const types = Object.keys(schema.getTypeMap()).length
    assert.equal(exceeded('{ a: __schema { types { name } } }', { objects: 1 + types }), null)
    assert.equal(exceeded('{ a: __schema { types { name } } }', { objects: types }), 'objects')
    assert.equal(exceeded('{ __schema { a: types { name } b: types { name } } }', { objects: 2 * types }), null)
    assert.equal(exceeded('{ __schema { a: types { name } b: types { name } } }', { objects: 2 * types - 1 }), 'objects')
  })
})

describe('limits at the door', { timeout: 60_000 }, () => {
  const cases: [limit: keyof Limits, value: number, query: string][] = [
    ['tokens', 10, '{ hello hello hello hello hello hello hello hello hello hello }'],
    ['depth', 2, '{ item { item { id } } }'],
    ['aliases', 1, '{ a: hello b: hello }'],
    ['rootFields', 1, '{ hello version }'],
    ['objects', 9, '{ items { id } }'],
  ]
  for (const [limit, value, query] of cases)
    test(`"${limit}" names itself over HTTP, graphql-ws and event streams`, async () => {
      await using door = await openDoor({ limits: { [limit]: value } })
      const { body } = await door.ask(query)
      await using client = await connect(door.url)
      const overSocket = await client.subscribe(query).ended
      const overEvents = await (await openEventStream(door.url, { query })).next()
      for (const errors of [body.errors, overSocket, overEvents.errors]) {
        assert.equal(errors?.length, 1)
        assert.deepEqual(errors[0]?.extensions, { code: 'LIMIT_EXCEEDED', limit })
        assert.match(errors[0]?.message ?? '', new RegExp(`more than ${value} `))
      }
    })

  test('hold for subgraphs that are served on their own, and for the merged one', async () => {
    const served = ['small', 'freshet']
    const post = async (door: { url: string }, body: object, name: string) => {
      const { status, text } = await rawRequest(`${door.url}/subgraphs/${name}`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
      })
      return { status, error: (JSON.parse(text) as { errors?: { extensions: object }[] }).errors?.[0]?.extensions }
    }
    for (const [limit, value, query] of cases) {
      await using door = await openDoor({ limits: { [limit]: value } })
      for (const name of served) assert.deepEqual(await post(door, { query }, name), { status: 400, error: { code: 'LIMIT_EXCEEDED', limit } })
    }
    await using door = await openDoor({ limits: { bodyBytes: 1_000 } })
    for (const name of served)
      assert.deepEqual(await post(door, { query: `{ hello } # ${'x'.repeat(1_000)}` }, name), { status: 413, error: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } })
  })

  test('"bodyBytes" names itself, before a body is read whole', async () => {
    await using door = await openDoor({ limits: { bodyBytes: 1_000 } })
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await fetch(`${door.url}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json', accept }, body: JSON.stringify({ query: '{ hello }', variables: { a: 'x'.repeat(1_000) } }),
      })
      assert.equal(response.status, 413)
      assert.deepEqual((await response.json() as { errors: { extensions: object }[] }).errors[0]?.extensions, { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' })
    }
    await using client = await connect(door.url)
    client.subscribe(`{ hello } # ${'x'.repeat(1_000)}`)
    assert.equal((await client.closed).code, 1009)
  })

  test('"operationsPerConnection" names itself, and counts those under way only', async () => {
    const quiet = { subscribe: async function* () { await new Promise(() => {}) } }
    await using door = await openDoor({ limits: { operationsPerConnection: 2 }, resolvers: { Subscription: { quiet }, Query: { hello: () => 'hello' } } })
    await using client = await connect(door.url)
    client.subscribe('subscription { quiet }')
    for (let i = 0; i < 3; i++) assert.deepEqual(await client.subscribe('{ hello }').data(), { hello: 'hello' })
    client.subscribe('subscription { quiet }')
    const [error] = await client.subscribe('{ hello }').ended
    assert.deepEqual(error?.extensions, { code: 'LIMIT_EXCEEDED', limit: 'operationsPerConnection' })
  })

  test('"connections" names itself', async () => {
    await using door = await openDoor({ limits: { connections: 1 } })
    await using _first = await connect(door.url)
    assert.deepEqual(await upgrade(door.url), [503, 'The server has 1 connections, as many as it may ("connections"); try again later.'])
  })

  const streams = {
    'a WebSocket': async (url: string) => {
      const client = await connect(url)
      client.subscribe('subscription { ticks }')
      return client.close
    },
    'server-sent events': async (url: string) => (await subscribed(url, eventStream)).leave,
    'a multipart subscription': async (url: string) => (await subscribed(url, multipart)).leave,
    'a single-connection stream': async (url: string) => {
      const { text: token } = await rawRequest(`${url}/graphql/stream`, { method: 'PUT' })
      const { leave, until } = await openRaw(`${url}/graphql/stream?token=${token}`, { method: 'GET', headers: { accept: 'text/event-stream' } })
      await until(':\n\n')
      return leave
    },
  }
  const eventStream = { ...json, accept: 'text/event-stream' }
  const multipart = { ...json, accept: 'multipart/mixed;subscriptionSpec=1.0' }
  const body = JSON.stringify({ query: 'subscription { ticks }' })
  const subscribed = async (url: string, headers: Record<string, string>) => {
    const stream = await openRaw(`${url}/graphql`, { headers, body })
    assert.equal(stream.status, 200)
    return stream
  }
  const upgrade = async (url: string) => {
    const { status, text } = await rawRequest(`${url}/graphql`, {
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
    })
    return [status, text]
  }
  const silence = () => ({
    next: () => new Promise<never>(() => {}),
    return: () => Promise.resolve({ done: true as const, value: undefined }),
    [Symbol.asyncIterator]() {
      return this
    },
  })
  const open = async ({ telemetry }: OpenDoor): Promise<number> => (await telemetry.connections.get()).values.reduce((sum, { value }) => sum + value, 0)

  for (const [name, begin] of Object.entries(streams))
    test(`"connections" counts ${name} until its client leaves, for every transport`, async () => {
      await using door = await openDoor({ limits: { connections: 1 }, resolvers: { Query: { hello: () => 'hello' }, Subscription: { ticks: { subscribe: silence } } } })
      const { url } = door
      const words = 'The server has 1 connections, as many as it may ("connections"); try again later.'
      for (let round = 0; round < 3; round++) {
        const leave = await begin(url)
        assert.deepEqual(await upgrade(url), [503, words])
        for (const [method, path, headers] of [['POST', '/graphql', eventStream], ['POST', '/graphql', multipart], ['PUT', '/graphql/stream', {}]] as const) {
          const { status, text } = await rawRequest(`${url}${path}`, { method, headers, ...method === 'POST' && { body } })
          assert.deepEqual([status, JSON.parse(text)], [503, { errors: [{ message: words, extensions: { code: 'LIMIT_EXCEEDED', limit: 'connections' } }] }])
        }
        // Queries end by themselves, and have a limit of time.
        for (const headers of [eventStream, multipart, json]) assert.equal((await rawRequest(`${url}/graphql`, { method: 'POST', headers, body: '{"query":"{ hello }"}' })).status, 200)
        await leave()
        while (await open(door) > 0) await nextTurn()
      }
    })

  test('"connections" has the place of a subscription that is over, and of one that could not begin', async () => {
    const { source, resolvers } = ticking()
    await using door = await openDoor({ limits: { connections: 1 }, resolvers })
    const over = await subscribed(door.url, eventStream)
    source.end()
    assert.match(await over.ended, /event: complete/)
    while (await open(door) > 0) await nextTurn()
    for (const query of ['subscription { nothing }', 'subscription {']) await (await openRaw(`${door.url}/graphql`, { headers: eventStream, body: JSON.stringify({ query }) })).ended
    const refused = await rawRequest(`${door.url}/graphql`, {
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '99', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
    })
    assert.notEqual(refused.status, 503)
    await (await subscribed(door.url, eventStream)).leave()
  })
})
