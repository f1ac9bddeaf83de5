import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FreshetEvent } from '../../../events/vocabulary.ts'
import { LiveStreams } from '../../../resolvers/feed/live-streams.ts'
import { createFeedService, type FeedOptions } from '../../../resolvers/feed/service.ts'
import { localScope } from '../../../resolvers/scope.ts'
import { openEmbeddedIndex } from '../../../search/embedded.ts'
import type { EntityIndex, Upsert } from '../../../search/entity-index.ts'
import { MetricViewImpl } from '../../../search/metric-view.ts'

const now = 1_800_000_000_000

const stream = (id: string, rest: Upsert['fields'] = {}, vector?: number[]): Upsert => ({
  kind: 'livestream', id, revision: 1, eventTime: now, appliedAt: now,
  fields: { title: id, sellerId: `of-${id}`, status: 'LIVE', startedAt: now - 60_000, ...rest },
  vectors: vector && { taste: Float32Array.from(vector) },
})

const person = (vector: number[]): Upsert => ({
  kind: 'user', id: 'ada', fields: { name: 'Ada' }, revision: 1, eventTime: now, appliedAt: now, vectors: { taste: Float32Array.from(vector) },
})

async function feedOver(writes: Upsert[], options: Partial<FeedOptions> = {}) {
  const index = await openEmbeddedIndex({ directory: null })
  await index.upsert(writes)
  const notes: FreshetEvent<'FeedServed'>[] = []
  let ids = 0
  const view = new MetricViewImpl()
  const live = new LiveStreams({ view, clock: () => now })
  await live.load(options.index ?? index)
  const service = createFeedService({
    index, live, view, textSpace: 'text', clock: () => now, random: () => 0, newId: () => `id-${++ids}`, exploreEvery: 0,
    served: { note: (event) => notes.push(event), flush: () => Promise.resolve() }, ...options,
  })
  return {
    index, notes, service, [Symbol.asyncDispose]: () => index.close(),
    serve: async (rest: object = {}) => service.serve({ userId: 'ada', first: 10, scope: localScope, ...rest }),
  }
}

const idsOf = (items: readonly { livestreamId: string }[]): string[] => items.map(({ livestreamId }) => livestreamId)

/** The index, in which something happens between finding candidates and looking at them once more. */
const meanwhile = (index: EntityIndex, happens: () => Promise<void>): EntityIndex =>
  new Proxy(index, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'getMany') return value.bind(target) as unknown
      return async (...args: Parameters<EntityIndex['getMany']>) => {
        if (args[0] === 'livestream') await happens()
        return target.getMany(...args)
      }
    },
  })

describe('the feed service', () => {
  test('ranks alike whatever the lengths of the vectors that were sent', async () => {
    // Two alike on one side of the person's taste, and one on the other side that is a little farther from it.
    const vectors = [[0.9, 0.44, 0], [0.9, 0.45, 0], [0.88, -0.47, 0]]
    const orders = []
    for (const factor of [1, 1_000, 0.001]) {
      await using feed = await feedOver([person([1, 0, 0].map((value) => value * factor)), ...vectors.map((vector, i) => stream(`l-${i}`, {}, vector.map((value) => value * factor)))])
      const { items } = await feed.serve()
      orders.push([idsOf(items), items.map(({ score }) => score.toFixed(5))])
    }
    assert.deepEqual(orders[0]?.[0], ['l-0', 'l-2', 'l-1'])
    assert.deepEqual(orders[1], orders[0])
    assert.deepEqual(orders[2], orders[0])
  })

  test('leaves out what ends, or goes, between being found and being answered', async () => {
    const writes = ['a', 'b', 'c'].map((id) => stream(id))
    const index = await openEmbeddedIndex({ directory: null })
    await index.upsert(writes)
    await using feed = await feedOver([], {
      index: meanwhile(index, async () => {
        await index.upsert([stream('a', { status: 'ENDED' })])
        await index.delete([{ kind: 'livestream', id: 'b' }])
      }),
    })
    assert.deepEqual(idsOf((await feed.serve()).items), ['c'])
    await index.close()
  })

  test('notes what it served, and not what was only evaluated', async () => {
    await using feed = await feedOver([stream('a')])
    const { page, note } = await feed.service.evaluate({ userId: 'ada', first: 5, scope: localScope })
    assert.deepEqual([idsOf(page.items), feed.notes], [['a'], []])
    note()
    await feed.serve()
    assert.deepEqual(feed.notes.map(({ subject, data }) => [subject, data.items.map(({ livestreamId }) => livestreamId)]), [['user:ada', ['a']], ['user:ada', ['a']]])
  })

  test('notes nothing where there was nothing to serve', async () => {
    await using feed = await feedOver([stream('over', { status: 'ENDED' })])
    assert.deepEqual((await feed.serve()).items, [])
    const { items, hasNextPage } = await feed.serve({ first: 0 })
    assert.deepEqual([items, hasNextPage], [[], false])
    assert.deepEqual(feed.notes, [])
  })

  test('says on an empty page whether anything follows', async () => {
    await using feed = await feedOver(['a', 'b', 'c'].map((id) => stream(id)))
    const empty = async (after?: string) => {
      const { items, hasNextPage } = await feed.serve({ first: 0, after })
      return [items.length, hasNextPage]
    }
    assert.deepEqual(await empty(), [0, true])
    assert.deepEqual(feed.notes, [])
    const { items } = await feed.serve({ first: 3 })
    assert.deepEqual(await empty(items[1]?.cursor), [0, true])
    assert.deepEqual(await empty(items[2]?.cursor), [0, false])
  })

  test('shows no more than two of a seller on a page, and says whether more follow', async () => {
    await using feed = await feedOver(['a', 'b', 'c', 'd'].map((id) => stream(id, { sellerId: id === 'd' ? 'other' : 'same' })))
    const first = await feed.serve({ first: 2 })
    assert.equal(first.hasNextPage, true)
    const second = await feed.serve({ first: 2, after: first.items.at(-1)?.cursor })
    assert.equal(new Set([...idsOf(first.items), ...idsOf(second.items)]).size, 4)
    assert.equal(second.hasNextPage, false)
    assert.equal(second.feedId, first.feedId)
    assert.deepEqual(second.items.map(({ rank }) => rank), [2, 3])
  })
})
