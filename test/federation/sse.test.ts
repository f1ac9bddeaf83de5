import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildSubgraph, codes, httpSubgraph, type HttpSubgraphOptions } from '../../federation/index.ts'
import { EventStreamReader, EventTooLargeError } from '../../federation/event-stream.ts'
import { listening, serveBySse } from './streaming-servers.ts'
import { failure, streamOf, subscription } from './streams.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const readAll = (chunks: Iterable<Uint8Array>, limit = 1000) => {
  const reader = new EventStreamReader(limit)
  return [...chunks].flatMap((chunk) => reader.read(chunk))
}

test('reads events with any line ending, comments and data over several lines', () => {
  for (const end of ['\n', '\r', '\r\n']) {
    const text = ['\ufeff: hello', 'event: next', 'data: {"a":', 'data: 1}', 'id: 7', 'retry: 5', '', ':', '', 'data:x', '',
      'event:complete', 'data', '', 'event: named', '', '', 'data: unfinished'].join(end)
    assert.deepEqual(readAll([bytes(text)]), [
      { event: 'next', data: '{"a":\n1}' }, { event: 'message', data: 'x' }, { event: 'complete', data: '' }, { event: 'named', data: '' },
    ], JSON.stringify(end))
  }
})

test('where a stream is cut makes no difference', () => {
  const line = fc.oneof(fc.constantFrom('', '', ':ping', 'event: next', 'event', 'data:', 'data:  two'), fc.string({ unit: 'grapheme' }).map((text) => `data: ${text}`))
  fc.assert(fc.property(
    fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 }), fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
    (lines, sizes) => {
      const whole = bytes(lines.flat().join(''))
      const chunks: Uint8Array[] = []
      for (let at = 0; at < whole.length;) {
        const size = sizes.next().value as number
        chunks.push(whole.subarray(at, at += size))
      }
      assert.deepEqual(readAll(chunks), readAll([whole]))
    },
  ), { numRuns: 300 })
})

test('an event that is too long is refused, whether by one line or by many', () => {
  assert.throws(() => readAll([bytes('data: '), ...Array.from({ length: 20 }, () => bytes('x'.repeat(10)))], 100), EventTooLargeError)
  assert.throws(() => readAll([bytes('data\n'.repeat(200))], 100), EventTooLargeError)
  assert.throws(() => readAll([bytes(`data: ${'x'.repeat(200)}\n`)], 100), EventTooLargeError)
  assert.equal(readAll([bytes('data: 1234567890\n\n:\n'.repeat(100))], 20).length, 100, 'the limit is of one event')
})

/** A subgraph that says what the test lets it say, once the head of the stream is sent. */
const saying = async (talk: (response: ServerResponse) => unknown, options: Partial<HttpSubgraphOptions> = {}) => {
  const closed = Promise.withResolvers<void>()
  const server = await listening((_, response) => {
    response.once('close', () => closed.resolve())
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(':\n\n')
    talk(response)
  })
  const subgraph = httpSubgraph({ url: server.url, subscriptionProtocol: 'sse', ...options })
  return {
    subgraph,
    closed: closed.promise,
    [Symbol.asyncDispose]: async () => {
      await subgraph.close?.()
      await server[Symbol.asyncDispose]()
    },
  }
}

const next = (tick: number) => `event: next\ndata: {"data":{"tick":${tick}}}\n\n`

test('a stream that ends without saying so ends the subscription with an error, after what came', async () => {
  for (const end of ['end', 'destroy'] as const) {
    await using server = await saying((response) => response.write(next(1), () => response[end]()))
    const stream = streamOf(await server.subgraph.subscribe(subscription()))
    assert.deepEqual(await stream.next(), { done: false, value: { data: { tick: 1 } } })
    await assert.rejects(stream.next(), failure(/^ended the subscription: the connection was lost$/, codes.lost))
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
  }
})

test('a completed stream frees its connection even where the subgraph keeps it open', async () => {
  for (const complete of ['event: complete\ndata:\n\n', 'event: complete\n\n']) {
    await using server = await saying((response) => response.write(`${next(1)}${complete}`))
    const stream = streamOf(await server.subgraph.subscribe(subscription()))
    await stream.next()
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
    await server.closed
  }
})

test('leaving frees the connection at once: before the first event, while one is awaited, and by the signal', async () => {
  for (const way of ['unread', 'awaiting', 'signal']) {
    await using server = await saying(() => { /* nothing ever comes */ })
    const leave = new AbortController()
    const stream = streamOf(await server.subgraph.subscribe(subscription(undefined, leave.signal)))
    const waiting = way === 'unread' ? undefined : stream.next()
    if (way === 'signal') leave.abort()
    else await stream.return?.()
    await server.closed
    assert.deepEqual(await (waiting ?? stream.next()), { done: true, value: undefined }, way)
  }
})

