import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LiveStreams } from '../../resolvers/feed/live-streams.ts'
import { createFeedService } from '../../resolvers/feed/service.ts'
import type { FeedRequest } from '../../resolvers/feed/feed-service.ts'
import type { ListUpdate } from '../../resolvers/live-list.ts'
import type { DeliveryRequest, SourceEvent } from '../../resolvers/live.ts'
import { localScope, type Scope } from '../../resolvers/scope.ts'
import { IndexUnavailableError, type EntityIndex, type HybridQuery } from '../../search/entity-index.ts'
import { MetricViewImpl } from '../../search/metric-view.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { EvaluationBudget } from '../../subscriptions/evaluation-budget.ts'
import { LiveQueries } from '../../subscriptions/live-queries.ts'
import { applied } from './applied.ts'
import { FakeTime, rest } from './fake-time.ts'
import { openMarket, space } from './small-market.ts'

const now = 1_800_000_000_000
const throttleMs = 100

/** Live queries over a small market. The budget's time passes; the feed's clock stands still. */
async function openQueries({ perSecond = 1_000 }: { perSecond?: number } = {}) {
  const market = await openMarket()
  await market.index.upsert([{ kind: 'user', id: 'ada', fields: { name: 'Ada' }, vectors: { [space]: Float32Array.from([1, 0]) }, revision: 1, eventTime: 1, appliedAt: 1 }])
  const time = new FakeTime(now)
  const view = new MetricViewImpl()
  const live = new LiveStreams({ view, clock: () => now })
  await live.load(market.index)
  market.first.push((batch) => live.apply(batch))
  let ids = 0
  const notes: string[] = []
  const service = createFeedService({
    index: market.index, live, view, textSpace: space, clock: () => now, random: () => 0.5, newId: () => `id-${++ids}`, exploreEvery: 3,
    served: { note: ({ data }) => void notes.push(data.feedId), flush: () => Promise.resolve() },
  })
  const counts = { feeds: 0, searches: 0 }
  let failure: Error | undefined
  const errors: unknown[] = []
  const index = new Proxy(market.index, {
    get(target, name: keyof EntityIndex) {
      const value = target[name]
      if (name === 'query') return (query: Parameters<EntityIndex['query']>[0]) => {
        if (query.hybrid) counts.searches++
        return failure ? Promise.reject(failure) : target.query(query)
      }
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const budget = new EvaluationBudget({ clock: time.clock, after: time.after, perSecond })
  const cursors = createCursors({ key: new Uint8Array(32), logId: 'log', partitions: market.shards })
  const queries = new LiveQueries({
    changes: market.changes, settled: market.settled, cursors, index, budget, clock: time.clock, random: Math.random, boot: 'boot', onError: (error) => errors.push(error),
    feed: {
      serve: (request) => service.serve(request),
      evaluate: (request) => {
        counts.feeds++
        return failure ? Promise.reject(failure) : service.evaluate(request)
      },
    },
  })
  const feed = (asked: Partial<FeedRequest> = {}, delivery: DeliveryRequest = { kind: 'whole' }, every = throttleMs) =>
    queries.feed({ userId: 'ada', first: 5, scope: localScope, ...asked }, every, delivery)
  return {
    market, time, queries, cursors, counts, notes, errors, feed, service, live,
    search: (hybrid: HybridQuery, first: number, delivery: DeliveryRequest = { kind: 'whole' }, scope: Scope = localScope) =>
      queries.search({ hybrid, filter: undefined, first }, { scope, throttleMs }, delivery),
    fail: (error: Error | undefined) => { failure = error },
    [Symbol.asyncDispose]: () => market[Symbol.asyncDispose](),
  }
}

/** Reads all that comes, and keeps the list by it. */
class Client<Item> {
  events: SourceEvent<ListUpdate<Item>>[] = []
  list: string[] = []
  items = new Map<string, Item>()
  error: unknown
  readonly #idOf: (item: Item) => string
  #iterator: AsyncIterator<SourceEvent<ListUpdate<Item>>> | undefined

  constructor(idOf: (item: Item) => string) {
    this.#idOf = idOf
  }

  follow(events: AsyncIterable<SourceEvent<ListUpdate<Item>>>): this {
    const iterator = this.#iterator = events[Symbol.asyncIterator]()
    const read = async (): Promise<void> => {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) this.#take(next.value)
    }
    read().catch((error: unknown) => { this.error = error })
    return this
  }

  async leave(): Promise<void> {
    await this.#iterator?.return?.()
    this.#iterator = undefined
  }

  #take(event: SourceEvent<ListUpdate<Item>>): void {
    this.events.push(event)
    if (event.marker) return
    const { kind, added, removed, moved, updated, items } = event.value
    if (kind === 'SNAPSHOT') this.list = []
    for (const { item } of added) if (this.list.includes(this.#idOf(item))) this.error = new Error('what is added was there')
    this.list = applied(this.list, { removed, moved, added: added.map(({ item, rank }) => ({ id: this.#idOf(item), rank })) })
    if (this.list.join() !== items.map(this.#idOf).join()) this.error = new Error(`the changes gave ${this.list.join()}`)
    for (const { item } of [...added, ...updated]) this.items.set(this.#idOf(item), item)
  }
}

const livestream = (title: string, more: object = {}) =>
  ({ fields: { title, sellerId: `of-${title}`, status: 'LIVE', startedAt: now - 60_000, ...more }, vector: [1, 0.2] })

const feedClient = () => new Client<{ livestreamId: string }>(({ livestreamId }) => livestreamId)
const searchClient = () => new Client<{ entity: { id: string; fields: object } }>(({ entity }) => entity.id)

describe('live queries', { timeout: 120_000 }, () => {
  test('equal subscriptions are evaluated once, whatever they select; other arguments and scopes are evaluated apart', async () => {
    await using it = await openQueries()
    await it.market.change('a', livestream('a'))
    const clients = [feedClient(), feedClient(), feedClient()]
    for (const client of clients) client.follow(it.feed())
    await it.time.pass(10)
    assert.deepEqual([it.counts.feeds, it.queries.size], [1, 1])
    await it.market.change('b', livestream('b'))
    await it.time.pass(throttleMs)
    assert.equal(it.counts.feeds, 2)
    for (const client of clients) assert.deepEqual(client.list.toSorted(), ['a', 'b'])
    assert.equal(new Set(clients.map(({ events }) => events.at(-1)?.value)).size, 1, 'they get the same')

    const other = feedClient().follow(it.feed({ scope: { ...localScope, subject: 'somebody else' } }))
    const smaller = feedClient().follow(it.feed({ first: 1 }))
    await it.time.pass(10)
    assert.deepEqual([it.counts.feeds, it.queries.size], [4, 3])
    assert.deepEqual(smaller.list.length, 1)
    for (const client of [...clients, other, smaller]) await client.leave()
    assert.deepEqual([it.queries.size, it.market.hub.listeners], [0, 0])
    await it.market.change('c', livestream('c'))
    await it.time.pass(60_000)
    assert.equal(it.counts.feeds, 4, 'nobody is left to evaluate for')
  })

  test('lists of a filter are loaded once for all who ask the same', async () => {
    await using it = await openQueries()
    let loads = 0
    const query = it.market.index.query.bind(it.market.index)
    it.market.index.query = (asked) => {
      loads++
      return query(asked)
    }
    const asked = { filter: undefined, orderBy: [], first: 5 }
    const open = (scope: Scope) => new Client<{ id: string }>(({ id }) => id).follow(it.queries.livestreams(asked, { scope }, { kind: 'whole' }))
    const clients = [open(localScope), open(localScope), open({ ...localScope, tenant: 'another' })]
    await rest()
    assert.equal(loads, 2)
    await it.market.change('a', livestream('a'))
    await rest()
    for (const { list } of clients) assert.deepEqual(list, ['a'])
    for (const client of clients) await client.leave()
    assert.deepEqual([it.queries.size, it.market.hub.listeners], [0, 0])
  })

  test('nothing is evaluated more often than once in an interval, and nothing is sent where nothing that is shown has changed', async () => {
    await using it = await openQueries()
    await it.market.change('a', livestream('a'))
    const client = feedClient().follow(it.feed({ first: 1 }))
    await it.time.pass(0)
    const before = it.counts.feeds
    for (let n = 0; n < 50; n++) {
      await it.market.change('z', livestream('z', { startedAt: now - 1e9, title: `z ${n}` }))
      await it.time.pass(10)
    }
    assert.ok(it.counts.feeds - before <= 6 && it.counts.feeds - before >= 4, String(it.counts.feeds - before))
    assert.equal(client.events.length, 1)
    await client.leave()
  })

  test('what changes nothing in a search is not evaluated', async () => {
    await using it = await openQueries()
    await it.market.change('a', livestream('zeppelin'))
    const client = searchClient().follow(it.search({ text: 'zeppelin', alpha: 0, fusion: 'ranked' }, 5))
    await it.time.pass(0)
    await it.market.change('a', livestream('zeppelin', { viewersNow: 7 }))
    await it.time.pass(1_000)
    assert.equal(it.counts.searches, 1)
    // It is shown: its bid counts, its place does not change.
    await it.market.change('a', livestream('zeppelin', { currentBid: 7 }))
    await it.time.pass(1_000)
    assert.deepEqual([it.counts.searches, client.events.at(-1)?.value.updated.map(({ item }) => item.entity.id)], [2, ['a']])
    await client.leave()
  })

  test('what changes between the answer of the index and its arrival is told, of those who are shown already and of those who come', async () => {
    await using it = await openQueries()
    const query = it.market.index.query.bind(it.market.index)
    let arrival = Promise.withResolvers<void>()
    it.market.index.query = async (asked) => {
      const page = await query(asked)
      await arrival.promise
      return page
    }
    await it.market.change('a', livestream('zeppelin'))
    const client = searchClient().follow(it.search({ text: 'zeppelin', alpha: 0, fusion: 'ranked' }, 5))
    const bid = (id: string) => (client.items.get(id)?.entity.fields as { currentBid?: number } | undefined)?.currentBid
    await it.time.pass(0)
    const arrives = async (): Promise<void> => {
      arrival.resolve()
      await it.time.pass(throttleMs)
    }
    await it.market.change('a', livestream('zeppelin', { currentBid: 7 }))
    await arrives()
    assert.deepEqual([bid('a'), client.events.length], [7, 2])

    arrival = Promise.withResolvers()
    await it.market.change('b', livestream('zeppelin'))
    await it.time.pass(throttleMs)
    await it.market.change('a', livestream('zeppelin', { currentBid: 8 }))
    await it.market.change('b', livestream('zeppelin', { currentBid: 9 }))
    await arrives()
    assert.deepEqual([bid('a'), bid('b'), client.events.length], [8, 9, 4])
    await it.time.pass(10 * throttleMs)
    assert.deepEqual([client.events.length, it.counts.searches], [4, 4], 'and nothing else')
    await client.leave()
  })

  test('a vector that has changed moves what is found by vectors, and concerns no search by words', async () => {
    await using it = await openQueries()
    for (const id of ['a', 'b']) await it.market.change(id, livestream(id))
    const vector = { space, values: Float32Array.from([0, 1]) }
    const [near, words] = [searchClient().follow(it.search({ vector, alpha: 1, fusion: 'ranked' }, 5)), searchClient().follow(it.search({ text: 'a', alpha: 0, fusion: 'ranked' }, 5))]
    await it.time.pass(0)
    assert.deepEqual([near.list, it.counts.searches], [['a', 'b'], 2])
    await it.market.change('b', { ...livestream('b'), vector: [0, 1] })
    await it.time.pass(throttleMs)
    assert.deepEqual([near.list, it.counts.searches], [['b', 'a'], 3])
    for (const client of [near, words]) await client.leave()
  })

  test('time alone has it evaluated as well, slowly', async () => {
    await using it = await openQueries()
    const client = feedClient().follow(it.feed())
    await it.time.pass(60_000)
    assert.ok(it.counts.feeds >= 6 && it.counts.feeds <= 8, String(it.counts.feeds))
    await client.leave()
  })

  test('a livestream that ends leaves every live feed with the next evaluation', async () => {
    await using it = await openQueries()
    for (const id of ['a', 'b']) await it.market.change(id, livestream(id))
    const clients = ['ada', 'bob'].map((userId) => feedClient().follow(it.feed({ userId })))
    await it.time.pass(0)
    await it.market.change('a', livestream('a', { status: 'ENDED' }))
    await it.time.pass(throttleMs)
    for (const { list, events } of clients) assert.deepEqual([list, events.at(-1)?.value.removed], [['b'], ['a']])
    for (const client of clients) await client.leave()
  })

  test('feeds are noted when they are shown, once for all who are shown the same', async () => {
    await using it = await openQueries()
    await it.market.change('a', livestream('a'))
    const clients = [feedClient().follow(it.feed()), feedClient().follow(it.feed())]
    await it.time.pass(0)
    assert.equal(it.notes.length, 1)
    await it.market.change('z', livestream('z', { startedAt: now - 1e9 }))
    await it.time.pass(throttleMs)
    // Evaluated, and nothing else than before is shown.
    await it.market.change('z', livestream('z', { startedAt: now - 1e9, viewersNow: 3 }))
    await it.time.pass(throttleMs)
    const shown = clients[0]!.events.map(({ value }) => (value as unknown as { feedId: string }).feedId)
    assert.deepEqual(it.notes, shown)
    assert.ok(it.counts.feeds > shown.length)
    for (const client of clients) await client.leave()
  })

  test('under load the interval is stretched for all alike, which is said, and ends with the load', async () => {
    await using it = await openQueries({ perSecond: 10 })
    const users = Array.from({ length: 30 }, (_, n) => `u-${n}`)
    const clients = users.map((userId) => feedClient().follow(it.feed({ userId })))
    let n = 0
    const market = async (seconds: number): Promise<void> => {
      for (let step = 0; step < seconds * 5; step++) {
        const id = `s-${n++ % 5}`
        await it.market.change(id, it.market.states.get(id)?.fields.status === 'LIVE' ? livestream(id, { status: 'ENDED' }) : livestream(id))
        await it.time.pass(200)
      }
    }
    await market(20)
    for (const client of clients) {
      const { events } = client
      assert.equal(client.error, undefined)
      // 200 evaluations for 30 of them.
      assert.ok(events.length >= 4 && events.length <= 8, `${events.length} events`)
      const { intervalMs } = events.at(-1)!
      assert.ok(intervalMs !== undefined && intervalMs >= 2_000 && intervalMs <= 4_500, String(intervalMs))
    }
    for (const client of clients.slice(1)) await client.leave()
    await market(5)
    assert.equal(clients[0]!.events.at(-1)?.intervalMs, undefined)
    await clients[0]!.leave()
  })

  test('one that cannot be evaluated at first is refused; a later failure is the operator\'s, and tried again', async () => {
    await using it = await openQueries()
    it.fail(new Error('away'))
    const refused = feedClient().follow(it.feed())
    await it.time.pass(0)
    assert.match(String(refused.error), /away/)
    assert.deepEqual([it.queries.size, it.market.hub.listeners], [0, 0])
    it.fail(undefined)
    const client = feedClient().follow(it.feed())
    await it.time.pass(0)
    it.fail(new Error('away again'))
    await it.market.change('a', livestream('a'))
    await it.time.pass(500)
    assert.deepEqual([it.errors.map(String), client.list], [['Error: away again'], []])
    it.fail(undefined)
    await it.time.pass(1_500)
    assert.deepEqual([client.error, client.list], [undefined, ['a']])
    await client.leave()
  })

  test('one that an index is away for is shown once it is back, and refused where it stays away', async () => {
    await using it = await openQueries()
    it.fail(new IndexUnavailableError('gave no answer'))
    const client = feedClient().follow(it.feed())
    await it.time.pass(3_500)
    assert.deepEqual([client.error, client.events, it.errors.length], [undefined, [], 4])
    it.fail(undefined)
    await it.time.pass(1_000)
    assert.deepEqual([client.error, client.events.length], [undefined, 1])
    await client.leave()
    it.fail(new IndexUnavailableError('gave no answer'))
    const refused = feedClient().follow(it.feed())
    await it.time.pass(4_500)
    assert.match(String(refused.error), /gave no answer/)
    assert.equal(it.queries.size, 0)
  })

  test('who is left waiting when the changes end is told why, and so is who comes later', async () => {
    await using it = await openQueries()
    const clients = [feedClient().follow(it.feed()), new Client<{ id: string }>(({ id }) => id).follow(it.queries.livestreams({ filter: undefined, orderBy: [], first: 5 }, { scope: localScope }, { kind: 'whole' }))]
    await it.time.pass(0)
    it.market.hub.close(new Error('the log is away'))
    await it.time.pass(0)
    const late = feedClient().follow(it.feed({ userId: 'late' }))
    await it.time.pass(0)
    for (const { error } of [...clients, late]) assert.match(String(error), /the log is away/)
    assert.equal(it.queries.size, 0)
  })

  test('each kind of delivery: a state, a stream behind a marker, and what was missed', async () => {
    await using it = await openQueries()
    await it.market.change('a', livestream('a'))
    const stream = feedClient().follow(it.feed({}, { kind: 'stream' }))
    await it.time.pass(0)
    assert.deepEqual(stream.events.map(({ marker }) => marker), [true])
    const state = feedClient().follow(it.feed({}, { kind: 'snapshot' }))
    await rest()
    const from = state.events[0]!.cut
    assert.deepEqual([state.events.length, state.events[0]?.snapshot, state.list, from], [1, true, ['a'], stream.events[0]?.cut])
    const nothing = feedClient().follow(it.feed({}, { kind: 'missed', from }))
    await rest()
    assert.deepEqual(nothing.events.map(({ marker, cut }) => [marker, cut]), [[true, from]])
    await it.market.change('b', livestream('b'))
    await it.time.pass(throttleMs)
    await it.market.change('c', livestream('c'))
    await it.time.pass(throttleMs)
    const missed = feedClient().follow(it.feed({}, { kind: 'missed', from }))
    await rest()
    assert.deepEqual(missed.events.map(({ value, marker }) => value?.kind ?? marker), ['DIFF', true])
    assert.deepEqual(missed.events[0]?.value.added.map(({ item }) => item.livestreamId).toSorted(), ['b', 'c'])
    assert.deepEqual(stream.events.slice(1).map(({ value, diff, at }) => [value.kind, diff, at?.lane.startsWith('live/boot:')]), [['DIFF', true, true], ['DIFF', true, true]])
    // Of another process, and of another query: only that is none.
    const [query] = Object.keys(from).map((lane) => lane.replace('live/boot:', ''))
    for (const [lane, reason] of [[`live/another:${query}`, undefined], ['live/boot:x', 'CURSOR'], ['changes/0', 'CURSOR']] as const) {
      const elsewhere = feedClient().follow(it.feed({}, { kind: 'missed', from: { [lane]: { next: 3, epoch: -1, sequence: -1, skip: 0 } } }))
      await rest()
      assert.deepEqual([elsewhere.events.map(({ value, gap, marker }) => [value?.kind, gap?.reason, marker]), elsewhere.list.length], [[['SNAPSHOT', reason, undefined], [undefined, undefined, true]], 3])
    }
    await stream.leave()
    assert.equal(it.queries.size, 0)
  })

  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), gone: fc.boolean(), status: fc.constantFrom('LIVE', 'LIVE', 'ENDED'),
    title: fc.constantFrom('red shoes', 'red', 'blue shoes', 'a blue hat', 'hat'), sellerId: fc.constantFrom('s1', 's2', 's3'),
    startedAt: fc.constantFrom(now - 1e3, now - 1e6, now - 1e7), vector: fc.constantFrom([1, 0], [0.7, 0.7], [0, 1]), leaves: fc.boolean(), waits: fc.nat(250),
  })

  test('at rest, with a fixed clock, live feeds and searches are what the queries give', async () => {
    const hybrid = fc.record({ alpha: fc.constantFrom(0, 0.5, 1), fusion: fc.constantFrom('relativeScore' as const, 'ranked' as const) })
    await fc.assert(fc.asyncProperty(hybrid, fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 25 }), async (legs, first, steps) => {
      await using it = await openQueries()
      const query: HybridQuery = { text: 'red shoes', vector: { space, values: Float32Array.from([1, 0.1]) }, ...legs }
      const [feeds, searches] = [feedClient(), searchClient()]
      const filter = { field: 'sellerId', op: 'ne', value: 's3' } as const
      const join = (): void => {
        const after = (client: Client<never>): DeliveryRequest => ({ kind: 'whole', ...client.events.length > 0 && { after: it.cursors.encode(client.events.at(-1)!.cut) } })
        feeds.follow(it.feed({ first, filter }, after(feeds as never)))
        searches.follow(it.search(query, first, after(searches as never)))
      }
      join()
      // Somebody else keeps the lists going meanwhile, or nobody does.
      const others = [feedClient().follow(it.feed({ first, filter })), searchClient().follow(it.search(query, first))]
      for (const { id, gone, leaves, waits, vector, ...fields } of steps) {
        await it.market.change(id, gone && it.market.states.has(id) ? null : { fields, vector })
        if (leaves) {
          await Promise.all([feeds.leave(), searches.leave()])
          if (waits % 2) for (const other of others.splice(0)) await other.leave()
        }
        await it.time.pass(waits)
        if (leaves) join()
      }
      await it.time.pass(2 * throttleMs)
      const { page } = await it.service.evaluate({ userId: 'ada', first, filter, scope: localScope })
      assert.deepEqual([feeds.error, feeds.list], [undefined, page.items.map(({ livestreamId }) => livestreamId)])
      const { hits } = await it.market.index.query({ kind: 'livestream', hybrid: query, limit: first })
      assert.deepEqual([searches.error, searches.list], [undefined, hits.map(({ entity }) => entity.id)])
      for (const { entity } of hits) assert.deepEqual(searches.items.get(entity.id)?.entity.fields, entity.fields, 'what has changed is told')
      for (const client of [feeds, searches, ...others]) await client.leave()
      assert.deepEqual([it.queries.size, it.market.hub.listeners], [0, 0])
    }), { numRuns: 60 })
  })
})
