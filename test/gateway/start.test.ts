import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { LogUnavailableError, type EventLog } from '../../events/log.ts'
import { IndexUnavailableError } from '../../search/entity-index.ts'
import type { MetricViewImpl } from '../../search/metric-view.ts'
import { startFreshet } from '../support/freshet.ts'
import { rawRequest } from './raw-request.ts'

/** The log with some of its methods replaced. */
const replaced = (log: EventLog, methods: Partial<EventLog>): EventLog =>
  new Proxy(log, {
    get: (target, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) as unknown : value
    },
  })

describe('a gateway', { timeout: 60_000 }, () => {
  test('that cannot listen says why', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    try {
      await assert.rejects(startFreshet({ ingest: false, gateway: { port: (taken.address() as AddressInfo).port } }), /is taken/)
    } finally {
      taken.close()
    }
  })

  test('without ingest answers from what there is, and says so of tokens that nobody applies', async () => {
    await using freshet = await startFreshet({ ingest: false, gateway: { tokenTimeoutMs: 50 } })
    const token = await freshet.publish({ type: 'UserRegistered', subject: 'user:a', data: { name: 'A' } })
    assert.deepEqual(await freshet.query('{ user(id: "a") { name } }'), { user: null })
    const { errors } = await freshet.ask('{ user(id: "a") { name } }', {}, { token })
    assert.deepEqual(errors?.map(({ message, extensions }) => [message, extensions?.code]),
      [["The token's events were not applied within 50 ms; ingest may be behind or away. Ask again, or ask without the token.", 'TOKEN_TIMEOUT']])
  })

  test('refuses at once tokens that stand for what the log does not have, and waits for those that it has', async () => {
    // An hour: what is waited for is never answered here.
    await using freshet = await startFreshet({ ingest: false, gateway: { tokenTimeoutMs: 3_600_000, requestTimeoutMs: 3_600_000 } })
    const given = await freshet.publish({ type: 'UserRegistered', subject: 'user:a', data: { name: 'A' } })
    const { ends, ...rest } = JSON.parse(Buffer.from(given, 'base64url').toString()) as { ends: Record<string, number> }
    const [lane, end] = Object.entries(ends)[0]!
    const token = (forged: object) => Buffer.from(JSON.stringify({ ...rest, ends: forged })).toString('base64url')
    await using client = await freshet.connect()
    for (const forged of [
      { [lane]: end + 1 }, { [lane]: 2 ** 50 }, { [lane]: -1 }, { [`${freshet.topics.users}/99`]: 1 }, { [`${freshet.topics.users}/-1`]: 1 },
      { 'no.such.topic/0': 1 }, { ...ends, 'another/0': 1 }, { constructor: 1 }, { [lane]: `${end}` },
    ]) {
      for (const { errors } of [
        await freshet.ask('{ user(id: "a") { name } }', {}, { token: token(forged) }),
        { errors: await client.subscribe('{ user(id: "a") { name } }', {}, { freshetToken: token(forged) }).ended },
      ]) assert.deepEqual(errors?.map(({ extensions }) => extensions?.code), ['INVALID_TOKEN'], JSON.stringify(forged))
    }
    const waiting = freshet.ask('{ user(id: "a") { name } }', {}, { token: given })
    // What the log has to say of the token it has said once this is answered, as both ask it the same.
    assert.deepEqual((await freshet.ask('{ user(id: "a") { name } }', {}, { token: token({ [lane]: end + 1 }) })).errors?.length, 1)
    assert.equal(await Promise.race([waiting, 'it waits']), 'it waits')
    const view = freshet.gateway.services.view as MetricViewImpl
    view.loadShard({ covered: ends, rekeyed: {} })
    assert.deepEqual((await waiting).data, { user: null })
  })

  test('shows in the next feed what has been applied, however short ago another feed was served', async () => {
    await using freshet = await startFreshet()
    const ids: string[] = []
    for (const id of ['a', 'b', 'c']) {
      const token = await freshet.publish({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: `of-${id}`, title: id, category: 'vinyl' } })
      ids.push(id)
      const { feed } = await freshet.query<{ feed: { nodes: { id: string }[] } }>('{ feed(userId: "u") { nodes { id } } }', {}, { token })
      assert.deepEqual(feed.nodes.map((node) => node.id).sort(), ids)
    }
  })

  test('says which system is away, in words of its own, and tells the operator the rest', async () => {
    await using freshet = await startFreshet()
    freshet.index.getMany = () => Promise.reject(new IndexUnavailableError('http://10.0.0.7:8080 refused the connection'))
    const explained = [['The index does not answer at the moment; ask again later.', 'INDEX_UNAVAILABLE']]
    const { errors } = await freshet.ask('{ user(id: "a") { name } }')
    assert.deepEqual(errors?.map(({ message, extensions }) => [message, extensions?.code]), explained)
    const subgraph = await rawRequest(`${freshet.url}/subgraphs/users`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: '{ user(id: "a") { name } }' }),
    })
    const { errors: own } = JSON.parse(subgraph.text) as { errors: { message: string; extensions: { code: string } }[] }
    assert.deepEqual(own.map(({ message, extensions }) => [message, extensions.code]), explained)
    assert.match(freshet.said.join(), /10\.0\.0\.7/)
  })

  test('tells in /metrics how far a foreign ingest is behind, and what it knew while the log is away', async () => {
    let away = false
    await using freshet = await startFreshet({
      ingest: false,
      wrapLog: (log) => replaced(log, { ends: (topics) => (away ? Promise.reject(new LogUnavailableError('away')) : log.ends(topics)) }),
    })
    const lag = async () => /^freshet_ingest_lag_records (\d+)$/m.exec((await rawRequest(`${freshet.url}/metrics`)).text)?.[1]
    assert.equal(await lag(), '0')
    for (const id of ['a', 'b', 'c']) await freshet.publish({ type: 'UserRegistered', subject: `user:${id}`, data: { name: id } })
    assert.equal(await lag(), '3')
    away = true
    assert.equal(await lag(), '3')
  })

  test('plans its trusted documents before anybody asks for them', async () => {
    const query = 'query Named { user(id: "a") { name } }'
    const documents = new Map([['a', query], ['b', `${query} query Other { seller(id: "a") { name } }`], ['no-graphql', '{'], ['unknown', '{ none }']])
    await using freshet = await startFreshet({ gateway: { trustedDocuments: { documents, only: true } } })
    const plans = async (outcome: string): Promise<number> =>
      Number(new RegExp(`^freshet_query_plans_total{outcome="${outcome}"} (\\d+)$`, 'm').exec((await rawRequest(`${freshet.url}/metrics`)).text)?.[1])
    while (await plans('planned') < 2);
    const known = await plans('known')
    assert.deepEqual(await freshet.query(query), { user: null })
    assert.deepEqual([await plans('planned'), await plans('known') > known], [2, true])
  })

  test('ends while the log is away, though notes about served feeds wait for it', async () => {
    let away = false
    let waiting = 0
    const freshet = await startFreshet({
      wrapLog: (log) => replaced(log, {
        append: (records, { signal } = {}) => away ? new Promise((_resolve, reject) => {
          waiting++
          signal?.addEventListener('abort', () => reject(new LogUnavailableError('away')), { once: true })
        }) : log.append(records, { signal }),
      }),
    })
    await freshet.publish({ type: 'LivestreamStarted', subject: 'livestream:a', data: { title: 'A', sellerId: 's' } })
    await freshet.settled()
    away = true
    // The answer does not wait for its note.
    const { feed } = await freshet.query<{ feed: { nodes: object[] } }>('{ feed(userId: "a") { nodes { id } } }')
    assert.deepEqual([feed.nodes, waiting], [[{ id: 'a' }], 1])
    await freshet[Symbol.asyncDispose]()
    assert.match(freshet.said.join(), /1 served feeds were not noted: away/)
    const metrics = await freshet.telemetry.registry.metrics()
    assert.match(metrics, /^freshet_feed_notes_dropped_total 1$/m)
  })

  test('whose changes cannot be read ends subscriptions with a code, refuses new ones and is not ready', async () => {
    const broken = Promise.withResolvers<never>()
    broken.promise.catch(() => {})
    await using freshet = await startFreshet({
      wrapLog: (log) => replaced(log, {
        read: async function* ({ from }) {
          const topics = Object.keys(from)
          if (topics.some((key) => key.includes('.changes/'))) await broken.promise
        },
      }),
    })
    await using client = await freshet.connect()
    const queries = ['metrics(entities: ["user:a"]) { metrics { window } }', 'livestream(id: "a") { id }', 'feed(userId: "a") { nodes { id } }']
    const streams = queries.map((query) => client.subscribe(`subscription { ${query} }`))
    const cursors: unknown[] = []
    for (const stream of streams) cursors.push((await stream.next()).extensions?.cursor)
    broken.reject(new Error('the disk is gone'))
    for (const [place, stream] of streams.entries())
      assert.deepEqual((await stream.ended).map(({ message, extensions }) => ({ message, ...extensions })), [{
        message: 'The changes could not be read any further; subscribe again behind the cursor.',
        code: 'LOG_UNAVAILABLE', cursor: cursors[place], retryAfterMs: 1_000,
      }])
    const late = client.subscribe('subscription { livestreams { kind } }')
    assert.equal((await late.next()).errors?.[0]?.extensions?.code, 'LOG_UNAVAILABLE')
    assert.equal((await rawRequest(`${freshet.url}/health/ready`)).status, 503)
    assert.match(freshet.said.join(), /the disk is gone/)
  })
})
