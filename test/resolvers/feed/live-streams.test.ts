import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LiveStreams } from '../../../resolvers/feed/live-streams.ts'
import { openEmbeddedIndex } from '../../../search/embedded.ts'
import type { AnyFields } from '../../../search/entities.ts'
import type { EntityIndex, IndexQuery } from '../../../search/entity-index.ts'

const image = (rest: AnyFields = {}): AnyFields => ({ title: 'T', sellerId: 's', status: 'LIVE', startedAt: 1, ...rest })

/** Popularity and viewers by id, as a view would tell them. */
function parts() {
  const popularity: Record<string, number> = {}
  const clock = { now: 0 }
  const live = new LiveStreams({
    view: {
      popularity: (entity) => popularity[entity.slice('livestream:'.length)] ?? 0,
      viewersNow: (entity) => 10 * (popularity[entity.slice('livestream:'.length)] ?? 0),
    },
    clock: () => clock.now,
  })
  const announce = (id: string, after: AnyFields | null) => live.announced({ entity: `livestream:${id}`, after })
  const moved = (id: string, to: number) => {
    popularity[id] = to
    const record = { entities: [{ entity: `livestream:${id}` as const, increments: [] }] }
    live.apply({ entities: [], metrics: [record as unknown as Parameters<LiveStreams['apply']>[0]['metrics'][number]] })
  }
  return { live, announce, moved, popularity, clock }
}

const ids = (streams: Iterable<{ id: string }>): string[] => [...streams].map(({ id }) => id)

async function indexOf(streams: Record<string, AnyFields>): Promise<EntityIndex> {
  const index = await openEmbeddedIndex({ directory: null })
  await index.upsert(Object.entries(streams).map(([id, fields]) => ({ kind: 'livestream', id, fields, revision: 1, eventTime: 1, appliedAt: 1 })))
  return index
}

