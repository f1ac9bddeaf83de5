import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { parse, type ExecutionResult } from 'graphql'
import { buildSubgraph, codes, httpSubgraph, SubgraphFailure, type HttpSubgraphOptions } from '../../federation/index.ts'
import { UnusableAnswer } from '../../federation/errors.ts'
import { serveSubgraph } from './remote.ts'
import { newShop, reviewsSchema, shopEngine, usersSchema } from './shop.ts'

/** A server that answers as the test says, and a transport to it. */
const answering = async (
  handler: (request: IncomingMessage, response: ServerResponse, number: number) => void, options: Partial<HttpSubgraphOptions> = {},
) => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += chunk })
    request.on('end', () => handler(request, response, bodies.push(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const subgraph = httpSubgraph({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, ...options })
  return {
    bodies,
    subgraph,
    [Symbol.asyncDispose]: async () => {
      await subgraph.close?.()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const query = { query: '{ a }', context: undefined, kind: 'query' } as const
const ok = (response: ServerResponse, value: unknown = { data: { a: 1 } }) => response.end(JSON.stringify(value))
const failure = (words: RegExp) => (error: unknown) => error instanceof SubgraphFailure && words.test(error.message)

test('answers over remote subgraphs, one remote and one co-located, as over co-located ones', async () => {
  const operation = { document: parse('{ reviews { text author { id: name settings friend { name score } } } users { reviews { id } broken } }') }
  const expected = JSON.stringify(await shopEngine(newShop()).execute(operation)).replaceAll('"INTERNAL_SERVER_ERROR"', '"?"')
  for (const remotes of [['users', 'reviews'], ['users'], ['reviews']]) {
    await using stack = new AsyncDisposableStack()
    const shop = newShop()
    const users = stack.use(await serveSubgraph(usersSchema(shop)))
    const reviews = stack.use(await serveSubgraph(reviewsSchema(shop)))
    const engine = shopEngine(shop, {
      ...remotes.includes('users') && { users: httpSubgraph({ url: users.url }) },
      ...remotes.includes('reviews') && { reviews: httpSubgraph({ url: reviews.url }) },
    })
    stack.defer(() => engine.close())
    // A foreign server decides itself what it tells of its errors.
    const actual = JSON.stringify(await engine.execute(operation))
      .replaceAll('secret: password is 1234', 'Internal server error.').replaceAll(/"(INTERNAL_SERVER|DOWNSTREAM_SERVICE)_ERROR"/g, '"?"')
    assert.equal(actual, expected)
  }
})

test('forwards headers, its own ones win, and none that belong to a connection', async () => {
  await using server = await serveSubgraph(usersSchema(newShop()))
  const subgraph = httpSubgraph({ url: server.url, headers: { Authorization: 'own' } })
  await subgraph.execute({ ...query, query: '{ users { id } }',
    headers: { authorization: 'client', 'x-trace': '7', connection: 'close', 'content-length': '9999', host: 'evil.example' } })
  await subgraph.close?.()
  const { authorization, 'x-trace': trace, host, 'content-length': length, accept } = server.requests[0]!
  assert.deepEqual([authorization, trace], ['own', '7'])
  assert.match(String(host), /^127\.0\.0\.1:/)
  assert.ok(Number(length) < 9999)
  assert.match(String(accept), /^application\/graphql-response\+json/)
})

test('a subgraph that does not answer in time is named by its limit', async () => {
  await using server = await answering(() => { /* never */ }, { timeoutMs: 40, retries: 3 })
  await assert.rejects(async () => server.subgraph.execute(query), failure(/^did not answer within 40 ms$/))
  assert.equal(server.bodies.length, 1, 'what may still be at work is not asked again')
})

test('an answer that trickles is limited as a whole', async () => {
  await using server = await answering((_, response) => {
    const timer = setInterval(() => response.write(' '), 5)
    response.on('close', () => clearInterval(timer))
  }, { timeoutMs: 60 })
  await assert.rejects(async () => server.subgraph.execute(query), failure(/^did not answer within 60 ms$/))
})

test('an answer larger than its limit is refused', async () => {
  await using server = await answering((_, response) => ok(response, { data: { a: 'x'.repeat(5000) } }), { maxResponseBytes: 1000 })
  await assert.rejects(async () => server.subgraph.execute(query), failure(/^answered with more than the 1000 bytes allowed$/))
})

test('a query that brought nothing is repeated; a mutation never is', async () => {
  await using server = await answering((request, response, number) => {
    if (number % 2 === 1) request.socket.destroy()
    else ok(response)
  })
  assert.deepEqual(await server.subgraph.execute(query), { data: { a: 1 } })
  assert.equal(server.bodies.length, 2)
  await assert.rejects(async () => server.subgraph.execute({ ...query, query: 'mutation { a }', kind: 'mutation' }), failure(/^could not be reached$/))
  assert.equal(server.bodies.length, 3)
})

test('an overloaded server is asked again, as often as told', async () => {
  await using server = await answering((_, response) => { response.writeHead(503).end('busy') }, { retries: 2 })
  await assert.rejects(async () => server.subgraph.execute(query), failure(/^answered with HTTP status 503$/))
  assert.equal(server.bodies.length, 3)
})

test('a well-formed answer counts whatever its status; anything else is an error that repeats nothing of it', async () => {
  const answers: [number, string][] = [
    [400, JSON.stringify({ errors: [{ message: 'bad field' }] })], [200, 'null'], [200, '<html>secret</html>'], [200, '{"data":7}'], [404, 'x'],
  ]
  await using server = await answering((_, response, number) => {
    const [status, body] = answers[number - 1]!
    response.writeHead(status).end(body)
  })
  assert.deepEqual(await server.subgraph.execute(query), { errors: [{ message: 'bad field' }] })
  for (const words of [/no GraphQL response$/, /no GraphQL response$/, /no GraphQL response$/, /^answered with HTTP status 404$/]) {
    await assert.rejects(async () => server.subgraph.execute(query), (error) => failure(words)(error) && !/secret/.test(String(error)))
  }
})

test('a client that leaves ends the call', async () => {
  const leave = new AbortController()
  const closed = Promise.withResolvers<void>()
  await using server = await answering((_, response) => {
    response.on('close', () => closed.resolve())
    leave.abort()
  })
  await assert.rejects(async () => server.subgraph.execute({ ...query, signal: leave.signal }), failure(/cancelled$/))
  await closed.promise
  await assert.rejects(async () => server.subgraph.execute({ ...query, signal: leave.signal }), failure(/^was not asked/))
  assert.equal(server.bodies.length, 1)
})

const clock = buildSubgraph({
  typeDefs: 'type Query { a: Int } type Subscription { tick(from: Int = 0): Int wait: Int refused: Int }',
  resolvers: { Subscription: {
    tick: {
      subscribe: async function* (_: unknown, { from }: { from: number }) {
        for (let number = from; number < from + 3; number++) yield { tick: number }
      },
    },
    wait: {
      subscribe: () => {
        const never = Promise.withResolvers<IteratorResult<unknown>>()
        return {
          [Symbol.asyncIterator]() { return this },
          next: () => never.promise,
          return: async () => {
            never.resolve({ done: true, value: undefined })
            return { done: true, value: undefined }
          },
        }
      },
    },
    refused: { subscribe: () => { throw new Error('not you') } },
  } },
})

const collect = async (stream: AsyncIterable<ExecutionResult> | ExecutionResult): Promise<unknown[]> => {
  if (!(Symbol.asyncIterator in stream)) return [stream]
  const results: unknown[] = []
  for await (const result of stream) results.push(result.data ?? result.errors?.map(({ message }) => message))
  return results
}

test('subscribes over graphql-ws, several at once over one connection', async () => {
  await using server = await serveSubgraph(clock)
  const subgraph = httpSubgraph({ url: server.url })
  const tick = async (from: number) => collect(await subgraph.subscribe({
    query: 'subscription ($from: Int) { tick(from: $from) }', variables: { from }, context: undefined, kind: 'subscription',
  }))
  assert.deepEqual(await Promise.all([tick(1), tick(5)]), [
    [{ tick: 1 }, { tick: 2 }, { tick: 3 }], [{ tick: 5 }, { tick: 6 }, { tick: 7 }],
  ])
  assert.deepEqual(await collect(await subgraph.subscribe({
    query: 'subscription { refused }', context: undefined, kind: 'subscription',
  })), [['not you']])
  await subgraph.close?.()
})

const lastly = (words: RegExp, code: string) => (error: unknown) =>
  error instanceof SubgraphFailure && words.test(error.message) && error.code === code

test('a lost connection ends the subscription with an error that says so', async () => {
  const server = await serveSubgraph(clock)
  const subgraph = httpSubgraph({ url: server.url })
  const stream = await subgraph.subscribe({ query: 'subscription { wait }', context: undefined, kind: 'subscription' })
  const lost = assert.rejects(collect(stream), lastly(/^ended the subscription: the connection was lost$/, codes.lost))
  await collect(await subgraph.subscribe({ query: 'subscription { tick }', context: undefined, kind: 'subscription' }))
  await server[Symbol.asyncDispose]()
  await lost
  await subgraph.close?.()
})

test('a reader that falls behind ends its subscription and is told the limit', async () => {
  await using server = await serveSubgraph(clock)
  const subgraph = httpSubgraph({ url: server.url, maxPendingEvents: 1 })
  const slow = await subgraph.subscribe({ query: 'subscription { tick }', context: undefined, kind: 'subscription' })
  // By the time that another subscription of the same connection is complete, all events of the first have come.
  await collect(await subgraph.subscribe({ query: 'subscription { refused }', context: undefined, kind: 'subscription' }))
  await collect(await subgraph.subscribe({ query: 'subscription { refused }', context: undefined, kind: 'subscription' }))
  assert.ok(Symbol.asyncIterator in slow)
  const events = slow[Symbol.asyncIterator]()
  assert.deepEqual((await events.next()).value, { data: { tick: 0 } })
  await assert.rejects(events.next(), lastly(/more than 1 events were waiting to be read/, codes.overflow))
  await subgraph.close?.()
})

test('says which headers reach the subgraph: own ones do not depend on the request', () => {
  const subgraph = httpSubgraph({ url: 'http://127.0.0.1:1/', headers: { Authorization: 'own' } })
  assert.deepEqual(subgraph.forwarded?.({ AUTHORIZATION: 'client', 'X-Trace': '7', host: 'x' }), { 'x-trace': '7' })
  assert.deepEqual(subgraph.forwarded?.(undefined), {})
})

test('an answer that cannot be used is told from a subgraph that cannot be asked', async () => {
  await using refusing = await answering((_, response) => { response.writeHead(413).end() })
  await using large = await answering((_, response) => ok(response, { data: { a: 'x'.repeat(5000) } }), { maxResponseBytes: 1000 })
  await using busy = await answering((_, response) => { response.writeHead(503).end() }, { retries: 0 })
  for (const [server, unusable] of [[refusing, true], [large, true], [busy, false]] as const) {
    await assert.rejects(async () => server.subgraph.execute(query), (error) => (error instanceof UnusableAnswer) === unusable)
  }
})
