import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import {
  buildSubgraph, codes, createCallbacks, httpSubgraph, type Callbacks, type CallbacksOptions,
  type SubgraphTransport,
} from '../../federation/index.ts'
import { bodyOf, listening, serveByCallback, serveCallbacks } from './streaming-servers.ts'
import { failure, streamOf, subscription } from './streams.ts'

const post = (value: unknown): Readable & { method: string } =>
  Object.assign(Readable.from([Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))]), { method: 'POST' })

const callbacksWith = (options: Partial<CallbacksOptions> = {}): Callbacks =>
  createCallbacks({ publicUrl: 'http://gateway.example/callbacks/', heartbeatIntervalMs: 0, ...options })

/** Calls of the subgraph for one subscription. */
const caller = (callbacks: Callbacks, { subscriptionId: id, verifier }: { subscriptionId: string, verifier: string }) =>
  async (action: string, more: object = {}) =>
    (await callbacks.handle(post({ kind: 'subscription', action, id, verifier, ...more }))).status

test('a subscription is checked, gets its events and is completed', async () => {
  const callbacks = callbacksWith({ newId: () => 'id 1', newVerifier: () => 'secret' })
  const { extension, events, checked } = callbacks.open()
  assert.deepEqual(extension, {
    callbackUrl: 'http://gateway.example/callbacks/id%201', subscriptionId: 'id 1', verifier: 'secret', heartbeatIntervalMs: 0,
  })
  const call = caller(callbacks, extension)
  assert.equal(checked(), false)
  const answer = await callbacks.handle(post({ kind: 'subscription', action: 'check', id: 'id 1', verifier: 'secret' }))
  assert.deepEqual(answer, { status: 204, headers: { 'subscription-protocol': 'callback/1.0' }, body: '' })
  assert.equal(checked(), true)
  assert.equal(await call('next', { payload: { data: { tick: 1 } } }), 204)
  assert.equal(await call('next', { payload: { errors: [{ message: 'once' }] } }), 204)
  assert.equal(await call('complete', { errors: [{ message: 'no more' }] }), 204)
  assert.equal(await call('next', { payload: { data: { tick: 2 } } }), 404, 'it is over')
  const results = []
  for await (const event of events) results.push(event)
  assert.deepEqual(results, [{ data: { tick: 1 } }, { errors: [{ message: 'once' }] }, { errors: [{ message: 'no more' }] }])
  assert.equal(callbacks.size, 0)
})

test('calls that are not right change nothing', async () => {
  const callbacks = callbacksWith({ maxBodyBytes: 400 })
  const { extension, events, checked } = callbacks.open()
  const call = caller(callbacks, extension)
  assert.equal((await callbacks.handle(Object.assign(Readable.from([]), { method: 'GET' }))).status, 405)
  assert.equal((await callbacks.handle(post('{'))).status, 400)
  assert.equal((await callbacks.handle(post('null'))).status, 400)
  assert.equal((await callbacks.handle(post({ kind: 'subscription', action: 'check', id: 1, verifier: 'x' }))).status, 400)
  assert.equal((await callbacks.handle(post('x'.repeat(401)))).status, 413)
  for (const verifier of ['', 'x', `${extension.verifier}x`, extension.verifier.slice(1)]) {
    assert.equal(await caller(callbacks, { ...extension, verifier })('next', { payload: { data: { tick: 1 } } }), 400, verifier)
  }
  assert.equal(await caller(callbacks, { ...extension, subscriptionId: 'another' })('check'), 404)
  assert.equal(await caller(callbacks, { ...extension, subscriptionId: '__proto__' })('check'), 404)
  assert.equal(await call('next'), 400)
  assert.equal(await call('next', { payload: { data: 1 } }), 400)
  assert.equal(await call('complete', { errors: 'none' }), 400)
  assert.equal(await call('heartbeat'), 400)
  assert.equal(checked(), false)
  await events.return()
  assert.equal(await call('check'), 404)
})

