import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ListQuery, LivestreamsUpdate } from '../../resolvers/live-list.ts'
import type { Cut, SourceEvent } from '../../resolvers/live.ts'
import { IndexUnavailableError, type Ordering } from '../../search/entity-index.ts'
import { cosine } from '../../search/vector-math.ts'
import { includes, includesCut } from '../../subscriptions/cut.ts'
import { LivestreamList } from '../../subscriptions/livestream-list.ts'
import { arbitraryFilter, arbitraryLivestream } from '../search/contract/random.ts'
import { applied } from './applied.ts'
import { rest } from './fake-time.ts'
import { listed, openMarket, space, until, type SmallMarket, type State } from './small-market.ts'

const never = new AbortController().signal
const ids = ['r-000', 'r-001', 'r-050', 'r:1', 'r:2', 'r:3', 'r:4', 'r:5']
const vector = fc.constantFrom([1, 0], [0.9, 0.1], [0.5, 0.5], [0, 1], [-1, 0])
const state: fc.Arbitrary<State> = fc.record({ fields: arbitraryLivestream, vector }, { requiredKeys: ['fields'] })
const orderBy: fc.Arbitrary<Ordering[]> = fc.uniqueArray(fc.record({
  field: fc.constantFrom('id', 'title', 'status', 'currentBid', 'viewersNow', 'popularity', 'startedAt'), direction: fc.constantFrom('asc', 'desc'),
}), { maxLength: 2, selector: ({ field }) => field })
const near = fc.record({ minSimilarity: fc.constantFrom(-1, 0, 0.6, 0.95) })

