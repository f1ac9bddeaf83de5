import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { FormattedExecutionResult } from 'graphql'
import type { EventLog, LogRecord, ReadOptions } from '../../events/log.ts'
import { buildSubgraph } from '../../federation/index.ts'
import { serveSubgraph } from '../federation/remote.ts'
import { startFreshet, type Freshet, type FreshetOptions } from '../support/freshet.ts'
import type { Stream } from '../support/live-client.ts'

const heartsSdl = `
  scalar Cursor
  scalar DateTime
  enum DeliveryPolicy { CONFLATE BUFFER DISCONNECT }
  type Subscription {
    given(to: ID): Heart! @edfs__kafkaSubscribe(topics: ["hearts", "more"])
    told(after: Cursor, since: DateTime, policy: DeliveryPolicy! = CONFLATE, buffer: Int): Heart! @edfs__kafkaSubscribe(topics: ["hearts"])
  }
  type Mutation { give(id: ID!, n: Int!, text: String): edfs__PublishResult! @edfs__kafkaPublish(topic: "hearts") }
  type Heart @key(fields: "id", resolvable: false) { id: ID! n: Int! text: String }
`

const still = { FRESHET_POLL_SECONDS: '0' }

interface Open extends Freshet {
  /** Its file. */
  sdl: string
  give(n: number, id?: string, text?: string): Promise<unknown>
}

async function open(subgraphs: Record<string, unknown> = {}, options: Pick<FreshetOptions, 'wrapLog'> = {}): Promise<Open> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-declared-'))
  const sdl = join(folder, 'hearts.graphql')
  writeFileSync(sdl, heartsSdl)
  const freshet = await startFreshet({ env: still, file: { subgraphs: { hearts: { sdl, events: true }, ...subgraphs } }, ...options })
  const dispose = freshet[Symbol.asyncDispose]
  return Object.assign(freshet, {
    sdl,
    give: (n: number, id = 'a', text?: string) =>
      freshet.query('mutation ($id: ID!, $n: Int!, $text: String) { give(id: $id, n: $n, text: $text) { success } }', { id, n, text }),
    [Symbol.asyncDispose]: async () => {
      await dispose()
      rmSync(folder, { recursive: true })
    },
  })
}

type Payload = FormattedExecutionResult<{ heart: { n: number } | null }, { cursor?: string; gap?: { reason: string; missed: { count: number | null } }; freshness?: { eventTime: string | null } }>

const given = 'subscription { heart: given { n } }'
const take = async (stream: Stream, count = 1): Promise<Payload[]> => {
  const payloads: Payload[] = []
  while (payloads.length < count) payloads.push(await stream.next() as Payload)
  return payloads
}
/** What is said beside the payload of this number. */
const lastOf = async (stream: Stream, n: number): Promise<NonNullable<Payload['extensions']>> => {
  for (;;) {
    const [payload] = await take(stream)
    if (payload?.data?.heart?.n === n) return payload.extensions!
  }
}
const numbers = (payloads: readonly Payload[]): unknown[] => payloads.map(({ data }) => data?.heart?.n)