test('what is no event of the protocol ends the subscription', async () => {
  for (const [text, words] of [
    ['event: next\ndata: oops\n\n', /an event that is no GraphQL response$/],
    ['event: next\ndata: {"a":1}\n\n', /an event that is no GraphQL response$/],
    [`event: next\ndata: {"data":"${'x'.repeat(300)}"}\n\n`, /an event had more than the 200 bytes allowed$/],
    [`:${'x'.repeat(300)}`, /an event had more than the 200 bytes allowed$/],
  ] as const) {
    await using server = await saying((response) => response.write(text), { maxResponseBytes: 200 })
    await assert.rejects(streamOf(await server.subgraph.subscribe(subscription())).next(), failure(words, codes.lost))
    await server.closed
  }
})

test('a silent stream is lost after the time that is set, and comments break the silence', async () => {
  await using silent = await saying(() => { /* nothing ever comes */ }, { streamSilenceMs: 30 })
  await assert.rejects(streamOf(await silent.subgraph.subscribe(subscription())).next(), failure(/connection was lost$/, codes.lost))
  await using alive = await saying((response) => {
    let comments = 0
    const timer = setInterval(() => {
      if (++comments <= 5) return response.write(':\n')
      clearInterval(timer)
      response.write(next(1))
    }, 20)
  }, { streamSilenceMs: 100 })
  assert.deepEqual((await streamOf(await alive.subgraph.subscribe(subscription())).next()).value, { data: { tick: 1 } })
})

test('a subgraph that does not begin a stream is told apart: refusals, other answers, no answer', async () => {
  let answer = (_: ServerResponse): unknown => undefined
  await using server = await listening((_, response) => answer(response))
  const subgraph = httpSubgraph({ url: server.url, subscriptionProtocol: 'sse', maxResponseBytes: 500 })
  answer = (response) => response.writeHead(400).end('{"errors":[{"message":"not you"}]}')
  assert.deepEqual(await subgraph.subscribe(subscription()), { errors: [{ message: 'not you' }] })
  answer = (response) => response.end('{"data":{"tick":1}}')
  await assert.rejects(subgraph.subscribe(subscription()), failure(/^answered with one result where a stream/))
  answer = (response) => response.writeHead(404).end('<html>')
  await assert.rejects(subgraph.subscribe(subscription()), failure(/^answered with HTTP status 404$/))
  answer = (response) => response.end('x'.repeat(600))
  await assert.rejects(subgraph.subscribe(subscription()), failure(/more than the 500 bytes allowed$/))
  answer = () => undefined
  const hasty = httpSubgraph({ url: server.url, subscriptionProtocol: 'sse', timeoutMs: 50 })
  await assert.rejects(hasty.subscribe(subscription()), failure(/^did not answer within 50 ms$/))
  await hasty.close?.()
  await assert.rejects(subgraph.subscribe(subscription(undefined, AbortSignal.abort())), failure(/^was not asked: the request was cancelled$/, codes.cancelled))
  await subgraph.close?.()
  const nobody = httpSubgraph({ url: 'http://127.0.0.1:1/graphql', subscriptionProtocol: 'sse' })
  await assert.rejects(nobody.subscribe(subscription()), failure(/^could not be reached$/))
  await nobody.close?.()
})

test('a slow reader holds the subgraph back', async () => {
  let made = 0
  const schema = buildSubgraph({
    typeDefs: 'type Query { a: Int } type Subscription { tick: String }',
    resolvers: { Subscription: { tick: { subscribe: async function* () {
      for (; made < 5_000; made++) yield { tick: 'x'.repeat(10_000) }
    } } } },
  })
  await using server = await serveBySse(schema)
  const subgraph = httpSubgraph({ url: server.url, subscriptionProtocol: 'sse' })
  const stream = streamOf(await subgraph.subscribe(subscription()))
  await stream.next()
  // The subgraph stops by itself once all buffers are full; it would be through all 50 MB otherwise.
  let before = -1
  while (made > before) {
    before = made
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.ok(made < 2_500, `${made} events were made while one was read`)
  let read = 1
  for await (const result of stream) {
    assert.equal((result.data as { tick: string }).tick.length, 10_000)
    read++
  }
  assert.equal(read, 5_000)
  await subgraph.close?.()
})

test('streams do not use up the connections of queries', async () => {
  const schema = buildSubgraph({
    typeDefs: 'type Query { a: Int } type Subscription { wait: Int }',
    resolvers: { Query: { a: () => 1 }, Subscription: { wait: { subscribe: () => ({
      [Symbol.asyncIterator]() { return this }, next: () => new Promise(() => { /* never */ }), return: async () => ({ done: true }),
    }) } } },
  })
  await using server = await serveBySse(schema)
  const subgraph = httpSubgraph({ url: server.url, subscriptionProtocol: 'sse', connections: 1 })
  const streams = await Promise.all(Array.from({ length: 5 }, () => subgraph.subscribe(subscription('subscription { wait }'))))
  assert.deepEqual(await subgraph.execute({ query: '{ a }', context: undefined, kind: 'query' }), { data: { a: 1 } })
  await Promise.all(streams.map((stream) => streamOf(stream).return?.()))
  await subgraph.close?.()
})
