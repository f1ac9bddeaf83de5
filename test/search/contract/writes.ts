import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { idsOf, randomFrom, randomVector, useIndex, write, type Make } from './fixture.ts'

const livestream = {
  sellerId: 's-1', title: 'Vintage cameras, live', description: 'Leicas and lenses', category: 'cameras',
  tags: ['leica', 'film'], language: 'en', thumbnailUrl: 'https://example.test/1.jpg', status: 'LIVE',
  scheduledFor: 1_700_000_000_000, startedAt: 1_700_000_000_001, endedAt: 1_700_000_000_002, auctionId: 'a-1',
  auctionActive: true, currentBid: 2 ** 40, highestBidderId: 'u-1', bidCurrency: 'EUR', giveawayActive: false,
  viewersNow: 0, popularity: 0.1,
}
const vectorA = (seed: number) => randomVector(8, randomFrom(seed))
const vectorB = (seed: number) => randomVector(4, randomFrom(seed))

function assertNear(actual: Float32Array | undefined, expected: Float32Array): void {
  assert.equal(actual?.length, expected.length)
  for (const [at, value] of expected.entries()) assert.ok(Math.abs(actual![at]! - value) < 1e-6, `${actual} is not ${expected}`)
}

export function writeContract(make: Make): void {
  describe('writes', () => {
    const index = useIndex(make)

    it('reads back every type of field, the revision and both times', async () => {
      const whole = write('livestream', 'whole', livestream)
      await index().upsert([whole])
      const [found] = await index().getMany('livestream', ['whole'])
      assert.deepEqual(found, {
        kind: 'livestream', id: 'whole', fields: livestream,
        revision: whole.revision, eventTime: whole.eventTime, appliedAt: whole.appliedAt,
      })
    })

    it('leaves absent fields as they are and removes those that are null', async () => {
      await index().upsert([write('livestream', 'patched', { title: 'One', sellerId: 's-1', currentBid: 5, tags: ['x'], auctionActive: true })])
      const patch = write('livestream', 'patched', { currentBid: 6, tags: null, auctionActive: null, endedAt: null })
      await index().upsert([patch])
      const [found] = await index().getMany('livestream', ['patched'])
      assert.deepEqual(found?.fields, { title: 'One', sellerId: 's-1', currentBid: 6 })
      assert.equal(found?.revision, patch.revision)
      assert.equal(found?.eventTime, patch.eventTime)
    })

    it('creates an entity from a patch alone, and one without fields', async () => {
      await index().upsert([write('livestream', 'bid-only', { currentBid: 1 }), write('user', 'bare', {})])
      assert.deepEqual((await index().getMany('livestream', ['bid-only']))[0]?.fields, { currentBid: 1 })
      assert.deepEqual((await index().getMany('user', ['bare']))[0]?.fields, {})
    })

    it('makes the writes of a call in their order', async () => {
      await index().upsert([
        write('user', 'ordered', { name: 'first', bio: 'kept' }),
        write('user', 'ordered', { name: 'second', language: 'en' }),
        write('user', 'ordered', { language: null }),
      ])
      assert.deepEqual((await index().getMany('user', ['ordered']))[0]?.fields, { name: 'second', bio: 'kept' })
    })

    it('never misses an entity that is there, however often it is written meanwhile', async () => {
      const ids = Array.from({ length: 20 }, (_, number) => `busy-${number}`)
      const put = (round: number) => index().upsert(ids.map((id) =>
        write('livestream', id, { title: `${id} ${round}`, status: 'LIVE' }, round % 4 === 0 ? { 'space-a': vectorA(round) } : {})))
      await put(0)
      let writing = true
      const writes = (async () => {
        for (let round = 1; round <= 60; round++) await put(round)
        writing = false
      })()
      const missed: string[] = []
      for (let reads = 0; writing; reads++)
        for (const [place, found] of (await index().getMany('livestream', ids)).entries()) if (!found) missed.push(`${ids[place]} in read ${reads}`)
      await writes
      assert.deepEqual(missed, [])
    })

    it('lets calls that are under way together take effect on an entity in the order in which they were made', async () => {
      await index().upsert([write('livestream', 'gone', { title: 'There' }, { 'space-a': vectorA(1) })])
      await Promise.all([
        index().upsert([write('user', 'turns', { name: 'first', bio: 'kept' })]),
        index().upsert([write('user', 'turns', { name: 'second' })]),
        index().upsert([write('livestream', 'gone', { viewersNow: 5 }, { 'space-a': vectorA(2) })]),
        index().upsert([write('user', 'turns', { language: 'en' }), write('user', 'other', { name: 'other' })]),
        index().delete([{ kind: 'livestream', id: 'gone' }]),
      ])
      assert.deepEqual((await index().getMany('user', ['turns']))[0]?.fields, { name: 'second', bio: 'kept', language: 'en' })
      assert.deepEqual(await index().getMany('livestream', ['gone']), [null])
    })

    it('shows a write to queries as soon as the upsert resolves', async () => {
      for (let bid = 1; bid <= 20; bid++) {
        await index().upsert([write('livestream', 'fresh', { auctionId: 'fresh', currentBid: bid })])
        const { hits } = await index().query({
          kind: 'livestream', limit: 5,
          filter: { and: [{ field: 'auctionId', op: 'eq', value: 'fresh' }, { field: 'currentBid', op: 'eq', value: bid }] },
        })
        assert.deepEqual(idsOf(hits), ['fresh'])
        assert.equal(hits[0]!.entity.fields.currentBid, bid)
      }
    })

    it('takes many writes at once', async () => {
      await index().upsert(Array.from({ length: 700 }, (_, n) => write('seller', `many-${n}`, { name: `Seller ${n}`, country: 'XX' })))
      const found = await index().getMany('seller', Array.from({ length: 700 }, (_, n) => `many-${n}`))
      assert.deepEqual(found.map((entity) => entity?.fields.name), Array.from({ length: 700 }, (_, n) => `Seller ${n}`))
    })

    it('gets many in the order asked for, with null where there is none', async () => {
      await index().upsert(['g1', 'g2', 'g3'].map((id) => write('user', id, { name: id })))
      const found = await index().getMany('user', ['g3', 'missing', 'g1', 'g3'])
      assert.deepEqual(found.map((entity) => entity?.id ?? null), ['g3', null, 'g1', 'g3'])
      assert.deepEqual(await index().getMany('user', []), [])
    })

    it('keeps ids apart whatever they are made of', async () => {
      const ids = ['a:b', 'a:b:c', 'A:b', 'ид-1', '日本', '😀', 'é', 'e\u0301', '%', '*', '"', '\\', 'x'.repeat(128), `${'x'.repeat(127)}y`]
      await index().upsert(ids.map((id) => write('user', id, { name: `name of ${id}` })))
      const found = await index().getMany('user', ids)
      assert.deepEqual(found.map((entity) => entity?.id), ids)
      assert.deepEqual(found.map((entity) => entity?.fields.name), ids.map((id) => `name of ${id}`))
      for (const id of ids) {
        const { hits } = await index().query({ kind: 'user', filter: { field: 'id', op: 'eq', value: id }, limit: 5 })
        assert.deepEqual(idsOf(hits), [id])
      }
    })

    it('keeps the kinds apart', async () => {
      await index().upsert([write('user', 'same', { name: 'user' }), write('seller', 'same', { name: 'seller' })])
      await index().delete([{ kind: 'user', id: 'same' }])
      assert.deepEqual(await index().getMany('user', ['same']), [null])
      assert.equal((await index().getMany('seller', ['same']))[0]?.fields.name, 'seller')
    })

    it('deletes from every kind of answer, and what comes again begins empty', async () => {
      const query = vectorA(1)
      await index().upsert([write('livestream', 'gone', { title: 'Ephemeral orchid', auctionId: 'gone' }, { 'space-a': query })])
      await index().delete([{ kind: 'livestream', id: 'gone' }, { kind: 'livestream', id: 'was-never-there' }])
      assert.deepEqual(await index().getMany('livestream', ['gone']), [null])
      const filter = { field: 'auctionId', op: 'eq', value: 'gone' } as const
      assert.deepEqual((await index().query({ kind: 'livestream', filter, limit: 5 })).hits, [])
      for (const alpha of [0, 1]) {
        const { hits } = await index().query({
          kind: 'livestream', limit: 50,
          hybrid: { text: 'orchid', vector: { space: 'space-a', values: query }, alpha, fusion: 'relativeScore' },
        })
        assert.ok(!idsOf(hits).includes('gone'))
      }
      await index().upsert([write('livestream', 'gone', { currentBid: 1 })])
      const [again] = await index().getMany('livestream', ['gone'], { withVectors: ['space-a'] })
      assert.deepEqual(again?.fields, { currentBid: 1 })
      assert.deepEqual(again?.vectors, {})
    })

    it('writes vectors by space, and gives those that are asked for', async () => {
      await index().upsert([write('seller', 'v1', { name: 'V' }, { 'space-a': vectorA(2), 'space-b': vectorB(3) })])
      await index().upsert([write('seller', 'v1', { country: 'DE' }, { 'space-b': vectorB(4) })])
      const [both] = await index().getMany('seller', ['v1'], { withVectors: ['space-a', 'space-b'] })
      assert.deepEqual(both?.fields, { name: 'V', country: 'DE' })
      assertNear(both?.vectors?.['space-a'], vectorA(2))
      assertNear(both?.vectors?.['space-b'], vectorB(4))
      const { hits } = await index().query({ kind: 'seller', filter: { field: 'id', op: 'eq', value: 'v1' }, limit: 1, withVectors: ['space-b'] })
      assert.deepEqual(Object.keys(hits[0]!.entity.vectors!), ['space-b'])
      assert.equal((await index().getMany('seller', ['v1']))[0]?.vectors, undefined)
    })

    it('removes a vector with null, and its entity from the vector leg with it', async () => {
      await index().upsert([write('seller', 'v2', { name: 'W' }, { 'space-a': vectorA(5), 'space-b': vectorB(5) })])
      await index().upsert([write('seller', 'v2', {}, { 'space-a': null })])
      const [found] = await index().getMany('seller', ['v2'], { withVectors: ['space-a', 'space-b'] })
      assert.deepEqual(Object.keys(found!.vectors!), ['space-b'])
      const near = async (space: 'space-a' | 'space-b', values: Float32Array) => idsOf((await index().query({
        kind: 'seller', filter: { field: 'id', op: 'eq', value: 'v2' }, limit: 5,
        hybrid: { vector: { space, values }, alpha: 1, fusion: 'relativeScore' },
      })).hits)
      assert.deepEqual(await near('space-a', vectorA(5)), [])
      assert.deepEqual(await near('space-b', vectorB(5)), ['v2'])
    })

    it('takes an empty list for a missing field', async () => {
      await index().upsert([write('user', 'no-interests', { name: 'N', interests: ['a'] })])
      await index().upsert([write('user', 'no-interests', { interests: [] })])
      assert.deepEqual((await index().getMany('user', ['no-interests']))[0]?.fields, { name: 'N' })
    })

    it('flushes', async () => {
      await index().upsert([write('user', 'flushed', { name: 'F' })])
      await index().flush()
      assert.equal((await index().getMany('user', ['flushed']))[0]?.fields.name, 'F')
    })

    it('does nothing once the signal is aborted', async () => {
      const signal = AbortSignal.abort()
      await assert.rejects(index().upsert([write('user', 'aborted', { name: 'A' })], signal), { name: 'AbortError' })
      await assert.rejects(index().delete([{ kind: 'user', id: 'g1' }], signal), { name: 'AbortError' })
      await assert.rejects(index().getMany('user', ['g1'], { signal }), { name: 'AbortError' })
      await assert.rejects(index().query({ kind: 'user', limit: 1, signal }), { name: 'AbortError' })
      assert.deepEqual((await index().getMany('user', ['aborted', 'g1'])).map((entity) => entity?.id), [undefined, 'g1'])
    })

    it('counts entities and names the spaces with their dimensions', async () => {
      const { entities, spaces, adapter, generation } = await index().stats()
      const users = await countBy(index, 'user')
      assert.equal(entities.user, users)
      assert.equal(entities.seller, await countBy(index, 'seller'))
      assert.equal(entities.livestream, await countBy(index, 'livestream'))
      assert.deepEqual({ ...spaces }, { 'space-a': 8, 'space-b': 4 })
      assert.ok(adapter.length > 0 && generation.length > 0)
    })
  })
}

async function countBy(index: ReturnType<typeof useIndex>, kind: 'user' | 'seller' | 'livestream'): Promise<number> {
  const { hits, hasNextPage } = await index().query({ kind, limit: 1000 })
  assert.equal(hasNextPage, false)
  return hits.length
}
