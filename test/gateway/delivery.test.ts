import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'
import type { RequestContext } from '../../resolvers/context.ts'
import type { Cut, SourceEvent } from '../../resolvers/live.ts'
import { plainPosition } from '../../subscriptions/cut.ts'
import { connect } from '../support/live-client.ts'
import { openDoor, type OpenDoor } from './door.ts'

const typeDefs = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  scalar Cursor
  scalar DateTime
  enum DeliveryPolicy { CONFLATE BUFFER DISCONNECT }
  type Query { hello: String }
  type Subscription {
    item(name: String, after: Cursor, since: DateTime, policy: DeliveryPolicy! = CONFLATE, buffer: Int! = 1000): Item
    plain(name: String): Int
  }
  type Item { n: Int, text: String }
`

interface Value {
  n: number
  text: string
}

/** A log of one lane, behind a subscription field. */
class Log {
  readonly values: Value[] = []
  readonly runs: string[] = []
  resolved = 0
  #wake = Promise.withResolvers<void>()

  append(text: string): void {
    this.values.push({ n: this.values.length, text })
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  cutAt = (next: number): Cut => ({ 'changes/0': plainPosition(next) })

  #event(n: number): SourceEvent<Value | null> {
    return { value: this.values[n] ?? null, cut: this.cutAt(n + 1), at: { lane: 'changes/0', position: plainPosition(n + 1) }, key: 'item', eventTime: 1_000, appliedAt: 2_000 }
  }

  async * source({ delivery }: RequestContext): AsyncGenerator<SourceEvent<Value | null>> {
    this.runs.push(delivery?.kind ?? 'none')
    const end = this.values.length
    const marker = (): SourceEvent<null> => ({ value: null, cut: this.cutAt(end), key: '', marker: true })
    if (delivery?.kind === 'snapshot') yield { ...this.#event(end - 1), cut: this.cutAt(end), at: undefined, snapshot: true }
    else if (delivery?.kind === 'missed') {
      const from = 'from' in delivery ? delivery.from['changes/0']?.next ?? 0 : 0
      for (let n = from; n < end; n++) yield this.#event(n)
      yield marker()
    } else {
      yield marker()
      for (let n = end; ; n++) {
        while (n >= this.values.length) await this.#wake.promise
        yield this.#event(n)
      }
    }
  }
}

async function openItems(): Promise<{ door: OpenDoor; log: Log }> {
  const log = new Log()
  log.append('first')
  const resolvers = { Subscription: {
    item: {
      subscribe: (_: unknown, __: unknown, context: RequestContext) => log.source(context),
      resolve: ({ value }: SourceEvent) => {
        log.resolved++
        return value
      },
    },
  } }
  const { supergraphSdl } = composeSubgraphs([{ name: 'items', url: 'http://localhost/items', typeDefs }])
  const engine = createEngine({ supergraphSdl, subgraphs: new Map([['items', inProcessSubgraph({ schema: buildSubgraph({ typeDefs, resolvers }), positioned: true })]]) })
  return { log, door: await openDoor({ engine }) }
}

const query = 'subscription { item { n text } }'
type Extensions = { cursor: string; freshness: Record<string, string | null>; gap?: { reason: string } }
const item = async (stream: { data<T>(): Promise<T> }): Promise<Value> => (await stream.data<{ item: Value }>()).item

describe('subscriptions over WebSocket', { timeout: 30_000 }, () => {
  test('begin with the state, go on behind it, and say how fresh they are', async () => {
    const { door, log } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    const stream = client.subscribe(query)
    const { data, extensions } = await stream.next() as { data: unknown; extensions: Extensions }
    assert.deepEqual(data, { item: { n: 0, text: 'first' } })
    assert.equal(extensions.freshness.eventTime, '1970-01-01T00:00:01.000Z')
    assert.equal(extensions.freshness.appliedAt, '1970-01-01T00:00:02.000Z')
    assert.ok(!Number.isNaN(Date.parse(extensions.freshness.deliveredAt as string)))
    log.append('second')
    assert.deepEqual(await item(stream), { n: 1, text: 'second' })
  })

  test('that are equal run once, whatever their names, ids, layout and delivery are', async () => {
    const { door, log } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    const streams = [
      client.subscribe(query), client.subscribe('subscription Other($p: DeliveryPolicy!) {\n item(policy: $p, buffer: 5) { n text } }', { p: 'BUFFER' }),
      client.subscribe('subscription ($name: String) { ...F } fragment F on Subscription { item(name: $name, policy: DISCONNECT) { n, text } }'),
    ]
    for (const stream of streams.slice(0, 2)) await stream.data()
    await streams[2]!.data()
    log.append('to all')
    const resolved = log.resolved
    for (const stream of streams) assert.deepEqual(await item(stream), { n: 1, text: 'to all' })
    // The third names an argument, as null where it is not given: another operation.
    assert.equal(log.resolved - resolved, 2)
    assert.equal(log.runs.filter((kind) => kind === 'stream').length, 2)
  })

  test('go on behind a cursor, by argument, variable or extension, with what was missed and nothing twice', async () => {
    const { door, log } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    const { extensions } = await client.subscribe(query).next() as { extensions: Extensions }
    for (const text of ['a', 'b']) log.append(text)
    const { cursor } = extensions
    const behind = [
      client.subscribe(`subscription { item(after: "${cursor}") { n text } }`),
      client.subscribe('subscription ($after: Cursor) { item(after: $after) { n text } }', { after: cursor }),
      client.subscribe(query, undefined, { delivery: { after: cursor } }),
    ]
    for (const stream of behind) assert.deepEqual([await item(stream), await item(stream)], [{ n: 1, text: 'a' }, { n: 2, text: 'b' }])
    log.append('c')
    for (const stream of behind) assert.deepEqual(await item(stream), { n: 3, text: 'c' })
  })

  test('with a cursor that does not fit begin anew, with a gap notice', async () => {
    const { door } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    const { data, extensions } = await client.subscribe(query, undefined, { delivery: { after: 'of another deployment' } }).next() as { data: unknown; extensions: Extensions }
    assert.deepEqual([data, extensions.gap], [{ item: { n: 0, text: 'first' } }, { reason: 'CURSOR', missed: { count: null } }])
  })

  test('say what is wrong with arguments of their delivery', async () => {
    const { door } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    for (const [args, message] of [
      ['buffer: 0', /"buffer" must be how many payloads may wait, from 1 to 10000; it is 0/], ['buffer: 10001', /10000; it is 10001/],
      ['since: "yesterday"', /"since" must be a moment .* it is "yesterday"/],
    ] as const) {
      const { errors } = await client.subscribe(`subscription { item(${args}) { n } }`).next()
      assert.match(errors?.[0]?.message ?? '', message)
      assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
    }
  })

  test('refuse what "delivery" in the extensions does not take, so that no misspelt cursor is passed over', async () => {
    const { door } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    for (const query of ['subscription { item { n } }', 'subscription { plain }']) {
      const { errors } = await client.subscribe(query, undefined, { delivery: { afterr: 'AZ' } }).next()
      assert.equal(errors?.[0]?.message, '"extensions.delivery" takes after, since, policy, buffer; "afterr" is none of them.')
      assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
    }
  })

  test('deliver every character and every length as it is, to ids of every kind', async () => {
    const { door, log } = await openItems()
    await using _ = door
    const socket = new WebSocket(`${door.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const received: { id: string; type: string; payload: { data: { item: Value } } }[] = []
    let arrived = Promise.withResolvers<void>()
    socket.on('message', (data) => {
      received.push(JSON.parse(String(data)) as typeof received[number])
      arrived.resolve()
    })
    const nextOf = async (): Promise<typeof received[number]> => {
      while (received.length === 0) await arrived.promise
      arrived = Promise.withResolvers()
      return received.shift()!
    }
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('{"type":"connection_init"}')
    assert.equal((await nextOf()).type, 'connection_ack')
    const ids = [randomUUID(), 'ä "quoted" \\ 日本', '🙂']
    for (const id of ids) {
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }))
      assert.equal((await nextOf()).id, id)
    }
    for (const text of ['ä€🙂\u2028"\\\u0000', 'x'.repeat(100), 'é'.repeat(40_000), '日'.repeat(70_000), '']) {
      log.append(text)
      const got = [await nextOf(), await nextOf(), await nextOf()]
      assert.deepEqual(new Set(got.map(({ id }) => id)), new Set(ids))
      for (const { payload } of got) assert.equal(payload.data.item.text, text)
    }
    socket.close()
  })

  test('are complete for a client of graphql-ws, pings and answers of queries between them', async () => {
    const { door, log } = await openItems()
    await using _ = door
    const client = createClient({ url: `${door.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, lazy: false, keepAlive: 1, retryAttempts: 0 })
    const stream = client.iterate<{ item: Value }>({ query })
    assert.equal((await stream.next()).value?.data?.item.n, 0)
    const answers = Array.from({ length: 20 }, async () => (await client.iterate({ query: '{ hello }' }).next()).value?.data)
    for (let n = 1; n <= 200; n++) {
      log.append(`number ${n}`)
      if (n % 20 === 0) await nextTurn()
    }
    for (let n = 1; n <= 200; n++) assert.deepEqual((await stream.next()).value?.data?.item, { n, text: `number ${n}` })
    assert.deepEqual(await Promise.all(answers), Array(20).fill({ hello: null }))
    await stream.return?.()
    await client.dispose()
  })

  test('of a client that stops reading hold nobody up, and end or go on as was asked', async () => {
    const { door, log } = await openItems()
    await using _ = door
    await using quick = await connect(door.url)
    await using slow = await connect(door.url)
    const brief = quick.subscribe(query)
    const lagging = {
      CONFLATE: slow.subscribe(query),
      BUFFER: slow.subscribe('subscription { item(policy: BUFFER, buffer: 3) { n text } }'),
      DISCONNECT: slow.subscribe('subscription { item(policy: DISCONNECT, buffer: 3) { n text } }'),
    }
    for (const stream of [brief, ...Object.values(lagging)]) await stream.data()
    slow.pause()
    const text = 'x'.repeat(100_000)
    for (let n = 1; n <= 200; n++) {
      log.append(text)
      assert.equal((await item(brief)).n, n)
    }
    slow.resume()
    const last = async (stream: typeof brief): Promise<{ seen: number[]; gaps: unknown[] }> => {
      const seen: number[] = []
      const gaps: unknown[] = []
      while (seen.at(-1) !== 200) {
        const { data, extensions } = await stream.next() as { data: { item: Value }; extensions: Extensions }
        seen.push(data.item.n)
        if (extensions.gap) gaps.push(extensions.gap)
      }
      return { seen, gaps }
    }
    const conflated = await last(lagging.CONFLATE)
    assert.deepEqual(conflated.gaps, [])
    assert.ok(conflated.seen.length < 200, 'what was superseded did not come')
    const buffered = await last(lagging.BUFFER)
    assert.equal(buffered.gaps.length, 1)
    const { reason, missed: { count } } = buffered.gaps[0] as { reason: string; missed: { count: number } }
    assert.deepEqual([reason, count], ['BUFFER', 200 - (buffered.seen.length - 1)])
    const [end] = await lagging.DISCONNECT.ended
    assert.equal(end?.extensions?.code, 'SUBSCRIBER_TOO_SLOW')
    // Behind its cursor nothing is missing.
    const again = quick.subscribe(query, undefined, { delivery: { after: end?.extensions?.cursor } })
    const taken = lagging.DISCONNECT.drain().length
    assert.equal((await item(again)).n, taken + 1)
  })

  test('end with their last member, and begin anew for the next', async () => {
    const { door, log } = await openItems()
    await using _ = door
    await using client = await connect(door.url)
    const groups = async (): Promise<number> => (await door.telemetry.deliveryGroups.get()).values[0]!.value
    const stream = client.subscribe(query)
    await stream.data()
    assert.equal(await groups(), 1)
    stream.leave()
    while (await groups() > 0) await nextTurn()
    const next = client.subscribe(query)
    assert.equal((await item(next)).n, 0)
    assert.equal(log.runs.filter((kind) => kind === 'stream').length, 2)
  })
})
