import { createHash } from 'node:crypto'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { GraphQLError, type FormattedExecutionResult } from 'graphql'
import { cancelledFailure, failureError, SubgraphFailure } from '../../federation/errors.ts'
import { bind } from '../../gateway/bind.ts'
import { maskError } from '../../gateway/errors.ts'
import { openEventStream } from '../support/event-stream.ts'
import { connect } from '../support/live-client.ts'
import { engineOf, openDoor, withoutFreshness } from './door.ts'
import { rawRequest } from './raw-request.ts'

describe('errors', { timeout: 60_000 }, () => {
  const secret = 'password hunter2 in /etc/secret'
  const resolvers = {
    Query: {
      hello: () => 'hello',
      broken: () => { throw new TypeError(secret) },
      refused: () => { throw new GraphQLError('You may not.', { extensions: { code: 'FORBIDDEN' } }) },
    },
    Subscription: {
      breaks: { async* subscribe() { yield { breaks: 1 }; throw new Error(secret) } },
    },
  }

  test('of a resolver are kept from clients and told to the operator, by every transport', async () => {
    await using door = await openDoor({ resolvers })
    const query = '{ hello broken }'
    await using client = await connect(door.url)
    const results = [(await door.ask(query)).body, await client.subscribe(query).next(), await (await openEventStream(door.url, { query })).next()]
    for (const { data, errors } of results) {
      assert.deepEqual(data, { hello: 'hello', broken: null })
      assert.deepEqual(errors?.map((error) => [error.message, error.path]), [['Internal server error.', ['broken']]])
      assert.equal(errors?.[0]?.extensions?.code, 'INTERNAL_SERVER_ERROR')
      assert.doesNotMatch(JSON.stringify(errors), /hunter2|secret|TypeError|stack/)
    }
    assert.deepEqual(door.told.map(String), [1, 2, 3].map(() => `TypeError: ${secret}`))
  })

  test('of a call are told to the operator once, whatever they leave empty, and not at all when nobody waits any more', () => {
    const told: unknown[] = []
    const masked = (cause: Error, field: string) => {
      const error = failureError('other', cause, [field])
      return maskError(error.toJSON(), error, (one) => told.push(one)).extensions?.code
    }
    const failure = new SubgraphFailure('could not be reached')
    for (const field of ['hello', 'broken']) assert.equal(masked(failure, field), 'DOWNSTREAM_SERVICE_ERROR')
    assert.equal(masked(cancelledFailure('not waited for'), 'hello'), 'REQUEST_CANCELLED')
    assert.deepEqual(told.map((error) => [String(error), (error as Error).cause]), [['SubgraphOutage: The subgraph "other" could not be reached.', failure]])
  })

  test('that were written for clients reach them with their code', async () => {
    await using door = await openDoor({ resolvers })
    const { body } = await door.ask('{ refused }')
    assert.deepEqual(body.errors?.map(({ message, extensions }) => [message, extensions?.code]), [['You may not.', 'FORBIDDEN']])
    assert.deepEqual(door.told, [])
  })

  test('of a stream are its last word, masked as well', async () => {
    await using door = await openDoor({ resolvers })
    const query = 'subscription { breaks }'
    await using client = await connect(door.url)
    for (const subscribe of [() => client.subscribe(query), () => openEventStream(door.url, { query })]) {
      const stream = await subscribe()
      assert.deepEqual(await stream.data(), { breaks: 1 })
      const { errors } = await stream.next()
      assert.equal(errors?.length, 1)
      assert.match(String(errors[0]?.extensions?.code), /^(INTERNAL_SERVER_ERROR|DOWNSTREAM_SERVICE_ERROR)$/)
      assert.doesNotMatch(JSON.stringify(errors), /hunter2|secret|stack/)
      await stream.ended
    }
    assert.deepEqual(door.told.map(String), [`Error: ${secret}`, `Error: ${secret}`])
  })

  test('of a stream that were written for clients reach them with their code', async () => {
    await using door = await openDoor({ resolvers: { Subscription: {
      breaks: { async* subscribe() { yield { breaks: 1 }; throw new GraphQLError('Read faster.', { extensions: { code: 'SUBSCRIBER_TOO_SLOW' } }) } },
    } } })
    const query = 'subscription { breaks }'
    await using client = await connect(door.url)
    // One after the other: whoever comes while others are told the last of a stream that all share gets what is left of it.
    for (const subscribe of [() => client.subscribe(query), () => openEventStream(door.url, { query })]) {
      const stream = await subscribe()
      await stream.data()
      assert.deepEqual((await stream.next()).errors, [{ message: 'Read faster.', extensions: { code: 'SUBSCRIBER_TOO_SLOW' } }])
    }
    assert.deepEqual(door.told, [])
  })

  test('of requests that are refused before they are executed are theirs, not the server\'s', async () => {
    let counted = 0
    await using door = await openDoor({ limits: { objects: 10 }, resolvers: { Mutation: { count: () => ++counted } } })
    const statusOf = async (body: object, headers: Record<string, string> = {}) => {
      const { status, text } = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
      const { errors } = JSON.parse(text) as { errors: { extensions: { code: string } }[] }
      return [status, errors[0]?.extensions.code]
    }
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      assert.deepEqual(await statusOf({ query: '{ items(first: 11) { id } }' }, { accept }), [400, 'LIMIT_EXCEEDED'])
      assert.deepEqual(await statusOf({ query: '{ hello }' }, { accept, 'freshet-token': 'AAAA' }), [400, 'INVALID_TOKEN'])
      // The only operation is not the one that is named.
      for (const operationName of ['B', ''])
        assert.deepEqual(await statusOf({ query: 'mutation A { count }', operationName }, { accept }), [400, 'OPERATION_RESOLUTION_FAILURE'])
    }
    assert.equal(counted, 0)
    assert.deepEqual(door.told, [])
  })

  test('of parsing and validation name the place', async () => {
    await using door = await openDoor()
    await using client = await connect(door.url)
    const cases = [
      ['{ hello', /Syntax Error: Expected Name/, 'GRAPHQL_PARSE_FAILED'],
      ['{ nothing }', /Cannot query field "nothing" on type "Query"/, 'GRAPHQL_VALIDATION_FAILED'],
    ] as const
    for (const [query, message, code] of cases) {
      const results = [(await door.ask(query)).body.errors, await client.subscribe(query).ended, (await (await openEventStream(door.url, { query })).next()).errors]
      for (const errors of results) {
        assert.match(errors?.[0]?.message ?? '', message)
        assert.equal(errors?.[0]?.extensions?.code, code)
        assert.doesNotMatch(JSON.stringify(errors), /stack/)
      }
    }
    assert.deepEqual(door.told, [])
  })

  test('of a body say what it must be', async () => {
    await using door = await openDoor()
    for (const accept of ['application/json', 'text/event-stream']) {
      const { status, text } = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body: '{ hello }' })
      assert.equal(status, 400)
      assert.match(text, /The body must be JSON: \{\\"query\\": \\"…\\", \\"variables\\": \{…\}\}/)
    }
    for (const body of ['null', '[]', '{}', '{"query": 7}', '{"query": "{ hello }", "variables": []}'])
      for (const accept of ['application/json', 'text/event-stream'])
        assert.equal((await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body })).status, 400, body)
  })

  test('a router that would send hashes in place of queries to a subgraph is told to send the queries', async () => {
    await using door = await openDoor()
    const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update('{ hello }').digest('hex') } }
    const send = (body: object) => rawRequest(`${door.url}/subgraphs/small`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    const refused = await send({ extensions })
    assert.equal(refused.status, 200)
    assert.deepEqual(JSON.parse(refused.text), { errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }] })
    assert.equal((await send({ query: '{ hello }', extensions })).text, '{"data":{"hello":null}}')
    assert.equal((await send({ extensions: {} })).status, 400)
  })

  test('when the client leaves, what its query has begun is ended', async () => {
    let begun = Promise.withResolvers<AbortSignal>()
    const slow = (_: unknown, __: unknown, { signal }: { signal?: AbortSignal }) => {
      begun.resolve(signal!)
      return once(signal!, 'abort').then(() => null)
    }
    await using door = await openDoor({ resolvers: { Query: { slow } }, settings: { requestTimeoutMs: 10_000 } })
    for (const [path, accept] of [['graphql', 'application/json'], ['graphql', 'text/event-stream'], ['subgraphs/small', 'application/json']]) {
      begun = Promise.withResolvers()
      const sent = request(`${door.url}/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, agent: false })
      sent.on('error', () => { /* nobody waits for the answer */ })
      sent.end('{"query":"{ slow }"}')
      const signal = await begun.promise
      sent.destroy()
      if (!signal.aborted) await once(signal, 'abort')
      assert.equal((signal.reason as Error).name, 'AbortError', `${path} ${accept}`)
    }
  })

  test('a query that takes longer than it may is ended, and says so', async () => {
    const slow = (_: unknown, __: unknown, { signal }: { signal?: AbortSignal }) => new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
    await using door = await openDoor({ resolvers: { Query: { slow } }, settings: { requestTimeoutMs: 50 } })
    await using client = await connect(door.url)
    const results = [
      (await door.ask('{ slow }')).body.errors, (await client.subscribe('{ slow }').next()).errors,
      (await (await openEventStream(door.url, { query: '{ slow }' })).next()).errors,
      (JSON.parse((await rawRequest(`${door.url}/subgraphs/small`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ slow }"}' })).text) as FormattedExecutionResult).errors,
    ]
    for (const errors of results) {
      assert.equal(errors?.[0]?.extensions?.code, 'REQUEST_TIMEOUT')
      assert.match(errors?.[0]?.message ?? '', /longer than 50 ms/)
    }
  })
})

/** A subscription that says one thing and is quiet until its reader leaves. */
function oneAndThenNothing(): AsyncIterableIterator<{ quiet: number }> {
  const left = Promise.withResolvers<IteratorResult<{ quiet: number }>>()
  let said = false
  return {
    next: () => {
      if (said) return left.promise
      said = true
      return Promise.resolve({ done: false, value: { quiet: 1 } })
    },
    return: () => {
      left.resolve({ done: true, value: undefined })
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

describe('paths', { timeout: 60_000 }, () => {
  test('GraphiQL is for browsers, results for programs, at one address', async () => {
    await using door = await openDoor({ resolvers: { Query: { hello: () => 'hello' } } })
    const page = await rawRequest(`${door.url}/graphql`, { headers: { accept: 'text/html,application/xhtml+xml' } })
    assert.equal(page.status, 200)
    assert.match(page.headers['content-type'] ?? '', /^text\/html/)
    assert.match(page.text, /<title>Freshet<\/title>/)
    const compressed = await fetch(`${door.url}/graphql`, { headers: { accept: 'text/html', 'accept-encoding': 'gzip' } })
    assert.equal(compressed.headers.get('content-encoding'), 'gzip')
    assert.equal(await compressed.text(), page.text)
    assert.ok(Number(compressed.headers.get('content-length')) < page.text.length / 2)
    const result = await rawRequest(`${door.url}/graphql?query=%7Bhello%7D`, { headers: { accept: 'application/json' } })
    assert.deepEqual(withoutFreshness(JSON.parse(result.text) as object), { data: { hello: 'hello' } })
    assert.deepEqual([(await rawRequest(`${door.url}/`)).status, (await rawRequest(`${door.url}/`)).headers.location], [302, '/graphql'])
    const nothing = await rawRequest(`${door.url}/nothing`)
    assert.deepEqual([nothing.status, JSON.parse(nothing.text)], [404, { errors: [{ message: 'Nothing is at /nothing. GraphQL is at /graphql.' }] }])
  })

  test('live at once, ready when the view has caught up', async () => {
    await using door = await openDoor()
    const health = async (name: string) => {
      const { status, text } = await rawRequest(`${door.url}/health/${name}`)
      return [status, JSON.parse(text)]
    }
    assert.deepEqual(await health('live'), [200, { status: 'live' }])
    assert.deepEqual(await health('ready'), [503, { status: 'catching up' }])
    door.view.caughtUp()
    assert.deepEqual(await health('ready'), [200, { status: 'ready' }])
  })

  test('/metrics has every family, and counts', async () => {
    await using door = await openDoor({ resolvers: { Query: { hello: () => 'hello', broken: () => { throw new Error('broken') } }, Subscription: { quiet: { subscribe: oneAndThenNothing } } } })
    for (const query of ['{ hello }', '{ broken }', '{ nothing }']) await door.ask(query)
    await using client = await connect(door.url)
    await client.subscribe('subscription { quiet }').data()
    for (const query of ['{ hello }', '{ broken }']) {
      await client.subscribe(query).next()
      await (await openEventStream(door.url, { query })).next()
    }
    const { text, headers } = await rawRequest(`${door.url}/metrics`)
    assert.match(headers['content-type'] ?? '', /^text\/plain/)
    for (const family of [
      'data_latency_seconds', 'query_duration_seconds', 'ingest_lag_records', 'ingest_partitions', 'events_total', 'dead_letters_total', 'change_batches_total',
      'connections', 'subscriptions', 'errors_total', 'feed_notes_dropped_total', 'system_failures_total',
    ]) assert.match(text, new RegExp(`^# TYPE freshet_${family} (counter|gauge|histogram)$`, 'm'))
    for (const [transport, outcome, count] of [
      ['http', 'ok', 1], ['http', 'error', 2], ['websocket', 'ok', 1], ['websocket', 'error', 1], ['sse', 'ok', 1], ['sse', 'error', 1],
    ]) assert.match(text, new RegExp(`^freshet_query_duration_seconds_count\\{transport="${transport}",outcome="${outcome}"\\} ${count}$`, 'm'))
    assert.match(text, /^freshet_connections\{transport="websocket"\} 1$/m)
    assert.match(text, /^freshet_subscriptions 1$/m)
  })
})