describe('a subscription declared in SDL', { timeout: 60_000 }, () => {
  test('has a cursor in each payload, and goes on behind it by extension, argument or Last-Event-ID', async () => {
    await using freshet = await open()
    await using client = await freshet.connect()
    const live = client.subscribe(given)
    const told = client.subscribe('subscription { heart: told { n } }')
    // Once both have a payload they have begun.
    for (let n = -1; live.drain().length === 0 || told.drain().length === 0; n--) await freshet.give(n)
    await freshet.give(0)
    const [from, behind] = await Promise.all([live, told].map(async (stream) => {
      for (;;) {
        const [payload] = await take(stream)
        if (payload?.data?.heart?.n === 0) return payload.extensions?.cursor as string
      }
    }))
    for (let n = 1; n <= 3; n++) await freshet.give(n)
    const payloads = await take(live, 3)
    assert.deepEqual(numbers(payloads), [1, 2, 3])
    assert.ok(payloads.every(({ extensions }) => extensions?.cursor && Date.parse(extensions.freshness?.eventTime ?? '') > 0))
    const resumed = [
      client.subscribe(given, undefined, { delivery: { after: from } }),
      client.subscribe('subscription ($after: Cursor) { heart: told(after: $after) { n } }', { after: behind }),
      client.subscribe('subscription { heart: told { n } }', undefined, { delivery: { after: behind } }),
      await freshet.eventStream(given, undefined, { 'last-event-id': from as string }),
    ]
    for (const stream of resumed) assert.deepEqual(numbers(await take(stream, 3)), [1, 2, 3])
    await freshet.give(4)
    for (const stream of [live, ...resumed]) {
      const [payload] = await take(stream)
      assert.deepEqual([payload?.data?.heart?.n, payload?.extensions?.gap], [4, undefined])
    }
    resumed[3]!.leave()
  })

  test('goes on since a moment; what does not fit is said, and what is no value of delivery is refused', async () => {
    await using freshet = await open()
    await freshet.give(1)
    await using client = await freshet.connect()
    const since = client.subscribe(given, undefined, { delivery: { since: new Date(Date.now() - 60_000).toISOString() } })
    assert.deepEqual(numbers(await take(since)), [1])
    for (const after of ['of another deployment', (await take(client.subscribe('subscription { livestream(id: "x") { id } }')))[0]?.extensions?.cursor]) {
      const lost = client.subscribe(given, undefined, { delivery: { after } })
      const [notice] = await take(lost)
      assert.deepEqual([notice?.data, notice?.errors?.[0]?.extensions?.code, notice?.extensions?.gap?.reason], [null, 'DELIVERY_GAP', 'CURSOR'])
      await freshet.give(2)
      assert.deepEqual(numbers(await take(lost)), [2])
      lost.leave()
    }
    for (const [delivery, words] of [[{ since: 'yesterday' }, /"since" must be a moment/], [{ policy: 'MAYBE' }, /"policy" must be one of/], ['now', /"extensions.delivery" must be an object/]] as const) {
      const { errors } = await client.subscribe(given, undefined, { delivery }).next()
      assert.match(errors?.[0]?.message ?? '', words)
      assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
    }
  })

  test('of a client that stops reading holds nobody up, and goes on or ends as was asked', async () => {
    await using freshet = await open()
    await using quick = await freshet.connect()
    await using slow = await freshet.connect()
    const query = 'subscription { heart: given { n text } }'
    const brief = quick.subscribe(query)
    const lagging = {
      CONFLATE: slow.subscribe(query, undefined, { delivery: { policy: 'CONFLATE' } }),
      BUFFER: slow.subscribe(query, undefined, { delivery: { policy: 'BUFFER', buffer: 3 } }),
      DISCONNECT: slow.subscribe(query, undefined, { delivery: { policy: 'DISCONNECT', buffer: 3 } }),
    }
    const all = [brief, ...Object.values(lagging)]
    const begun = all.map(() => false)
    while (begun.includes(false)) {
      await freshet.give(0)
      all.forEach((stream, index) => { begun[index] ||= stream.drain().length > 0 })
    }
    slow.pause()
    const text = 'x'.repeat(100_000)
    for (let n = 1; n <= 120; n++) {
      await freshet.give(n, `k${n % 2}`, text)
      while ((await take(brief))[0]?.data?.heart?.n !== n);
    }
    slow.resume()
    const conflated: Payload[] = []
    while (conflated.at(-1)?.data?.heart?.n !== 120) conflated.push(...await take(lagging.CONFLATE))
    assert.ok(conflated.length < 120 && conflated.every(({ extensions }) => !extensions?.gap))
    assert.deepEqual(numbers(conflated.slice(-2)), [119, 120], 'the latest of each entity')
    const [end] = await lagging.DISCONNECT.ended
    assert.equal(end?.extensions?.code, 'SUBSCRIBER_TOO_SLOW')
    const last = lagging.DISCONNECT.drain().at(-1) as Payload | undefined
    const again = quick.subscribe(query, undefined, { delivery: { after: end?.extensions?.cursor } })
    if (last) assert.equal((await take(again))[0]?.data?.heart?.n, (last.data?.heart?.n ?? 0) + 1)
    const buffered: Payload[] = []
    while (!buffered.some(({ extensions }) => extensions?.gap)) buffered.push(...await take(lagging.BUFFER))
    assert.equal(buffered.at(-1)?.extensions?.gap?.reason, 'BUFFER')
  })

  test('has each event once while its SDL changes, and those of a topic that comes to it', async () => {
    await using freshet = await open()
    await using client = await freshet.connect()
    const stream = client.subscribe(given)
    for (let n = -1; stream.drain().length === 0; n--) await freshet.give(n)
    let sent = 0
    for (const change of ['count: Int', 'count: Int total: Int']) {
      let isOver = false
      const giving = (async () => { while (!isOver) await freshet.give(++sent, `k${sent % 5}`) })()
      writeFileSync(freshet.sdl, heartsSdl.replace('text: String }', `text: String ${change} }`))
      assert.equal(await freshet.gateway.reload(), 'swapped')
      isOver = true
      await giving
    }
    await freshet.give(++sent)
    writeFileSync(freshet.sdl, heartsSdl.replace('"hearts", "more"', '"hearts", "more", "new"').replace('topic: "hearts"', 'topic: "new"'))
    assert.equal(await freshet.gateway.reload(), 'swapped')
    await freshet.give(++sent)
    const seen: number[] = []
    while (!seen.includes(sent)) for (const n of numbers(await take(stream))) if (typeof n === 'number' && n > 0) seen.push(n)
    assert.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: sent }, (_, n) => n + 1))
  })

  test('whose log cannot be read any further ends as all do: with a code, where it stood and when to come again; and goes on there', async () => {
    const broken = Promise.withResolvers<never>()
    broken.promise.catch(() => {})
    let isBroken = false
    /** What is read of the topic, until it breaks. */
    async function* untilBroken(records: AsyncIterable<LogRecord[]>): AsyncGenerator<LogRecord[]> {
      const events = records[Symbol.asyncIterator]()
      for (;;) {
        const { value, done } = await Promise.race([events.next(), broken.promise])
        if (done) return
        yield value
      }
    }
    await using freshet = await open({}, { wrapLog: (log) => new Proxy(log, {
      get: (target, name: keyof EventLog) => {
        if (name === 'read') return (options: ReadOptions) => {
          const records = target.read(options)
          return !isBroken && Object.keys(options.from).some((lane) => lane.startsWith('hearts/')) ? untilBroken(records) : records
        }
        const value = target[name]
        return typeof value === 'function' ? value.bind(target) as unknown : value
      },
    }) })
    await using client = await freshet.connect()
    const socket = client.subscribe(given)
    const events = await freshet.eventStream(given)
    for (let n = -1; socket.drain().length === 0; n--) await freshet.give(n)
    await freshet.give(0)
    const { cursor } = await lastOf(socket, 0)
    assert.equal((await lastOf(events, 0)).cursor, cursor)
    isBroken = true
    broken.reject(new Error('the disk is gone'))
    const expected = { message: 'The event log could not be read any further; subscribe again behind the cursor.', code: 'LOG_UNAVAILABLE', cursor, retryAfterMs: 1_000 }
    const words = ({ message, extensions }: { message: string; extensions?: Record<string, unknown> }) => ({ message, ...extensions })
    assert.deepEqual((await socket.ended).map(words), [expected])
    assert.deepEqual((await events.next()).errors?.map(words), [expected])
    await events.ended
    assert.match(freshet.said.join(), /The topics hearts, more could not be read any further/)
    await freshet.give(1)
    assert.deepEqual(numbers(await take(client.subscribe(given, undefined, { delivery: { after: cursor } }))), [1])
  })

  test('is told where it stands when the server closes', async () => {
    const freshet = await open()
    const stream = await fetch(`${freshet.url}/graphql`, {
      method: 'POST', headers: { accept: 'text/event-stream', 'content-type': 'application/json' }, body: JSON.stringify({ query: given }),
    })
    const text = stream.text()
    await freshet.give(1)
    await freshet[Symbol.asyncDispose]()
    assert.match(await text, /id: [\w-]+\nretry: \d+\n\n$/)
  })

  test('of a remote subgraph has no cursor: who brings one is told that something may be missing', async () => {
    const schema = buildSubgraph({
      typeDefs: 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"]) type Query { here: Boolean } type Subscription { tick: Int }',
      resolvers: { Subscription: { tick: { async *subscribe() { yield { tick: 1 } } } } },
    })
    await using remote = await serveSubgraph(() => schema, () => ({}))
    await using freshet = await open({ ticks: { url: remote.url } })
    await using client = await freshet.connect()
    const [notice] = await take(client.subscribe('subscription { tick }', undefined, { delivery: { since: '2026-01-01T00:00:00Z' } }))
    assert.deepEqual([notice?.errors?.[0]?.extensions?.code, notice?.extensions?.gap?.reason], ['DELIVERY_GAP', 'CURSOR'])
  })
})
