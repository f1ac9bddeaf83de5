import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ListQuery, LivestreamsUpdate } from '../../resolvers/live-list.ts'
import type { Cut, SourceEvent } from '../../resolvers/live.ts'
import type { Ordering } from '../../search/entity-index.ts'
import { cosine } from '../../search/vector-math.ts'
import { includes, includesCut } from '../../subscriptions/cut.ts'
import { LivestreamList } from '../../subscriptions/livestream-list.ts'
import { arbitraryFilter, arbitraryLivestream } from '../search/contract/random.ts'
import { applied } from './applied.ts'
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
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), who: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('come back' as const), who: fc.nat(3) }) },
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
    const query = fc.record({ filter: fc.option(arbitraryFilter, { nil: undefined, freq: 3 }), orderBy, first: fc.integer({ min: 1, max: 9 }), near: fc.option(near, { nil: undefined }) })
    await fc.assert(fc.asyncProperty(query, fc.array(step, { maxLength: 60 }), async ({ near: nearness, ...rest }, steps) => {
      await using market = await openMarket()
      const asked: ListQuery = { ...rest, ...nearness && { near: { space, values: Float32Array.from([1, 0]), ...nearness } } }
      let list = new LivestreamList({ changes: market.changes, index: market.index, query: asked, settled: market.settled })
      const clients: Client[] = []
      /** What was applied before it was loaded is announced, sooner or later. */
      const ready = async (): Promise<void> => {
        let isReady = false
        const waited = list.ready.then(() => { isReady = true })
        await until(() => {
          market.announceAll()
          return isReady
        })
        await waited
      }
      const settled = () => until(() => includesCut(list.cut(), market.hub.cut()))
      for (const each of steps) {
        if (each.kind === 'apply') await market.apply(each.id, each.state)
        else if (each.kind === 'announce') market.announce(each.shard)
        else if (each.kind === 'join' && clients.length < 4) {
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
          list = new LivestreamList({ changes: market.changes, index: market.index, query: asked, settled: market.settled })
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
    }), { numRuns: 150 })
  })
})
