import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { resolveSettings } from '../../cli/settings.ts'
import { buildSubgraph, composeSubgraphs } from '../../federation/index.ts'
import { composedGraph, readyGraph } from '../../gateway/graph-source.ts'
import { ownDefinitions } from '../../resolvers/compose.ts'
import { serveSubgraph, type RemoteSubgraph } from '../federation/remote.ts'
import { startFreshet, type Freshet } from '../support/freshet.ts'

/** A foreign subgraph that adds fields to livestreams; its schema may change while it serves. */
interface Reviews extends RemoteSubgraph {
  /** Fields of `Livestream` besides its key, each of which answers with its own name and the stream's id. */
  fields: readonly string[]
  typeDefs(): string
}

const sdlOf = (fields: readonly string[]): string => `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Livestream @key(fields: "id") { id: ID! ${fields.map((name) => `${name}: String`).join(' ')} }
  type Query { reviewsOf(id: ID!): Livestream }
`

const schemaOf = (fields: readonly string[]) => buildSubgraph({
  typeDefs: sdlOf(fields),
  resolvers: {
    Query: { reviewsOf: (_: unknown, { id }: { id: string }) => ({ id }) },
    Livestream: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      ...Object.fromEntries(fields.map((name) => [name, ({ id }: { id: string }, _: unknown, { headers }: { headers: Record<string, string> }) =>
        name === 'caller' ? JSON.stringify([headers.authorization ?? null, headers['x-person'] ?? null, headers['x-other'] ?? null]) : `${name} of ${id}`])),
    },
  },
})

async function serveReviews(...fields: string[]): Promise<Reviews> {
  let schema = schemaOf(fields)
  let current: readonly string[] = fields
  const server = await serveSubgraph(() => schema, (headers) => ({ headers }))
  return {
    ...server,
    get fields() {
      return current
    },
    set fields(changed) {
      current = changed
      schema = schemaOf(changed)
    },
    typeDefs: () => sdlOf(current),
  }
}

const stream = (id: string) => ({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: 's', title: `Show ${id}`, category: 'vinyl' } })

const metric = async ({ telemetry }: Freshet, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await telemetry.registry.metrics())?.[1])

