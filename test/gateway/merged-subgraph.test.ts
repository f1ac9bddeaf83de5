import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse, validate, type ExecutionResult } from 'graphql'
import {
  buildSubgraph, composeSubgraphs, createEngine, httpSubgraph, inProcessSubgraph, publicSchema, type Engine, type HttpSubgraphOptions, type SubgraphTransport,
} from '../../federation/index.ts'
import { defaultLimits } from '../../gateway/settings.ts'
import { ownDefinitions } from '../../resolvers/compose.ts'
import { mergedName, mergeOwnSubgraphs } from '../../resolvers/merged.ts'
import { subgraphNames } from '../../resolvers/subgraphs.ts'
import { committedSupergraph } from '../../schema/supergraph.ts'
import { serveSubgraph } from '../federation/remote.ts'
import { startFreshet, type Freshet } from '../support/freshet.ts'
import { rawRequest } from './raw-request.ts'

/** A subgraph of somebody else's: reviews of livestreams, for which it needs their titles. */
const reviewsSdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires", "@shareable"])
  type Query { reviewed: [Livestream!]! }
  type Livestream @key(fields: "id") { id: ID! title: String @external headline: String @requires(fields: "title") review: String }
  type PageInfo @shareable { endCursor: String }
`

const reviews = (): SubgraphTransport => inProcessSubgraph({ schema: buildSubgraph({
  typeDefs: reviewsSdl,
  resolvers: {
    Query: { reviewed: () => [{ id: 'b' }, { id: 'a' }] },
    Livestream: {
      review: ({ id }: { id: string }) => `review of ${id}`,
      headline: ({ title }: { title: string }) => `${title}!`,
    },
  },
}) })

const at = (freshet: Freshet): string => `${freshet.url}/subgraphs/${mergedName}`

const asked = async (freshet: Freshet, query: string, variables?: object): Promise<ExecutionResult> =>
  await (await fetch(at(freshet), { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query, variables }) })).json() as ExecutionResult

interface Router extends AsyncDisposable {
  engine: Engine
  /** Queries and mutations that Freshet was sent. */
  sent: string[]
  ask(query: string): Promise<ExecutionResult>
}

/** Another federation router, for which Freshet is one subgraph beside the reviews. */
async function route(freshet: Freshet, options: Partial<HttpSubgraphOptions> = {}): Promise<Router> {
  const { data } = await asked(freshet, '{ _service { sdl } }') as { data: { _service: { sdl: string } } }
  const { supergraphSdl } = composeSubgraphs([
    { name: 'shop', url: at(freshet), typeDefs: data._service.sdl }, { name: 'reviews', url: 'http://localhost/reviews', typeDefs: reviewsSdl },
  ])
  const sent: string[] = []
  const remote = httpSubgraph({ url: at(freshet), ...options })
  const shop: SubgraphTransport = { ...remote, execute: (request) => {
    sent.push(request.query)
    return remote.execute(request)
  } }
  const engine = createEngine({ supergraphSdl, subgraphs: new Map([['shop', shop], ['reviews', reviews()]]) })
  return {
    engine, sent,
    ask: async (query) => {
      const document = parse(query)
      assert.deepEqual(validate(engine.schema, document), [])
      return JSON.parse(JSON.stringify(await engine.execute({ document }))) as ExecutionResult
    },
    [Symbol.asyncDispose]: () => engine.close(),
  }
}

const stream = (id: string) => ({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: `s-${id}`, title: `Show ${id}`, category: 'vinyl' } })
const seller = (id: string) => ({ type: 'SellerRegistered', subject: `seller:s-${id}`, data: { name: `Seller ${id}` } })

async function published(freshet: Freshet): Promise<void> {
  await freshet.publish(seller('a'), seller('b'), stream('a'), stream('b'))
  await freshet.settled()
}

test('the merged subgraph has all of the own public graph, and a name of its own', () => {
  assert.ok(!(subgraphNames as string[]).includes(mergedName))
  const { sdl } = mergeOwnSubgraphs()
  const own = publicSchema(committedSupergraph())
  const merged = publicSchema(composeSubgraphs([{ name: mergedName, url: 'http://localhost', typeDefs: sdl }]).supergraphSdl)
  const fieldsOf = (schema: typeof own) => Object.values(schema.getTypeMap())
    .flatMap((type) => 'getFields' in type ? Object.values(type.getFields()).map((field) => `${type.name}.${field.name}: ${field.type.toString()}`) : [type.name])
    .filter((name) => !name.startsWith('_')).sort()
  assert.deepEqual(fieldsOf(merged), fieldsOf(own))
  assert.deepEqual(sdl.match(/^type \w+ @key.*$/gm), ['Livestream', 'Seller', 'User'].map((name) => `type ${name} @key(fields: "id") {`))
})

describe('another router that has Freshet as one subgraph', { timeout: 120_000 }, () => {
  test('composes it beside one that extends its entities, and answers across both', async () => {
    await using freshet = await startFreshet()
    await published(freshet)
    await using router = await route(freshet)
    assert.deepEqual(await router.ask('{ livestream(id: "a") { title headline review seller { name } } }'), {
      data: { livestream: { title: 'Show a', headline: 'Show a!', review: 'review of a', seller: { name: 'Seller a' } } },
    })
    router.sent.length = 0
    assert.deepEqual(await router.ask('{ reviewed { id headline seller { name } metrics { views { total } } embedding { dimensions } } }'), { data: { reviewed: ['b', 'a'].map((id) => ({
      id, headline: `Show ${id}!`, seller: { name: `Seller ${id}` }, metrics: { views: { total: 0 } }, embedding: { dimensions: 256 },
    })) } })
    // Fields of four own subgraphs, of two entities: one call.
    assert.equal(router.sent.length, 1, router.sent.join('\n'))
    assert.match(router.sent[0] ?? '', /_entities/)
  })

  test('publishes through it, and reads what it wrote', async () => {
    await using freshet = await startFreshet()
    await using router = await route(freshet)
    const { data, errors } = await router.ask('mutation { publish(events: [{ type: "UserRegistered", subject: "user:u", data: { name: "Una" } }]) { token results { accepted } } }') as {
      data: { publish: { token: string; results: object[] } }; errors?: unknown
    }
    assert.deepEqual([errors, data.publish.results], [undefined, [{ accepted: true }]])
    const response = await fetch(at(freshet), {
      method: 'POST', headers: { 'content-type': 'application/json', 'freshet-token': data.publish.token },
      body: JSON.stringify({ query: 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on User { name } } }', variables: { r: [{ __typename: 'User', id: 'u' }] } }),
    })
    assert.deepEqual(await response.json(), { data: { _entities: [{ __typename: 'User', name: 'Una' }] } })
  })

  for (const subscriptionProtocol of ['graphql-ws', 'sse'] as const)
    test(`subscribes to it by ${subscriptionProtocol}, with fields of both`, async () => {
      await using freshet = await startFreshet()
      await published(freshet)
      await using router = await route(freshet, { subscriptionProtocol })
      const results = await router.engine.subscribe({ document: parse('subscription { livestream(id: "a") { title review seller { name } } }') })
      assert.ok(Symbol.asyncIterator in results, JSON.stringify(results))
      const next = async () => JSON.parse(JSON.stringify((await results.next()).value)) as ExecutionResult
      assert.deepEqual(await next(), { data: { livestream: { title: 'Show a', review: 'review of a', seller: { name: 'Seller a' } } } })
      await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:a', data: { title: 'Anew' } })
      assert.deepEqual(await next(), { data: { livestream: { title: 'Anew', review: 'review of a', seller: { name: 'Seller a' } } } })
      await results.return?.()
    })

  test('is not concerned by a changed supergraph of that Freshet', async () => {
    const typeDefs = (field: string) => `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) type Livestream @key(fields: "id") { id: ID! ${field}: String }`
    let schema = buildSubgraph({ typeDefs: typeDefs('one') })
    await using other = await serveSubgraph(() => schema, () => ({}))
    await using freshet = await startFreshet({ env: { FRESHET_POLL_SECONDS: '0' }, file: { subgraphs: { other: { url: other.url } } } })
    await published(freshet)
    await using router = await route(freshet)
    const results = await router.engine.subscribe({ document: parse('subscription { livestream(id: "a") { title } }') })
    assert.ok(Symbol.asyncIterator in results, JSON.stringify(results))
    assert.equal(JSON.stringify((await results.next()).value), '{"data":{"livestream":{"title":"Show a"}}}')
    schema = buildSubgraph({ typeDefs: typeDefs('two') })
    assert.equal(await freshet.gateway.reload(), 'swapped')
    const { errors } = await asked(freshet, '{ livestream(id: "a") { two } }')
    assert.match(errors?.[0]?.message ?? '', /Cannot query field "two"/)
    await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:a', data: { title: 'Anew' } })
    assert.equal(JSON.stringify((await results.next()).value), '{"data":{"livestream":{"title":"Anew"}}}')
    await results.return?.()
  })
})

describe('another router that has some of Freshet\'s subgraphs, each at its own path', { timeout: 120_000 }, () => {
  for (const subscriptionProtocol of ['graphql-ws', 'sse'] as const)
    test(`subscribes to one by ${subscriptionProtocol}, and completes its events from another`, async () => {
      await using freshet = await startFreshet()
      await published(freshet)
      const definitions = ownDefinitions().filter(({ name }) => name === 'livestreams' || name === 'sellers')
      const engine = createEngine({
        supergraphSdl: composeSubgraphs(definitions).supergraphSdl,
        subgraphs: new Map(definitions.map(({ name }) => [name, httpSubgraph({ url: `${freshet.url}/subgraphs/${name}`, subscriptionProtocol })])),
      })
      await using _closed = { [Symbol.asyncDispose]: () => engine.close() }
      const results = await engine.subscribe({ document: parse('subscription { livestream(id: "a") { title seller { name } } }') })
      assert.ok(Symbol.asyncIterator in results, JSON.stringify(results))
      const next = async () => JSON.parse(JSON.stringify((await results.next()).value)) as ExecutionResult
      assert.deepEqual(await next(), { data: { livestream: { title: 'Show a', seller: { name: 'Seller a' } } } })
      await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:a', data: { title: 'Anew' } })
      assert.deepEqual(await next(), { data: { livestream: { title: 'Anew', seller: { name: 'Seller a' } } } })
      await results.return?.()
    })

  test('is told of fields that are other subgraphs\', and of a path at which none is', async () => {
    await using freshet = await startFreshet()
    const url = `${freshet.url}/subgraphs/livestreams`
    const answer = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { livestream(id: "a") { seller { name } } }' }),
    })
    assert.match(await answer.text(), /Cannot query field \\"name\\"/)
    const { status } = await rawRequest(`${freshet.url}/subgraphs/nobody`, { headers: {
      connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol': 'graphql-transport-ws',
    } })
    assert.equal(status, 404)
  })
})

describe('representations', { timeout: 60_000 }, () => {
  const entities = 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Livestream { title } ... on Seller { name } } }'

  test('that are wrong are told one by one, and the others are answered', async () => {
    await using freshet = await startFreshet()
    await published(freshet)
    const r = [{ __typename: 'Seller', id: 's-b' }, { __typename: 'Nobody', id: '1' }, { __typename: 'PageInfo' }, { id: 'a' }, 'a', { __typename: 'Livestream' }, { __typename: 'Livestream', id: 'a' }]
    const { data, errors } = await asked(freshet, entities, { r })
    assert.deepEqual(data, { _entities: [{ __typename: 'Seller', name: 'Seller b' }, null, null, null, null, null, { __typename: 'Livestream', title: 'Show a' }] })
    const expected = (given: string) => `The representation's __typename is ${given}; expected an entity of this subgraph (User, Seller, Livestream).`
    assert.deepEqual(errors?.map(({ message, path, extensions }) => [path?.[1], message, extensions?.code]).sort(), [
      [1, expected('"Nobody"')], [2, expected('"PageInfo"')], [3, expected('undefined')], [4, expected('undefined')],
      [5, 'The representation of "Livestream" has none of its keys: "id".'],
    ].map((error) => [...error, 'BAD_USER_INPUT']))
  })

  test('that are too many, or none, are refused', async () => {
    await using freshet = await startFreshet({ ingest: false, gateway: { limits: { ...defaultLimits, objects: 100 } } })
    const many = (length: number) => asked(freshet, entities, { r: Array.from({ length }, () => ({ __typename: 'Seller', id: 's' })) })
    assert.deepEqual((await many(100)).errors, undefined)
    const { errors } = await many(101)
    assert.deepEqual(errors?.map(({ extensions }) => extensions), [{ code: 'LIMIT_EXCEEDED', limit: 'objects' }])
    assert.match(errors?.[0]?.message ?? '', /more than 100 objects/)
    const none = await asked(freshet, entities, {})
    assert.match(none.errors?.[0]?.message ?? '', /Variable "\$r" of required type "\[_Any!\]!" was not provided/)
  })
})
