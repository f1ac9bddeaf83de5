import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { rootCertificates, type TLSSocket } from 'node:tls'
import { graphql, GraphQLError } from 'graphql'
import { buildSubgraph } from '../../federation/index.ts'
import { cert, key } from '../federation/certificate.ts'
import { serveByCallback } from '../federation/streaming-servers.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startFreshet } from '../support/freshet.ts'

const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { weather: String }
  type Mutation { rain: String }
  type Subscription { clouds: Int }
`
const schema = buildSubgraph({
  typeDefs: sdl,
  resolvers: {
    Query: { weather: () => 'fair' },
    Mutation: { rain: () => 'wet' },
    Subscription: { clouds: { subscribe: async function* () {
      for (let clouds = 1; clouds <= 3; clouds++) yield { clouds }
    } } },
  },
})

/** Answers as the foreign subgraph. */
async function answer(request: IncomingMessage, response: ServerResponse, by = schema): Promise<void> {
  let body = ''
  for await (const chunk of request) body += chunk
  response.end(JSON.stringify(await graphql({ schema: by, source: (JSON.parse(body) as { query: string }).query })))
}

async function serving(handler: RequestListener, tls?: object): Promise<AsyncDisposable & { url: string }> {
  const server = tls ? createHttpsServer(tls, handler) : createHttpServer(handler)
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    url: `http${tls ? 's' : ''}://localhost:${(server.address() as AddressInfo).port}/graphql`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const env = { FRESHET_POLL_SECONDS: '0' }

describe('a foreign subgraph by TLS', { timeout: 60_000 }, () => {
  test('is trusted by "ca", and told by "cert" and "key" who calls', async () => {
    await using folder = temporaryDirectory('tls')
    const file = (name: string, text: string): string => {
      const path = join(folder.path, name)
      writeFileSync(path, text)
      return path
    }
    const callers: unknown[] = []
    await using server = await serving((request, response) => {
      callers.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN)
      void answer(request, response)
    }, { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true })
    const certificate = file('cert.pem', cert)
    const tls = { ca: certificate, cert: certificate, key: file('key.pem', key) }
    await using freshet = await startFreshet({ env, file: { subgraphs: { weather: { url: server.url, tls } } } })
    assert.deepEqual(await freshet.query('{ weather }'), { weather: 'fair' })
    // Once for its SDL, once for the query.
    assert.deepEqual(callers, ['localhost', 'localhost'])
  })

  test('is refused where another vouches for it, and the client is told', async () => {
    await using folder = temporaryDirectory('tls')
    const ca = join(folder.path, 'other.pem')
    const file = join(folder.path, 'weather.graphql')
    writeFileSync(ca, rootCertificates[0] as string)
    writeFileSync(file, sdl)
    let asked = 0
    await using server = await serving((request, response) => {
      asked++
      void answer(request, response)
    }, { cert, key })
    await using freshet = await startFreshet({ env, file: { subgraphs: { weather: { url: server.url, sdl: file, tls: { ca } } } } })
    const { data, errors } = await freshet.ask('{ weather }')
    assert.deepEqual([data, asked], [{ weather: null }, 0])
    assert.deepEqual(errors?.map(({ message }) => message), [
      'The subgraph "weather" has a certificate that is not to be trusted (DEPTH_ZERO_SELF_SIGNED_CERT): "tls.ca" names who vouches for it.',
    ])
  })
})

