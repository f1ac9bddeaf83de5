import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { topicNames } from '../../events/topics.ts'
import type { ChangeBatch } from '../../ingest/change-reader.ts'
import type { EntityChanged, MetricsChanged } from '../../ingest/changes.ts'
import type { FeedPage, FeedService } from '../../resolvers/feed/feed-service.ts'
import { localScope } from '../../resolvers/scope.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { ChangeHub } from '../../subscriptions/change-hub.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { EventTail } from '../../subscriptions/event-tail.ts'
import { createLiveSource } from '../../subscriptions/live-source.ts'

const stamp = { shard: 0, epoch: 0, sequence: 0, index: 0, eventTime: 0, appendedAt: 0, appliedAt: 0 }

const batch = (entities: EntityChanged[], metrics: MetricsChanged[] = []): ChangeBatch => ({
  shard: 0, epoch: 0, sequence: 0, first: 0, next: 0, bytes: 0, entities, metrics,
  progress: { ...stamp, type: 'Progress', covered: {}, rekeyed: {}, noops: 0, deadLetters: 0 },
})

const changed = (id: string, rest: Partial<EntityChanged> = {}): EntityChanged => ({
  ...stamp, type: 'EntityChanged', entity: `livestream:${id}`, revision: 2, operation: 'updated', changed: { title: 'before' }, after: { title: 'after', status: 'LIVE' }, events: [], ...rest,
})

async function source(pages: string[][] = []) {
  const log = { ends: () => Promise.resolve({}), async* read() {} }
  const hub = new ChangeHub({ log: log as never, topics: topicNames() })
  hub.begin(new Map([[0, { next: 0, epoch: -1, sequence: -1 }]]))
  const index = await openEmbeddedIndex({ directory: null })
  let evaluated = 0
  let noted = 0
  const feed: FeedService = {
    serve: () => assert.fail('a live feed is evaluated, and noted when it is shown'),
    evaluate: () => {
      const ids = pages[Math.min(evaluated++, pages.length - 1)] ?? []
      const page: FeedPage = { feedId: `f-${evaluated}`, hasNextPage: false, items: ids.map((livestreamId, rank) => ({ livestreamId, rank, score: 1, scoreParts: [], reasons: [], cursor: '' })) }
      return Promise.resolve({ page, note: () => void noted++ })
    },
  }
  const live = createLiveSource({ hub, cursors: createCursors({ key: Buffer.alloc(32), logId: 'log', partitions: 1 }), index, feed, tail: new EventTail({ log: log as never, topics: [], onError: (error) => assert.fail(String(error)) }) })
  const write = (id: string, title: string, revision: number) =>
    index.upsert([{ kind: 'livestream', id, fields: { title, sellerId: 's', status: 'LIVE' }, revision, eventTime: revision, appliedAt: revision }])
  return { hub, live, write, noted: () => noted, evaluated: () => evaluated, [Symbol.asyncDispose]: () => index.close() }
}

const request = { userId: 'ada', first: 5, scope: localScope }