test('an endless body is not read to its end', async () => {
  const callbacks = callbacksWith({ maxBodyBytes: 1_000 })
  let sent = 0
  const body = (async function* () {
    for (;;) yield Buffer.alloc(100, sent++ && 32)
  })()
  assert.equal((await callbacks.handle(Object.assign(body, { method: 'POST' }))).status, 413)
  assert.equal(sent, 11)
})

test('a reader that falls behind ends its subscription, and the subgraph is told that it is over', async () => {
  const callbacks = callbacksWith({ maxPendingEvents: 2 })
  const { extension, events } = callbacks.open()
  const call = caller(callbacks, extension)
  const statuses = []
  for (let tick = 1; tick <= 4; tick++) statuses.push(await call('next', { payload: { data: { tick } } }))
  assert.deepEqual(statuses, [204, 204, 404, 404])
  assert.deepEqual((await events.next()).value, { data: { tick: 1 } })
  assert.deepEqual((await events.next()).value, { data: { tick: 2 } })
  await assert.rejects(events.next(), failure(/more than 2 events were waiting to be read/, codes.overflow))
  assert.deepEqual(await events.next(), { done: true, value: undefined })
})

test('a subgraph that is not heard of any more ends the subscription with a code; heartbeats keep it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const callbacks = callbacksWith({ heartbeatIntervalMs: 1_000 })
  const { extension, events } = callbacks.open()
  const call = caller(callbacks, extension)
  assert.equal(extension.heartbeatIntervalMs, 1_000)
  for (const action of ['check', 'next', 'check']) {
    t.mock.timers.tick(1_900)
    assert.equal(await call(action, { payload: { data: { tick: 1 } } }), 204)
  }
  t.mock.timers.tick(1_999)
  assert.equal(callbacks.size, 1)
  t.mock.timers.tick(1)
  assert.equal(await call('check'), 404)
  await events.next()
  await assert.rejects(events.next(), failure(/no heartbeat came within 2000 ms/, codes.heartbeat))
})

/** A gateway's handler and a transport to the subgraph at the URL. */
const gatewayTo = async (url: string, options: Partial<CallbacksOptions> = {}, timeoutMs?: number) => {
  const server = await serveCallbacks(() => callbacks)
  const callbacks = callbacksWith({ publicUrl: server.url, ...options })
  const subgraph = httpSubgraph({ url, subscriptionProtocol: 'callback', callbacks, timeoutMs })
  return { callbacks, subgraph, [Symbol.asyncDispose]: async () => {
    await subgraph.close?.()
    await server[Symbol.asyncDispose]()
  } }
}