type Step =
  | { kind: 'apply'; id: string; state: State | null }
  | { kind: 'announce'; shard: number }
  | { kind: 'join' }
  | { kind: 'leave'; who: number }
  | { kind: 'come back'; who: number }
  | { kind: 'forget' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('apply' as const), id: fc.constantFrom(...ids), state: fc.option(state, { nil: null, freq: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('announce' as const), shard: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('leave' as const), who: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('come back' as const), who: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
)

/** Somebody who keeps the list by what they are told. */
class Client {
  list: string[] = []
  titles = new Map<string, unknown>()
  cut: Cut = {}
  reader: ReturnType<LivestreamList['read']> | undefined

  take({ value: { kind, added, removed, moved, updated, items }, cut, at }: SourceEvent<LivestreamsUpdate>): void {
    assert.ok(!at || !includes(this.cut, at), 'nothing comes twice')
    if (kind === 'SNAPSHOT') {
      this.list = []
      this.titles.clear()
    }
    for (const { item } of added) assert.ok(!this.list.includes(item.id), 'what is added was not there')
    for (const id of removed) assert.ok(this.list.includes(id), 'what is removed was there')
    this.list = applied(this.list, { removed, moved, added: added.map(({ item, rank }) => ({ id: item.id, rank })) })
    assert.deepEqual(this.list, items.map(({ id }) => id), 'the changes give the list')
    for (const { item } of [...added, ...updated]) this.titles.set(item.id, item.fields.title)
    for (const { item, rank } of updated) assert.equal(this.list[rank], item.id)
    this.cut = cut
  }

  async drain(): Promise<void> {
    while (this.reader && this.reader.behind > 0) this.take((await this.reader.next()) as SourceEvent<LivestreamsUpdate>)
  }
}

async function expected(market: SmallMarket, { filter, orderBy: orderings, first, near: to }: ListQuery): Promise<string[]> {
  if (!to) return listed(market.index, { filter, orderBy: orderings, limit: first })
  const all = await listed(market.index, { filter, orderBy: orderings, limit: 1_000 })
  const similarity = (id: string): number => cosine(to.values, Float32Array.from(market.states.get(id)?.vector ?? [0, 0]))
  const close = all.filter((id) => market.states.get(id)?.vector && similarity(id) >= to.minSimilarity)
  return (orderings.length > 0 ? close : close.sort((a, b) => similarity(b) - similarity(a) || (a < b ? -1 : 1))).slice(0, first)
}

describe('livestreams of a filter, live', { timeout: 120_000 }, () => {
  test('whoever applies what they are told has what the query gives, from whatever moment they join or come back', async () => {
    const query = fc.record({ mostWaiting: fc.constantFrom(undefined, 0, 2), filter: fc.option(arbitraryFilter, { nil: undefined, freq: 3 }), orderBy, first: fc.integer({ min: 1, max: 9 }), near: fc.option(near, { nil: undefined }) })
    await fc.assert(fc.asyncProperty(query, fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async ({ near: nearness, mostWaiting, ...others }, steps) => {
      await using market = await openMarket()
      const asked: ListQuery = { ...others, ...nearness && { near: { space, values: Float32Array.from([1, 0]), ...nearness } } }
      let list = new LivestreamList({ changes: market.changes, index: market.index, query: asked, settled: market.settled, mostWaiting })
      const clients: Client[] = []
      /** What was applied before it was loaded is announced, sooner or later. */
      const ready = async (): Promise<void> => {
        let isReady = false
        const waited = list.ready.finally(() => { isReady = true })
        await rest()
        await until(() => {
          if (!isReady) market.announceAll()
          return isReady
        })
        await waited
      }
      const settled = () => until(() => includesCut(list.cut(), market.hub.cut()))
      for (const each of [{ kind: 'join' }, ...steps] as Step[]) {
        if (each.kind === 'apply') await market.apply(each.id, each.state)
        else if (each.kind === 'announce') market.announce(each.shard)
        else if (each.kind === 'join' && clients.length < 3) {
          const client = new Client()
          clients.push(client)
          await ready()
          client.take(list.snapshot())
          client.reader = list.read()
        } else if (each.kind === 'leave') {
          const client = clients[each.who]
          await client?.drain()
          if (client) client.reader = undefined
        } else if (each.kind === 'come back') {
          const client = clients[each.who]
          if (client && !client.reader) {
            await ready()
            const reader = list.read()
            const { event, cut } = await list.missed({ from: client.cut, said: '' }, never)
            assert.equal(event?.gap, undefined)
            if (event) client.take(event)
            client.cut = cut
            // What came while it was read is in it.
            while (reader.behind > 0) {
              const next = (await reader.next()) as SourceEvent<LivestreamsUpdate>
              if (next.at && !includes(client.cut, next.at)) client.take(next)
            }
            client.reader = reader
          }
        } else if (each.kind === 'forget') {
          // Another process takes over: it loads the list anew, and gets those who come back.
          for (const client of clients) {
            await client.drain()
            client.reader = undefined
          }
          list.close()
          list = new LivestreamList({ changes: market.changes, index: market.index, query: asked, settled: market.settled, mostWaiting })
        }
      }
      await ready()
      for (const client of clients) if (!client.reader) {
        const { event, cut } = await list.missed({ from: client.cut, said: '' }, never)
        if (event) client.take(event)
        client.cut = cut
        client.reader = list.read()
      }
      market.announceAll()
      await settled()
      const result = await expected(market, asked)
      assert.deepEqual(list.snapshot().value.items.map(({ id }) => id), result)
      for (const client of clients) {
        await client.drain()
        assert.deepEqual(client.list, result)
        for (const id of result) assert.equal(client.titles.get(id), market.states.get(id)?.fields.title, 'what has changed is told')
      }
      list.close()
    }), { numRuns: 400 })
  })

  const all: ListQuery = { filter: undefined, orderBy: [], first: 10 }
  const live = (title: string): State => ({ fields: { title, sellerId: 's', status: 'LIVE' } })

  test('where announcements are late it is shown before it is exact: who goes on from before gets all of it', async () => {
    await using market = await openMarket()
    await market.change('a', live('a'))
    const before = market.hub.cut()
    await market.apply('b', live('b'))
    const list = new LivestreamList({ changes: market.changes, index: market.index, query: all, settled: market.settled, patienceMs: 1 })
    await list.ready
    const early = await list.missed({ from: before, said: '' }, never)
    assert.deepEqual([early.event?.value.kind, early.event?.value.items.map(({ id }) => id), early.event?.gap], ['SNAPSHOT', ['a', 'b'], undefined])
    await market.change('c', live('c'))
    market.announceAll()
    await rest()
    // Of the time in which it was not exact as well; afterwards changes do.
    assert.equal((await list.missed({ from: early.cut, said: '' }, never)).event?.value.kind, 'SNAPSHOT')
    const exact = list.cut()
    await market.change('a', null)
    const { event } = await list.missed({ from: exact, said: '' }, never)
    assert.deepEqual([event?.value.kind, event?.value.removed, event?.diff], ['DIFF', ['a'], true])
    list.close()
  })

  test('when a batch was never read, everybody gets all of the list', async () => {
    await using market = await openMarket()
    const list = new LivestreamList({ changes: market.changes, index: market.index, query: all, settled: market.settled })
    await list.ready
    market.announceAll()
    const reader = list.read()
    await market.apply('a', live('a'))
    market.announce(market.shardOf('a'), { lost: true })
    await market.apply('c', live('c'))
    market.announce(market.shardOf('c'))
    const event = await reader.next()
    assert.deepEqual([event?.value.kind, event?.snapshot, event?.value.items.map(({ id }) => id)], ['SNAPSHOT', true, ['a', 'c']])
    await market.change('e', live('e'))
    assert.deepEqual((await reader.next())?.value.added.map(({ item, rank }) => [item.id, rank]), [['e', 2]])
    list.close()
  })

  test('a cursor of a process that is ahead is waited for, and not for ever', async () => {
    await using market = await openMarket()
    const list = new LivestreamList({ changes: market.changes, index: market.index, query: all, settled: market.settled, patienceMs: 1 })
    await list.ready
    const lane = `changes/${market.shardOf('a')}`
    const ahead = { ...list.cut(), [lane]: { next: 10, epoch: 0, sequence: 0, skip: 0 } }
    market.changes.log.ends = () => Promise.resolve({ [lane]: 100 })
    assert.equal((await list.missed({ from: ahead, said: '' }, never)).event?.value.kind, 'SNAPSHOT')
    const patient = new LivestreamList({ changes: market.changes, index: market.index, query: all, settled: market.settled, patienceMs: 60_000 })
    await patient.ready
    const waiting = patient.missed({ from: ahead, said: '' }, never)
    await market.change('a', live('a'))
    assert.deepEqual((await waiting).event, undefined)
    for (const each of [list, patient]) each.close()
  })

  test('more than it can hold is refused in words, at first and later', async () => {
    await using market = await openMarket()
    for (const id of ['a', 'b', 'c']) await market.change(id, live(id))
    const query = { changes: market.changes, index: market.index, query: { ...all, first: 1 }, settled: market.settled }
    const message = /^More than 2 livestreams match this filter.* Narrow the filter\.$/
    await assert.rejects(new LivestreamList({ ...query, most: 2 }).ready, (error) => message.test(String(error)))
    const list = new LivestreamList({ ...query, most: 3 })
    await list.ready
    const reader = list.read()
    await market.change('d', live('d'))
    await assert.rejects(reader.next(), /More than 3 livestreams/)
    assert.equal(market.hub.listeners, 0)
  })

  test('by near it is shown anew to who comes back: at the same cut another replica may have shown another list', async () => {
    await using market = await openMarket()
    await market.change('a', { ...live('a'), vector: [1, 0] })
    const query = { ...all, near: { space, values: Float32Array.from([1, 0]), minSimilarity: 0 } }
    const list = new LivestreamList({ changes: market.changes, index: market.index, query, settled: market.settled })
    await list.ready
    const { event, cut } = await list.missed({ from: list.cut(), said: '' }, never)
    assert.deepEqual([event?.value.kind, event?.value.items.map(({ id }) => id), event?.gap], ['SNAPSHOT', ['a'], undefined])
    assert.deepEqual(cut, list.cut())
    list.close()
  })

  test('by near one that changes take out of the filter and back in at once is still there', async () => {
    await using market = await openMarket()
    const state: State = { ...live('a'), vector: [1, 0] }
    await market.change('a', state)
    const query = { ...all, filter: { field: 'status', op: 'eq', value: 'LIVE' } as const, near: { space, values: Float32Array.from([1, 0]), minSimilarity: 0 } }
    const list = new LivestreamList({ changes: market.changes, index: market.index, query, settled: market.settled })
    await list.ready
    await market.apply('a', { ...state, fields: { ...state.fields, status: 'SCHEDULED' } })
    await market.apply('a', state)
    market.announceAll()
    await until(() => includesCut(list.cut(), market.hub.cut()))
    assert.deepEqual(list.snapshot().value.items.map(({ id }) => id), ['a'])
    list.close()
  })

  test('an index that is away refuses it; one that goes while it is asked for vectors ends it', async () => {
    await using market = await openMarket()
    const options = { changes: market.changes, settled: market.settled, query: { ...all, near: { space, values: Float32Array.from([1, 0]), minSimilarity: 0 } } }
    const away = () => Promise.reject(new Error('away'))
    await assert.rejects(new LivestreamList({ ...options, index: { query: away, getMany: away } }).ready, /away/)
    const list = new LivestreamList({ ...options, index: { query: (query) => market.index.query(query), getMany: away } })
    await list.ready
    const reader = list.read()
    await market.change('a', { ...live('a'), vector: [1, 0] })
    await assert.rejects(reader.next(), /away/)
    assert.equal(market.hub.listeners, 0)
  })

  test('no more than so many changes wait for an index that is away: then everybody gets all of the list', async () => {
    await using market = await openMarket()
    const query = { ...all, near: { space, values: Float32Array.from([1, 0]), minSimilarity: 0 } }
    let asked = 0
    let answer = (): void => {}
    const list = new LivestreamList({ changes: market.changes, settled: market.settled, query, mostWaiting: 3, index: {
      query: (wanted) => market.index.query(wanted),
      getMany: async (...wanted) => {
        if (++asked === 1) await new Promise<void>((resolve) => { answer = resolve })
        return market.index.getMany(...wanted)
      },
    } })
    await list.ready
    const reader = list.read()
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await market.change(id, { ...live(id), vector: [1, 0] })
    await market.change('b', null)
    answer()
    const event = await reader.next()
    assert.deepEqual([event?.value.kind, event?.snapshot, event?.value.items.map(({ id }) => id)], ['SNAPSHOT', true, ['a', 'c', 'd', 'e', 'f', 'g']])
    assert.equal(asked, 1, 'the list was loaded instead')
    await market.change('h', { ...live('h'), vector: [1, 0] })
    assert.deepEqual((await reader.next())?.value.added.map(({ item }) => item.id), ['h'])
    list.close()
  })

  test('an index that is away for a moment is waited for, five times at most, and what was announced meanwhile is taken in', async () => {
    await using market = await openMarket()
    const query = { ...all, near: { space, values: Float32Array.from([1, 0]), minSimilarity: 0 } }
    let away = 4
    let asked = 0
    const unlessAway = <T>(ask: () => Promise<T>): Promise<T> => {
      asked++
      return away-- > 0 ? Promise.reject(new IndexUnavailableError('away')) : ask()
    }
    const list = new LivestreamList({ changes: market.changes, settled: market.settled, query, retryMs: 1, index: {
      query: (wanted) => unlessAway(() => market.index.query(wanted)),
      getMany: (...wanted) => unlessAway(() => market.index.getMany(...wanted)),
    } })
    await list.ready
    assert.equal(asked, 5)
    const reader = list.read()
    away = 4
    await market.change('a', { ...live('a'), vector: [1, 0] })
    assert.deepEqual((await reader.next())?.value.added.map(({ item }) => item.id), ['a'])
    away = 5
    await market.change('b', { ...live('b'), vector: [1, 0] })
    await assert.rejects(reader.next(), IndexUnavailableError)
    assert.equal(market.hub.listeners, 0)
  })
})