describe('live results', { timeout: 20_000 }, () => {
  test('every quiet subscription leaves at once and leaves no listener', async () => {
    await using it = await source([['a']])
    const all: AsyncIterable<unknown>[] = [
      it.live.livestream('a'), it.live.livestreams(undefined), it.live.metrics(['livestream:a']), it.live.feed(request, 100), it.live.events([]),
    ]
    for (const iterable of all) {
      const iterator = iterable[Symbol.asyncIterator]()
      const initial = iterable !== all[1] && iterable !== all[4]
      if (initial) assert.equal((await iterator.next()).done, false)
      const waiting = iterator.next()
      await iterator.return?.()
      assert.equal((await waiting).done, true)
    }
    assert.equal(it.hub.listeners, 0)
  })

  test('one that was never read leaves no listener either', async () => {
    await using it = await source()
    const all = [it.live.livestream('a'), it.live.livestreams(undefined), it.live.metrics([]), it.live.feed(request, 100)]
    assert.equal(it.hub.listeners, 4)
    for (const iterable of all) await iterable[Symbol.asyncIterator]().return?.()
    assert.equal(it.hub.listeners, 0)
  })

  test('what happens between the first state and the next read is not lost', async () => {
    await using it = await source()
    await it.write('a', 'one', 1)
    const states = it.live.livestream('a')[Symbol.asyncIterator]()
    await states.next()
    await it.write('a', 'two', 2)
    it.hub.publish(batch([changed('other'), changed('a')]))
    assert.equal((await states.next()).value?.fields.title, 'two')
    // The same revision again is nothing new.
    it.hub.publish(batch([changed('a')]))
    await it.write('a', 'three', 3)
    it.hub.publish(batch([changed('a')]))
    assert.equal((await states.next()).value?.fields.title, 'three')
    // A metric's copy may have been there before, under this revision.
    await it.write('a', 'four', 3)
    it.hub.publish(batch([changed('a')]))
    assert.equal((await states.next()).value?.fields.title, 'four')
    await states.return?.()
  })

  test('a slow reader of a filter gets one move for many, and none for what came and went', async () => {
    await using it = await source()
    await it.write('a', 'after', 2)
    const moves = it.live.livestreams({ field: 'status', op: 'eq', value: 'LIVE' })[Symbol.asyncIterator]()
    const ended = { changed: { status: 'LIVE' }, after: { status: 'ENDED' } }
    const begun = { changed: { status: 'ENDED' }, after: { status: 'LIVE' } }
    it.hub.publish(batch([changed('gone', { operation: 'created', changed: {} })]))
    it.hub.publish(batch([changed('gone', ended), changed('a', begun), changed('a')]))
    it.hub.publish(batch([changed('a')]))
    const { value } = await moves.next()
    assert.deepEqual([value?.kind, value?.id, value?.livestream?.fields.title], ['ENTERED', 'a', 'after'])
    it.hub.publish(batch([changed('a', ended), changed('b', ended)]))
    assert.deepEqual([(await moves.next()).value?.kind, (await moves.next()).value?.id], ['LEFT', 'b'])
    await moves.return?.()
  })

  test('metrics come once for the state, then once for each entity that moved', async () => {
    await using it = await source()
    const keys = it.live.metrics(['user:a', 'livestream:b'])[Symbol.asyncIterator]()
    assert.deepEqual([(await keys.next()).value, (await keys.next()).value], ['user:a', 'livestream:b'])
    const moved = (...entities: `user:${string}`[]): MetricsChanged => ({ ...stamp, type: 'MetricsChanged', entities: entities.map((entity) => ({ entity, increments: [] })) })
    it.hub.publish(batch([], [moved('user:other', 'user:a'), moved('user:a')]))
    it.hub.publish(batch([], [moved('user:a')]))
    assert.equal((await keys.next()).value, 'user:a')
    const none = keys.next()
    await keys.return?.()
    assert.equal((await none).done, true)
  })

  test('a feed is sent and noted when its order changes, and only then', async () => {
    await using it = await source([['a', 'b'], ['a', 'b'], ['b', 'a']])
    const pages = it.live.feed(request, 100)[Symbol.asyncIterator]()
    const orderOf = async () => ((await pages.next()).value as FeedPage).items.map(({ livestreamId }) => livestreamId)
    assert.deepEqual(await orderOf(), ['a', 'b'])
    const next = orderOf()
    const changing = setInterval(() => it.hub.publish(batch([changed('a')])), 10)
    assert.deepEqual(await next, ['b', 'a'])
    clearInterval(changing)
    assert.deepEqual([it.evaluated(), it.noted()], [3, 2])
    await pages.return?.()
  })

  test('a hub that has closed ends all with its reason, later ones too', async () => {
    await using it = await source([['a']])
    const before = it.live.livestreams(undefined)[Symbol.asyncIterator]()
    it.hub.close(new Error('the log is gone'))
    await assert.rejects(before.next(), /the log is gone/)
    await assert.rejects(it.live.livestreams(undefined)[Symbol.asyncIterator]().next(), /the log is gone/)
    assert.deepEqual([it.hub.listeners, it.hub.closed], [0, true])
  })
})