describe('a foreign subgraph', { timeout: 60_000 }, () => {
  test('gets those headers of clients that its settings name, and no others, whatever the transport', async () => {
    const got: IncomingMessage['headers'][] = []
    await using server = await serving((request, response) => {
      got.push(request.headers)
      void answer(request, response)
    })
    await using freshet = await startFreshet({ env, file: { subgraphs: {
      weather: { url: server.url, headers: { 'x-own': 'own', 'x-both': 'own' }, forwardHeaders: ['Authorization', 'Cookie', 'x-both', 'x-absent'] },
    } } })
    got.length = 0
    const headers = { authorization: 'Bearer person', cookie: 'session=1; theme=dark', 'x-both': 'client', 'x-secret': 's', 'accept-language': 'de', 'x-own': 'client' }
    assert.deepEqual((await freshet.ask('{ weather }', {}, { headers })).data, { weather: 'fair' })
    assert.deepEqual(await (await freshet.eventStream('{ weather }', {}, headers)).data(), { weather: 'fair' })
    await using client = await freshet.connect({ headers })
    assert.deepEqual(await client.subscribe('{ weather }').data(), { weather: 'fair' })
    assert.equal(got.length, 3)
    const common = ['accept', 'accept-encoding', 'content-length', 'content-type', 'host']
    for (const each of got) {
      assert.deepEqual(Object.keys(each).filter((name) => !common.includes(name)).sort(), ['authorization', 'cookie', 'x-both', 'x-own'])
      assert.deepEqual([each.authorization, each.cookie, each['x-both'], each['x-own']], ['Bearer person', 'session=1; theme=dark', 'own', 'own'])
    }
  })

  test('gets the parameters of a WebSocket as headers, where the request that opened it has none of that name', async () => {
    const got: IncomingMessage['headers'][] = []
    await using server = await serving((request, response) => {
      got.push(request.headers)
      void answer(request, response)
    })
    await using freshet = await startFreshet({ env, file: { subgraphs: { weather: { url: server.url, forwardHeaders: ['authorization', 'x-tenant', 'x-both', 'x-split'] } } } })
    const shown = async (headers: Record<string, string>, connectionParams: Record<string, unknown>): Promise<unknown[]> => {
      got.length = 0
      await using client = await freshet.connect({ headers, connectionParams })
      assert.deepEqual(await client.subscribe('{ weather }').data(), { weather: 'fair' })
      return ['authorization', 'x-tenant', 'x-both', 'x-split', 'x-other'].map((name) => got[0]?.[name])
    }
    assert.deepEqual(await shown({ authorization: 'Bearer former', 'x-both': 'request' },
      { Authorization: 'Bearer person', 'X-Tenant': 't', 'x-both': 'parameter', 'x-split': 'a\r\nx-other: b', 'x-other': 'o', 'bad name': 'b', number: 7 }),
    ['Bearer person', 't', 'request', undefined, undefined])
    assert.deepEqual(await shown({}, { 'x-long': 'l'.repeat(20_000), 'x-tenant': 't', authorization: 'Bearer person' }), ['Bearer person', undefined, undefined, undefined, undefined])
    assert.deepEqual(await shown({ 'x-tenant': 't' }, {}), [undefined, 't', undefined, undefined, undefined])
  })

  test('gets the fresh token of a WebSocket once it is judged', async () => {
    const got: (string | undefined)[] = []
    await using server = await serving((request, response) => {
      got.push(request.headers.authorization)
      void answer(request, response)
    })
    const scope = { tenant: 't', subject: 'ada', roles: [] }
    await using freshet = await startFreshet({
      env, file: { subgraphs: { weather: { url: server.url, forwardHeaders: ['authorization'] } } },
      verifier: (authorization) => authorization === 'Bearer none' ? Promise.reject(new GraphQLError('The token is none.')) : Promise.resolve({ scope }),
    })
    got.length = 0
    await using client = await freshet.connect({ connectionParams: { authorization: 'Bearer first' } })
    const ask = async (): Promise<unknown> => client.subscribe('{ weather }').data()
    await ask()
    client.send({ type: 'ping', payload: { authorization: 'Bearer second' } })
    await ask()
    client.send({ type: 'ping', payload: { authorization: 'Bearer none' } })
    await ask()
    assert.deepEqual(got, ['Bearer first', 'Bearer second', 'Bearer second'])
  })

  test('is asked again as often as "retries" says, a mutation never; "timeoutMs" ends each attempt', async () => {
    let asked = 0
    let failures = 0
    let silent = false
    await using folder = temporaryDirectory('retries')
    const file = join(folder.path, 'weather.graphql')
    writeFileSync(file, sdl)
    await using server = await serving((request, response) => {
      asked++
      if (silent) return
      if (failures-- > 0) return void response.writeHead(503).end()
      void answer(request, response)
    })
    await using freshet = await startFreshet({ env, file: { subgraphs: { weather: { url: server.url, sdl: file, retries: 2, timeoutMs: 300 } } } })
    const attempts = async (query: string, failing: number) => {
      asked = 0
      failures = failing
      const { data, errors } = await freshet.ask(query)
      return [asked, data, errors?.[0]?.message]
    }
    assert.deepEqual(await attempts('{ weather }', 2), [3, { weather: 'fair' }, undefined])
    assert.deepEqual(await attempts('{ weather }', 3), [3, { weather: null }, 'The subgraph "weather" answered with HTTP status 503.'])
    assert.deepEqual(await attempts('mutation { rain }', 1), [1, { rain: null }, 'The subgraph "weather" answered with HTTP status 503.'])
    silent = true
    assert.deepEqual(await attempts('{ weather }', 0), [1, { weather: null }, 'The subgraph "weather" did not answer within 300 ms.'])
  })

  test('keeps what went wrong within it to itself: clients get the code, or with "passErrors" the whole', async () => {
    const failing = buildSubgraph({ typeDefs: sdl, resolvers: {
      Query: { weather: () => { throw new Error('connect ECONNREFUSED 10.0.0.7:5432') } },
      Mutation: { rain: () => { throw new GraphQLError('No rain today.', { extensions: { code: 'DRY', stacktrace: ['secret'], season: 'summer' } }) } },
    } })
    await using server = await serving((request, response) => void answer(request, response, failing))
    const said = async (passErrors: boolean | undefined) => {
      await using freshet = await startFreshet({ env, file: { subgraphs: { weather: { url: server.url, ...passErrors !== undefined && { passErrors } } } } })
      const errors = []
      for (const query of ['{ weather }', 'mutation { rain }']) errors.push(...(await freshet.ask(query)).errors ?? [])
      return { errors: errors.map(({ message, extensions }) => [message, extensions]), told: freshet.said.filter((line) => line.includes('reported an error')).length }
    }
    const masked = 'The subgraph "weather" reported an error.'
    for (const passErrors of [undefined, false]) {
      // The operator is told of what nobody meant for clients.
      assert.deepEqual(await said(passErrors), { told: 1, errors: [
        [masked, { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'weather' }], [masked, { code: 'DRY', serviceName: 'weather' }],
      ] })
    }
    assert.deepEqual(await said(true), { told: 0, errors: [
      ['connect ECONNREFUSED 10.0.0.7:5432', { code: 'DOWNSTREAM_SERVICE_ERROR', serviceName: 'weather' }],
      ['No rain today.', { code: 'DRY', season: 'summer', serviceName: 'weather' }],
    ] })
  })

  test('sends the events of subscriptions to "publicUrl"', async () => {
    await using server = await serveByCallback(schema)
    // By this address the subgraph reaches the gateway, whose own is known only once it listens.
    let target = ''
    const paths: string[] = []
    await using outside = await serving((request, response) => {
      paths.push((request.url ?? '').replace(/[0-9a-f-]{36}$/, 'ID'))
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => void fetch(target + request.url?.replace('/outside', ''), { method: 'POST', body: Buffer.concat(chunks) }).then(async (answered) => {
        response.writeHead(answered.status, { 'subscription-protocol': answered.headers.get('subscription-protocol') ?? '' })
        response.end(await answered.text())
      }))
    })
    await using folder = temporaryDirectory('callback')
    const file = join(folder.path, 'weather.graphql')
    writeFileSync(file, sdl)
    await using freshet = await startFreshet({
      env: { ...env, FRESHET_PUBLIC_URL: outside.url.replace(/graphql$/, 'outside') },
      // The gateway's key is no subgraph's: a callback proves by its verifier that it may come.
      gateway: { apiKey: 'k' },
      file: { subgraphs: { weather: { url: server.url, sdl: file, subscriptions: { protocol: 'callback' } } } },
    })
    target = freshet.url
    await using client = await freshet.connect({ headers: { authorization: 'Bearer k' } })
    const clouds = client.subscribe('subscription { clouds }')
    assert.deepEqual([await clouds.data(), await clouds.data(), await clouds.data()], [1, 2, 3].map((number) => ({ clouds: number })))
    assert.deepEqual(await clouds.ended, [])
    assert.deepEqual(new Set(paths), new Set(['/outside/callbacks/ID']))
  })
})