describe('tokens', { timeout: 60_000 }, () => {
  const resolvers = { Query: { hello: () => 'hello' } }
  const token = (log: string, ends: object) => Buffer.from(JSON.stringify({ v: 1, log, ends })).toString('base64url')

  test('that are none, or of another log, are refused; one that is not reached in time says so', async () => {
    await using door = await openDoor({ resolvers, settings: { tokenTimeoutMs: 30 } })
    await using client = await connect(door.url)
    for (const [bad, code] of [
      ['garbage', 'INVALID_TOKEN'], [token('another log', {}), 'INVALID_TOKEN'], [token('log', { 'freshet.users/0': 'x' }), 'INVALID_TOKEN'],
      [token('log', { 'freshet.users/0': 5 }), 'TOKEN_TIMEOUT'],
    ] as const) {
      const variants = [
        (await door.ask('{ hello }', {}, { 'freshet-token': bad })).body.errors,
        await client.subscribe('{ hello }', {}, { freshetToken: bad }).ended,
        (await (await openEventStream(door.url, { query: '{ hello }' }, { 'freshet-token': bad })).next()).errors,
      ]
      for (const errors of variants) assert.deepEqual(errors?.map(({ extensions }) => extensions?.code), [code])
    }
    assert.deepEqual(door.told, [])
  })

  test('let a query wait until their events are applied', async () => {
    await using door = await openDoor({ resolvers })
    const answer = door.ask('{ hello }', {}, { 'freshet-token': token('log', { 'freshet.users/0': 5 }) })
    door.view.loadShard({ covered: { 'freshet.users/0': 5 }, rekeyed: {} })
    assert.deepEqual((await answer).body, { data: { hello: 'hello' } })
  })
})