const clock = (returned: () => void) => buildSubgraph({
  typeDefs: 'type Query { a: Int } type Subscription { tick(from: Int = 0): Int wait: Int fails: Int }',
  resolvers: { Subscription: {
    tick: { subscribe: async function* (_: unknown, { from }: { from: number }) {
      for (let tick = from; tick < from + 3; tick++) yield { tick }
    } },
    wait: { subscribe: async function* () {
      try {
        for (;;) {
          yield { wait: 1 }
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      } finally {
        returned()
      }
    } },
    fails: { subscribe: async function* () {
      yield { fails: 1 }
      throw new Error('broken')
    } },
  } },
})

const collect = async (subgraph: SubgraphTransport, query: string) => {
  const results: unknown[] = []
  for await (const result of streamOf(await subgraph.subscribe(subscription(query)))) {
    results.push(result.data ?? result.errors?.map(({ message }) => message))
  }
  return results
}

test('subscribes to Apollo Server, whose end and errors arrive', async () => {
  await using server = await serveByCallback(clock(() => {}))
  await using gateway = await gatewayTo(server.url)
  assert.deepEqual(await Promise.all([
    collect(gateway.subgraph, 'subscription { tick(from: 3) }'), collect(gateway.subgraph, 'subscription { tick }'),
  ]), [[{ tick: 3 }, { tick: 4 }, { tick: 5 }], [{ tick: 0 }, { tick: 1 }, { tick: 2 }]])
  assert.deepEqual(await collect(gateway.subgraph, 'subscription { fails }'), [{ fails: 1 }, ['broken']])
  const refused = await gateway.subgraph.subscribe(subscription('subscription { unknown }'))
  assert.match(JSON.stringify(refused), /Cannot query field/)
  assert.equal(gateway.callbacks.size, 0)
})

test('Apollo Server stops when nobody reads any more, by return and by the signal', async () => {
  for (const way of ['return', 'signal']) {
    const returned = Promise.withResolvers<void>()
    await using server = await serveByCallback(clock(() => returned.resolve()))
    await using gateway = await gatewayTo(server.url)
    const leave = new AbortController()
    const stream = streamOf(await gateway.subgraph.subscribe(subscription('subscription { wait }', leave.signal)))
    assert.deepEqual((await stream.next()).value, { data: { wait: 1 } })
    if (way === 'signal') leave.abort()
    else await stream.return?.()
    assert.equal(gateway.callbacks.size, 0)
    await returned.promise
  }
})

test('a subgraph that dies is missed after the heartbeat', async () => {
  await using server = await serveByCallback(clock(() => {}))
  await using gateway = await gatewayTo(server.url, { heartbeatIntervalMs: 500 })
  const stream = streamOf(await gateway.subgraph.subscribe(subscription('subscription { wait }')))
  await stream.next()
  const before = gateway.callbacks.size
  // Heartbeats alone keep it for longer than the patience with them; Apollo Server's own end would complete it.
  await using quiet = await listening(async (request, response) => {
    const { extensions } = JSON.parse(await bodyOf(request)) as { extensions: { subscription: Record<string, string> } }
    const { callbackUrl, subscriptionId: id, verifier } = extensions.subscription
    await fetch(callbackUrl!, { method: 'POST', body: JSON.stringify({ kind: 'subscription', action: 'check', id, verifier }) })
    response.end('{"data":null}')
  })
  await using dead = await gatewayTo(quiet.url, { heartbeatIntervalMs: 200 })
  await assert.rejects(streamOf(await dead.subgraph.subscribe(subscription())).next(), failure(/no heartbeat came within 400 ms/, codes.heartbeat))
  assert.equal(before, 1)
  assert.equal(gateway.callbacks.size, 1, 'the living one is still there')
  await stream.return?.()
})

test('a subgraph that does not begin as the protocol has it is told apart', async () => {
  await using silent = await listening(() => { /* never answers */ })
  await using slow = await gatewayTo(silent.url, {}, 40)
  await assert.rejects(slow.subgraph.subscribe(subscription()), failure(/^did not answer within 40 ms$/))
  await using unaware = await listening((_, response) => response.end('{"data":null}'))
  await using gateway = await gatewayTo(unaware.url)
  await assert.rejects(gateway.subgraph.subscribe(subscription()), failure(/without calling back first/))
  await using broken = await listening((_, response) => response.writeHead(500).end('oops'))
  await using other = await gatewayTo(broken.url)
  await assert.rejects(other.subgraph.subscribe(subscription()), failure(/^answered with HTTP status 500$/))
  await assert.rejects(other.subgraph.subscribe(subscription(undefined, AbortSignal.abort())), failure(/^was not asked/, codes.cancelled))
  for (const { callbacks } of [slow, gateway, other]) assert.equal(callbacks.size, 0)
})

test('closing ends what runs with an error', async () => {
  await using server = await serveByCallback(clock(() => {}))
  await using gateway = await gatewayTo(server.url)
  const stream = streamOf(await gateway.subgraph.subscribe(subscription('subscription { wait }')))
  await gateway.subgraph.close?.()
  await assert.rejects(async () => { for await (const result of stream) assert.ok(result) }, failure(/^is not connected any more$/, codes.lost))
})

test('callbacks have to be given', () => {
  assert.throws(() => httpSubgraph({ url: 'http://127.0.0.1:1', subscriptionProtocol: 'callback' }), TypeError)
})