describe('the live streams', () => {
  test('are those that are live: they begin, move and end with what is announced', () => {
    const { live, announce } = parts()
    announce('a', image())
    announce('b', image({ status: 'SCHEDULED' }))
    live.announced({ entity: 'seller:s', after: { name: 'S', status: 'LIVE' } })
    assert.deepEqual([live.size, ids(live.ofSeller('s'))], [1, ['a']])
    announce('b', image())
    announce('a', image({ sellerId: 'other' }))
    assert.deepEqual([ids(live.ofSeller('s')), ids(live.ofSeller('other'))], [['b'], ['a']])
    announce('a', image({ sellerId: 'other', status: 'ENDED' }))
    announce('b', null)
    assert.deepEqual([live.size, live.get('a'), ids(live.ofSeller('s')), ids(live.ofSeller('other'))], [0, undefined, [], []])
  })

  test('lead by popularity, over all and in their category, and by how lately they began', () => {
    const { live, announce, moved } = parts()
    for (const [id, category, startedAt] of [['a', 'x', 3], ['b', 'x', 1], ['c', 'y', 2]] as const) announce(id, image({ category, startedAt }))
    moved('b', 5)
    moved('c', 2)
    const { trending, newest, inCategory } = live.standings()
    assert.deepEqual([ids(trending), ids(newest)], [['b', 'c', 'a'], ['a', 'c', 'b']])
    assert.deepEqual([...inCategory].map(([category, streams]) => [category, ids(streams)]), [['x', ['b', 'a']], ['y', ['c']]])
  })

  test('have a new standing at once when one begins, moves to another category or ends; else after half a second', () => {
    const { live, announce, moved, clock } = parts()
    announce('a', image({ category: 'x' }))
    announce('b', image({ category: 'x' }))
    assert.deepEqual(ids(live.standings().trending), ['a', 'b'])
    moved('b', 1)
    assert.deepEqual(ids(live.standings().trending), ['a', 'b'])
    clock.now = 500
    assert.deepEqual(ids(live.standings().trending), ['b', 'a'])
    announce('c', image({ category: 'x' }))
    assert.deepEqual(ids(live.standings().trending), ['b', 'a', 'c'])
    announce('c', image({ category: 'y' }))
    assert.deepEqual(ids(live.standings().inCategory.get('y') ?? []), ['c'])
    announce('c', image({ category: 'y', status: 'ENDED' }))
    assert.deepEqual(ids(live.standings().trending), ['b', 'a'])
  })

  test('lose popularity as time passes, though nothing happens to them', () => {
    const { live, announce, moved, popularity, clock } = parts()
    announce('a', image())
    announce('b', image())
    moved('a', 9)
    popularity.a = 0
    popularity.b = 1
    for (clock.now = 0; clock.now <= 20 * 500; clock.now += 500) live.standings()
    assert.deepEqual(ids(live.standings().trending), ['b', 'a'])
  })

  test('can be filtered, by what the view says of their metrics', () => {
    const { live, announce, moved } = parts()
    announce('a', image({ language: 'en' }))
    announce('b', image({ language: 'de', viewersNow: 999 }))
    moved('a', 3)
    const of = (filter: NonNullable<IndexQuery['filter']>) => ids(live.standings(filter).trending)
    assert.deepEqual(of({ field: 'language', op: 'eq', value: 'de' }), ['b'])
    assert.deepEqual(of({ field: 'id', op: 'ne', value: 'b' }), ['a'])
    assert.deepEqual(of({ field: 'viewersNow', op: 'gte', value: 30 }), ['a'])
    assert.deepEqual(of({ field: 'popularity', op: 'lt', value: 3 }), ['b'])
  })

  test('are read from the index page by page, and what is announced meanwhile counts more', async () => {
    const stored = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`l-${i}`, image({ description: 'long' })]))
    const index = await indexOf({ ...stored, over: image({ status: 'ENDED' }) })
    const { live, announce } = parts()
    announce('gone', image())
    let questions = 0
    await live.load({
      query: async (query) => {
        const page = await index.query(query)
        if (questions++ === 1) {
          announce('l-7', image({ status: 'ENDED' }))
          announce('l-9', image({ title: 'new' }))
          announce('begun', image())
        }
        return page
      },
    })
    assert.equal(questions, 3)
    assert.equal(live.size, 2_500)
    assert.deepEqual([live.get('gone'), live.get('l-7'), live.get('over')], [undefined, undefined, undefined])
    assert.deepEqual([live.get('l-9')?.fields.title, live.get('l-8')?.fields, live.get('begun')?.id], ['new', image(), 'begun'])
    await live.loaded()
    await index.close()
  })

  test('tell those who wait for them why they could not be read, and are there after the next reading', async () => {
    const index = await indexOf({ a: image() })
    const { live } = parts()
    const waiting = live.loaded()
    await assert.rejects(live.load({ query: () => Promise.reject(new Error('away')) }), /away/)
    await assert.rejects(waiting, /away/)
    const next = live.loaded()
    await live.load(index)
    await next
    assert.equal(live.size, 1)
    await index.close()
  })

  test('hold what the index holds, however readings and announcements fall together', async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(fc.record({ id: fc.nat(4), status: fc.constantFrom('LIVE', 'ENDED', null), at: fc.nat(3) }), { maxLength: 30, size: 'max' }),
      fc.array(fc.nat(29), { maxLength: 10, size: 'max' }),
      async (writes, loads) => {
        const index = await indexOf({})
        const { live } = parts()
        const truth = new Map<string, AnyFields | null>()
        const waiting: (() => void)[] = []
        const readings: Promise<void>[] = []
        for (const [place, { id: number, status, at }] of writes.entries()) {
          const id = `l-${number}`
          const fields = status && image({ status, sellerId: `s-${at}`, title: `${place}` })
          if (fields) await index.upsert([{ kind: 'livestream', id, fields, revision: place, eventTime: 1, appliedAt: 1 }])
          else await index.delete([{ kind: 'livestream', id }])
          truth.set(id, fields)
          waiting.push(() => live.announced({ entity: `livestream:${id}`, after: fields }))
          if (loads.includes(place)) readings.push(live.load({ query: async (query) => {
            const page = await index.query({ ...query, limit: 1 })
            for (let i = 0; i < at; i++) waiting.shift()?.()
            return page
          } }))
          // What is applied is announced some time later.
          if (at > 1) waiting.shift()?.()
        }
        await Promise.all(readings)
        for (const announce of waiting) announce()
        if (readings.length === 0) await live.load(index)
        const expected = [...truth].filter(([, fields]) => fields?.status === 'LIVE')
        assert.deepEqual(expected.map(([id]) => live.get(id)?.fields), expected.map(([, fields]) => fields))
        assert.equal(live.size, expected.length)
        for (const [id, fields] of expected) assert.ok(ids(live.ofSeller(fields?.sellerId as string)).includes(id))
        await index.close()
      }), { numRuns: 200 })
  })
})