describe('beginning and ending', { timeout: 60_000 }, () => {
  test('a port that is taken is named, with what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    try {
      await assert.rejects(openDoor({ settings: { port } }),
        new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken: end the program that has it, or choose another \\("PORT", for example PORT=${port % 65_535 + 1}\\)`))
    } finally {
      taken.close()
    }
  })

  test('an address that is not of this machine is named with its setting, and a port that this user may not take', async () => {
    const server = createServer()
    await assert.rejects(bind(server, { host: '192.0.2.1', port: 0, variable: 'PORT' }),
      /^Error: FRESHET_HOST: expected an address of this machine, got "192\.0\.2\.1" \(.*EADDRNOTAVAIL.*\)\. For example: FRESHET_HOST="127\.0\.0\.1"$/)
    // Not for root, who runs tests in containers.
    server.listen = () => {
      server.emit('error', Object.assign(new Error('listen EACCES'), { code: 'EACCES' }))
      return server
    }
    await assert.rejects(bind(server, { host: '127.0.0.1', port: 80, variable: 'PORT' }),
      /^Error: Port 80 on 127\.0\.0\.1 may not be taken by this user: choose one from 1024 on \("PORT", for example PORT=4000\)\.$/)
  })

  test('the engine is swapped while requests run: none fails, each is answered by one engine alone', async () => {
    const version = (number: number) => ({ Query: { version: () => number, hello: () => new Promise((resolve) => setImmediate(resolve, `${number}`)) } })
    await using door = await openDoor({ resolvers: version(0) })
    await using client = await connect(door.url)
    const query = '{ version hello }'
    let asking = true
    const answers: unknown[] = []
    const keepAsking = async (ask: () => Promise<unknown>) => {
      while (asking) answers.push(await ask())
    }
    const askers = [
      keepAsking(async () => (await door.ask(query)).body.data), keepAsking(async () => (await door.ask(query)).body.data),
      keepAsking(() => client.subscribe(query).data()),
    ]
    const former = [door.host.current]
    for (let number = 1; number <= 20; number++) {
      door.host.swap(engineOf(version(number)))
      former.push(door.host.current)
      const asked = answers.length
      while (answers.length < asked + 3) await new Promise((resolve) => setImmediate(resolve))
    }
    asking = false
    await Promise.all(askers)
    assert.deepEqual((await door.ask(query)).body.data, { version: 20, hello: '20' })
    for (const answer of answers as { version: number; hello: string }[]) assert.equal(answer.hello, String(answer.version))
    assert.ok(new Set(answers.map((answer) => JSON.stringify(answer))).size > 10)
    await Promise.all(former.slice(1, -1).map((engine) => engine.close()))
  })

  test('closing ends subscriptions and lets what runs finish', async () => {
    const finish = Promise.withResolvers<string>()
    const asked = Promise.withResolvers<void>()
    const quiet = { subscribe: oneAndThenNothing }
    const slow = () => {
      asked.resolve()
      return finish.promise
    }
    await using door = await openDoor({ resolvers: { Query: { slow }, Subscription: { quiet } } })
    const client = await connect(door.url)
    // Not equal: who joined the other would get nothing of what has come already.
    const streams = [client.subscribe('subscription { quiet }'), await openEventStream(door.url, { query: 'subscription { again: quiet }' })]
    for (const stream of streams) await stream.data()
    const answer = door.ask('{ slow }')
    await asked.promise

    const closing = door.close()
    assert.equal((await client.closed).code, 1012)
    // Not complete: clients come again.
    assert.deepEqual(await streams[1]?.ended, [{ message: 'the connection ended before the stream was complete' }])
    await assert.rejects(fetch(`${door.url}/health/live`))
    finish.resolve('finished')
    assert.deepEqual((await answer).body.data, { slow: 'finished' })
    await closing
  })
})
