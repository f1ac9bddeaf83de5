import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultGatewaySettings } from '../../gateway/settings.ts'
import { checkListen } from '../../gateway/guard.ts'
import { connect, openSocket } from '../support/live-client.ts'
import { openDoor, withoutFreshness, type OpenDoor } from './door.ts'
import { rawRequest } from './raw-request.ts'

const hello = JSON.stringify({ query: '{ hello }' })
const json = { 'content-type': 'application/json' }

const post = (door: OpenDoor, headers: Record<string, string>, path = '/graphql') =>
  rawRequest(`${door.url}${path}`, { method: 'POST', headers: { ...json, ...headers }, body: hello })

const message = (text: string): string => (JSON.parse(text) as { errors: { message: string }[] }).errors[0]?.message ?? ''

const codeOf = (text: string): unknown => (JSON.parse(text) as { errors: { extensions?: { code?: string } }[] }).errors[0]?.extensions?.code

const upgradeOf = (door: OpenDoor, headers: Record<string, string>): Promise<string> =>
  openSocket(door.url, { headers }).then((socket) => {
    socket.terminate()
    return 'open'
  }, (error: Error) => error.message)

describe('who is let in', { timeout: 60_000 }, () => {
  const resolvers = { Query: { hello: () => 'hello' } }

  test('a foreign name of the host is refused, on HTTP and WebSockets', async () => {
    await using door = await openDoor({ resolvers, settings: { allowedHosts: ['freshet.example.com'] } })
    for (const [host, status] of [
      ['evil.example.com', 421], ['127.0.0.1.example.com', 421], ['localhost.example.com:4000', 421],
      ['localhost', 200], ['LOCALHOST:4000', 200], ['127.0.0.1:9', 200], ['127.8.8.8', 200], ['[::1]:4000', 200], ['freshet.example.com:443', 200],
    ] as const) {
      const { status: got, text } = await post(door, { host })
      assert.equal(got, status, host)
      if (status === 421) assert.match(message(text), /add that name to "allowedHosts"/)
      if (status === 421) assert.equal(codeOf(text), 'MISDIRECTED_REQUEST')
      assert.equal(await upgradeOf(door, { host }), status === 200 ? 'open' : 'Unexpected server response: 421', host)
    }
  })

  test('pages of a foreign origin are refused, on HTTP and WebSockets', async () => {
    await using door = await openDoor({ resolvers, settings: { allowedOrigins: ['https://app.example.com'] } })
    for (const [origin, status] of [
      ['https://evil.example.com', 403], ['null', 403], ['https://app.example.com.evil.com', 403], ['http://127.0.0.1:1', 403],
      ['https://app.example.com', 200], [door.url, 200],
    ] as const) {
      const { status: got, text } = await post(door, { origin })
      assert.equal(got, status, origin)
      if (status === 403) assert.match(message(text), /add the origin to "allowedOrigins"/)
      if (status === 403) assert.equal(codeOf(text), 'FORBIDDEN')
      assert.equal(await upgradeOf(door, { origin }), status === 200 ? 'open' : 'Unexpected server response: 403', origin)
    }
  })

  test('where there is a key, everything but the page and health needs it', async () => {
    await using door = await openDoor({ resolvers, settings: { apiKey: 'open sesame' } })
    for (const authorization of ['', 'Bearer open', 'Bearer open sesame2', 'open sesame', 'Basic open sesame'])
      for (const path of ['/graphql', '/metrics', '/subgraphs/users', '/nothing']) {
        const { status, text } = await post(door, authorization ? { authorization } : {}, path)
        assert.equal(status, 401, `${authorization} at ${path}`)
        assert.doesNotMatch(text, /sesame/)
        assert.equal(codeOf(text), 'UNAUTHENTICATED')
      }
    assert.deepEqual(withoutFreshness(JSON.parse((await post(door, { authorization: 'Bearer open sesame' })).text) as object), { data: { hello: 'hello' } })
    for (const path of ['/health/live', '/health/ready']) assert.notEqual((await rawRequest(`${door.url}${path}`)).status, 401)
    assert.equal((await rawRequest(`${door.url}/graphql`, { headers: { accept: 'text/html' } })).status, 200)
    assert.equal((await rawRequest(`${door.url}/graphql?query={hello}`, { headers: { accept: 'text/html' } })).status, 401)
  })

  test('graphql-ws brings the key as a header or in connectionParams', async () => {
    await using door = await openDoor({ resolvers, settings: { apiKey: 'key' } })
    const authorization = 'Bearer key'
    for (const options of [{ headers: { authorization } }, { connectionParams: { authorization } }]) {
      await using client = await connect(door.url, options)
      assert.deepEqual(await client.subscribe('{ hello }').data(), { hello: 'hello' })
    }
    for (const connectionParams of [undefined, {}, { authorization: 'Bearer other' }, { authorization: 7 }])
      await assert.rejects(connect(door.url, { connectionParams }), /closed with 4403 Forbidden/)
  })

  test('nothing that a foreign page could send without asking first does anything', async () => {
    let counted = 0
    await using door = await openDoor({ resolvers: { ...resolvers, Mutation: { count: () => ++counted } } })
    const mutation = JSON.stringify({ query: 'mutation { count }' })
    const search = `?query=${encodeURIComponent('mutation { count }')}`
    // "Simple" requests: their headers and content types are on the safelist of CORS, and a GET brings no Origin.
    const simple: [path: string, init: Parameters<typeof rawRequest>[1]][] = [
      [`/graphql${search}`, {}],
      [`/graphql${search}`, { headers: { accept: 'text/event-stream' } }],
      ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=b'].flatMap((type): typeof simple => [
        ['/graphql', { method: 'POST', headers: { 'content-type': type }, body: mutation }],
        ['/graphql', { method: 'POST', headers: { 'content-type': type, accept: 'text/event-stream' }, body: mutation }],
      ]),
    ]
    for (const [path, init] of simple) {
      const { status, text } = await rawRequest(`${door.url}${path}`, init)
      assert.ok(status >= 400 && status < 500, `${status} for ${JSON.stringify(init)}: ${text}`)
    }
    assert.equal(counted, 0)
    await post(door, {})
    assert.deepEqual((await door.ask('mutation { count }')).body, { data: { count: 1 } })
  })

  test('what is neither GET nor POST is refused by each transport, and does nothing', async () => {
    let counted = 0
    await using door = await openDoor({ resolvers: { Mutation: { count: () => ++counted } } })
    for (const method of ['PUT', 'PATCH'])
      for (const accept of ['application/json', 'text/event-stream', 'multipart/mixed;subscriptionSpec=1.0']) {
        const { status, headers, text } = await rawRequest(`${door.url}/graphql`, { method, headers: { ...json, accept }, body: JSON.stringify({ query: 'mutation { count }' }) })
        assert.deepEqual([status, headers.allow, message(text), codeOf(text)], [405, 'GET, POST', `GraphQL is asked by GET or POST; got ${method}.`, 'METHOD_NOT_ALLOWED'])
      }
    assert.equal(counted, 0)
  })

  test('a mutation by GET is refused by each transport', async () => {
    let counted = 0
    await using door = await openDoor({ resolvers: { Mutation: { count: () => ++counted } } })
    for (const accept of ['application/json', 'text/event-stream']) {
      const { status, text } = await rawRequest(`${door.url}/graphql?query=${encodeURIComponent('mutation { count }')}`, { headers: { accept } })
      assert.equal(status, 405, text)
    }
    assert.equal(counted, 0)
  })

  test('a query by GET is for programs and own pages, not for the pages of other sites', async () => {
    let asked = 0
    await using door = await openDoor({ resolvers: { Query: { hello: () => `${++asked}` } }, settings: { allowedOrigins: ['https://app.example.com'] } })
    const get = async (accept: string, headers: object) =>
      (await rawRequest(`${door.url}/graphql?query=%7Bhello%7D`, { headers: { accept, ...headers } })).status
    const refused = await rawRequest(`${door.url}/graphql?query=%7Bhello%7D`, { headers: { 'sec-fetch-site': 'cross-site' } })
    assert.equal(codeOf(refused.text), 'FORBIDDEN')
    for (const accept of ['application/json', 'text/event-stream', 'image/*']) {
      for (const site of ['cross-site', 'same-site']) assert.equal(await get(accept, { 'sec-fetch-site': site }), 403)
    }
    assert.equal(asked, 0)
    for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://app.example.com' }, { 'sec-fetch-site': 'cross-site', 'apollo-require-preflight': '1' }])
      assert.equal(await get('application/json', headers), 200)
    assert.equal(asked, 5)
  })

  test('to listen where others can reach it, a key is needed', () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'freshet.example.com']) {
      assert.throws(() => checkListen({ ...defaultGatewaySettings, host }), /"host" is .*, which others can reach: set "apiKey" \(FRESHET_API_KEY\)/)
      assert.throws(() => checkListen({ ...defaultGatewaySettings, host, apiKey: '' }), /which others can reach/)
      checkListen({ ...defaultGatewaySettings, host, apiKey: 'key' })
    }
    for (const host of ['127.0.0.1', 'localhost', '::1']) checkListen({ ...defaultGatewaySettings, host })
  })

  test('it does not begin to listen then', async () => {
    await assert.rejects(openDoor({ settings: { host: '0.0.0.0' } }), /which others can reach/)
  })
})