const inFolder = (): { path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'freshet-graph-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** Changes come when a test says so. */
const still = { FRESHET_POLL_SECONDS: '0' }

describe('a foreign subgraph', { timeout: 120_000 }, () => {
  test('that extends Livestream answers together with own fields; it is asked for its SDL, with its own headers and the allowed ones of clients', async () => {
    await using reviews = await serveReviews('review', 'caller')
    await using freshet = await startFreshet({
      env: { ...still, REVIEWS_KEY: 'k-1' },
      file: { subgraphs: { reviews: { url: reviews.url, headers: { authorization: 'Bearer ${REVIEWS_KEY}' }, forwardHeaders: ['X-Person'] } } },
    })
    assert.equal(reviews.requests[0]?.authorization, 'Bearer k-1')
    const token = await freshet.publish(stream('a'))
    const { livestream } = await freshet.query('{ livestream(id: "a") { title review caller } }', {}, { token, headers: { 'x-person': 'ada', 'x-other': 'o' } })
    assert.deepEqual(livestream, { title: 'Show a', review: 'review of a', caller: JSON.stringify(['Bearer k-1', 'ada', null]) })
    assert.deepEqual(await freshet.query('{ reviewsOf(id: "a") { title review } }'), { reviewsOf: { title: 'Show a', review: 'review of a' } })
  })

  test('that does not compose keeps the gateway from starting, and the error points at subgraph and line', async () => {
    using folder = inFolder()
    const sdl = join(folder.path, 'reviews.graphql')
    writeFileSync(sdl, sdlOf(['review']).replace('review: String', 'title: Int'))
    const subgraphs = { reviews: { url: 'http://127.0.0.1:1/graphql', sdl } }
    await assert.rejects(startFreshet({ env: still, file: { subgraphs } }), /reviews:3:\d+|"Livestream\.title"/)
    await assert.rejects(startFreshet({ env: still, file: { subgraphs: { users: subgraphs.reviews } } }), /"subgraphs\.users" has the name of one of Freshet's own/)
  })

  test('that is away at the start is waited for, and said to be', async () => {
    await using reviews = await serveReviews('review')
    let refusals = 0
    const proxy = createServer((request, response) => {
      if (++refusals <= 2) return void response.writeHead(503).end()
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => void fetch(reviews.url, { method: 'POST', body: Buffer.concat(chunks) }).then(async (answer) => response.end(await answer.text())))
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    try {
      await using freshet = await startFreshet({
        env: still, file: { subgraphs: { reviews: { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/graphql?key=hidden`, retries: 0 } } },
      })
      assert.deepEqual(freshet.said, ['the subgraphs failed, trying again'])
      assert.deepEqual(await freshet.query('{ reviewsOf(id: "a") { review } }'), { reviewsOf: { review: 'review of a' } })
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })
})

test('a subgraph declared by events reads and publishes topics of the log; its entities have fields of others', { timeout: 60_000 }, async () => {
  using folder = inFolder()
  const sdl = join(folder.path, 'hearts.graphql')
  writeFileSync(sdl, `
    type Subscription { heartGiven(to: ID!): Livestream! @edfs__kafkaSubscribe(topics: ["hearts"]) @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: ["{{ args.to }}"] } }) }
    type Mutation { giveHeart(id: ID!): edfs__PublishResult! @edfs__kafkaPublish(topic: "hearts") }
    type Livestream @key(fields: "id", resolvable: false) { id: ID! @external }
  `)
  await using freshet = await startFreshet({ env: still, file: { subgraphs: { hearts: { sdl, events: true } } } })
  const token = await freshet.publish(stream('a'))
  await freshet.query('{ livestream(id: "a") { id } }', {}, { token })
  await using client = await freshet.connect()
  const hearts = client.subscribe('subscription { heartGiven(to: "a") { id title } }')
  const begun = client.subscribe('subscription { livestream(id: "a") { id } }')
  await begun.data()
  const given = await freshet.query('mutation { other: giveHeart(id: "b") { success } giveHeart(id: "a") { success } }')
  assert.deepEqual(given, { other: { success: true }, giveHeart: { success: true } })
  assert.deepEqual(await hearts.data(), { heartGiven: { id: 'a', title: 'Show a' } })
})

describe('a changed graph', { timeout: 120_000 }, () => {
  test('is swapped in under load: no query fails, and a subscription has each event once', async () => {
    await using reviews = await serveReviews('review')
    await using freshet = await startFreshet({ env: still, file: { subgraphs: { reviews: { url: reviews.url } } } })
    await using client = await freshet.connect()
    const own = client.subscribe('subscription { events(types: ["LivestreamStarted"]) { subject } }')
    await freshet.publish(stream('first'))
    await own.data()
    const mixed = client.subscribe('subscription { livestream(id: "first") { title review } }')
    assert.deepEqual(await mixed.data(), { livestream: { title: 'Show first', review: 'review of first' } })

    let loading = true
    let answered = 0
    const load = Array.from({ length: 4 }, async () => {
      for (; loading; answered++)
        assert.deepEqual(await freshet.query('{ livestream(id: "first") { title review } }'), { livestream: { title: 'Show first', review: 'review of first' } })
    })
    const expected: string[] = []
    for (let number = 1; number <= 5; number++) {
      reviews.fields = ['review', `extra${number}`]
      const publishing = Promise.all(Array.from({ length: 10 }, async (_, each) => {
        expected.push(`livestream:${number}-${each}`)
        await freshet.publish(stream(`${number}-${each}`))
      }))
      assert.equal(await freshet.gateway.reload(), 'swapped')
      await publishing
      assert.deepEqual(await freshet.query(`{ reviewsOf(id: "a") { extra${number} } }`), { reviewsOf: { [`extra${number}`]: `extra${number} of a` } })
    }
    loading = false
    await Promise.all(load)
    assert.ok(answered > 20, `${answered} answered`)
    await freshet.publish(stream('last'))
    const seen: string[] = []
    while (seen.at(-1) !== 'livestream:last') seen.push((await own.data<{ events: { subject: string } }>()).events.subject)
    assert.deepEqual(seen.slice(0, -1).sort(), expected.sort())
    // The entity's other fields come from the changed subgraph, by the plan of the latest engine.
    await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:first', data: { title: 'Anew' } })
    assert.deepEqual(await mixed.data(), { livestream: { title: 'Anew', review: 'review of first' } })
    assert.equal(await metric(freshet, 'freshet_supergraph_swaps_total'), 5)
    assert.deepEqual(freshet.said, [])
  })

  test('without the fields of a subscription ends that one with a code, and no other', async () => {
    await using reviews = await serveReviews('review', 'rating')
    await using freshet = await startFreshet({ env: still, file: { subgraphs: { reviews: { url: reviews.url } } } })
    await freshet.publish(stream('a'))
    await freshet.settled()
    await using client = await freshet.connect()
    const gone = client.subscribe('subscription { livestream(id: "a") { rating } }')
    const stays = client.subscribe('subscription { livestream(id: "a") { title review } }')
    await Promise.all([gone.data(), stays.data()])
    reviews.fields = ['review']
    assert.equal(await freshet.gateway.reload(), 'swapped')
    const [error] = await gone.ended
    assert.equal(error?.extensions?.code, 'SUBSCRIPTION_FIELDS_GONE')
    assert.equal(typeof error.extensions.cursor, 'string')
    assert.match(error.message, /Cannot query field "rating"/)
    await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:a', data: { title: 'Anew' } })
    assert.deepEqual(await stays.data(), { livestream: { title: 'Anew', review: 'review of a' } })
  })

  test('that is bad is refused loudly, and the former one stays', async () => {
    await using reviews = await serveReviews('review')
    using folder = inFolder()
    const sdl = join(folder.path, 'reviews.graphql')
    writeFileSync(sdl, sdlOf(['review']))
    await using freshet = await startFreshet({ env: still, file: { subgraphs: { reviews: { url: reviews.url, sdl } } } })
    writeFileSync(sdl, 'type Query {')
    assert.equal(await freshet.gateway.reload(), 'refused')
    const [refusal = ''] = freshet.said
    assert.ok(refusal.endsWith(`refused; the former one still serves. The subgraphs do not compose:\n- ${sdl}:1:13: Syntax Error: Expected Name, found <EOF>. (INVALID_GRAPHQL)`), refusal)
    assert.equal(await metric(freshet, 'freshet_supergraph_refusals_total'), 1)
    assert.deepEqual(await freshet.query('{ reviewsOf(id: "a") { review } }'), { reviewsOf: { review: 'review of a' } })
    // It is told once, not with every look.
    assert.equal(await freshet.gateway.reload(), 'unchanged')
    rmSync(sdl)
    assert.equal(await freshet.gateway.reload(), 'unchanged')
    assert.match(freshet.said.at(-1) ?? '', /The file with the SDL of the subgraph "reviews" cannot be read.*What is known of it still serves/)
  })

  test('whose file is not there is no start: nothing would come of waiting', async () => {
    using folder = inFolder()
    const none = join(folder.path, 'none.graphql')
    await assert.rejects(startFreshet({ env: still, file: { supergraph: none } }), /The file with the supergraph cannot be read: ENOENT/)
    await assert.rejects(startFreshet({ env: still, file: { subgraphs: { reviews: { url: 'http://127.0.0.1:1/', sdl: none } } } }),
      /The file with the SDL of the subgraph "reviews" cannot be read: ENOENT/)
  })

  test('that is away is told with the reason, and without what an address may hide', async () => {
    const { signal } = new AbortController()
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    await once(closed, 'close')
    const away = `http://127.0.0.1:${port}/secret`
    await assert.rejects(readyGraph({ supergraph: away, supergraphHeaders: {}, pollSeconds: 0, subgraphs: [] }).load(signal),
      { name: 'GraphUnavailableError', message: `The supergraph at http://127.0.0.1:${port} could not be read: fetch failed: connect ECONNREFUSED 127.0.0.1:${port}` })
    const { subgraphs } = resolveSettings({ env: {}, file: { subgraphs: { reviews: { url: away } } } })
    await assert.rejects(composedGraph({ supergraphHeaders: {}, pollSeconds: 0, subgraphs }, [], () => {}).load(signal), {
      name: 'GraphUnavailableError',
      message: `The subgraph "reviews" could not be reached (http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}). A file with its SDL ("sdl") would do as well.`,
    })
  })

  test('from an address is asked for with its ETag, and what is no supergraph is refused', async () => {
    await using reviews = await serveReviews('review')
    let served = { etag: '"1"', body: composeSubgraphs([...ownDefinitions(), { name: 'reviews', url: reviews.url, typeDefs: sdlOf(['review']) }]).supergraphSdl }
    const asked: (string | undefined)[] = []
    const registry = createServer((request, response) => {
      asked.push(request.headers['if-none-match'])
      assert.equal(request.headers['x-registry-key'], 'k-2')
      if (request.headers['if-none-match'] === served.etag) response.writeHead(304).end()
      else response.writeHead(200, { etag: served.etag }).end(served.body)
    })
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
    try {
      await using freshet = await startFreshet({
        env: { ...still, KEY: 'k-2', FRESHET_SUPERGRAPH: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/supergraph` },
        file: { supergraphHeaders: { 'X-Registry-Key': '${KEY}' } },
      })
      const token = await freshet.publish(stream('a'))
      assert.deepEqual(await freshet.query('{ livestream(id: "a") { title review } }', {}, { token }), { livestream: { title: 'Show a', review: 'review of a' } })
      assert.equal(await freshet.gateway.reload(), 'unchanged')
      const place = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`
      const refusal = (): string => freshet.said.at(-1)?.split('still serves. ')[1] ?? ''
      served = { etag: '"2"', body: '\n<html>not a supergraph</html>' }
      assert.equal(await freshet.gateway.reload(), 'refused')
      assert.equal(refusal(), `${place}:2:1: Syntax Error: Unexpected character: "<".`)
      served = { etag: '"3"', body: 'type Query { a: Int }' }
      assert.equal(await freshet.gateway.reload(), 'refused')
      assert.equal(refusal(), `${place}: It is no supergraph: there is no "join__Graph" that names its subgraphs.`)
      assert.deepEqual(asked, [undefined, '"1"', '"1"', '"2"'])
      assert.deepEqual(await freshet.query('{ reviewsOf(id: "a") { review } }'), { reviewsOf: { review: 'review of a' } })
    } finally {
      registry.closeAllConnections()
      registry.close()
    }
  })
})
