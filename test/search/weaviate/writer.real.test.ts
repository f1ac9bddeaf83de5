import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fieldOf, type AnyFields } from '../../../search/entities.ts'
import type { EntityIndex } from '../../../search/entity-index.ts'
import { openWeaviateIndex } from '../../../search/weaviate.ts'
import { requireReal } from '../../servers/available.ts'
import { sharedWeaviate, uniquePrefix } from '../../servers/shared.ts'
import { idsOf, pageThrough, randomFrom, randomVector, write } from '../contract/fixture.ts'
import { removeCollections } from './server.ts'

const vectorOf = (seed: number, dimensions = 8) => randomVector(dimensions, randomFrom(seed))

describe('writes to Weaviate', { skip: requireReal('weaviate'), timeout: 120_000 }, () => {
  let index: EntityIndex
  let remove: () => Promise<void>
  before(async () => {
    const { url, grpcHost, grpcPort } = await sharedWeaviate()
    const prefix = uniquePrefix()
    index = await openWeaviateIndex({ url, grpcUrl: `http://${grpcHost}:${grpcPort}`, prefix })
    remove = () => removeCollections(url, prefix)
    await index.open()
  })
  after(async () => {
    await index.close()
    await remove()
  })

  it('of several calls at once about one entity are all made, the creation too', async () => {
    for (let round = 0; round < 10; round++) {
      const id = `at-once-${round}`
      await Promise.all([
        index.upsert([write('user', id, { name: 'Ada' })]),
        index.upsert([write('user', id, { country: 'GB' }, { 'space-a': vectorOf(1) })]),
        index.upsert([write('user', id, { language: 'en' }), write('user', `${id}-other`, { name: 'Other' })]),
        index.upsert([write('user', id, { bio: 'first' }), write('user', id, { bio: 'second' })]),
      ])
      const [found] = await index.getMany('user', [id], { withVectors: ['space-a'] })
      assert.deepEqual(found?.fields, { name: 'Ada', country: 'GB', language: 'en', bio: 'second' })
      assert.deepEqual(Object.keys(found.vectors!), ['space-a'])
    }
  })

  it('of one call about one entity gather its vectors, the later over the earlier', async () => {
    const id = 'gathered'
    for (const round of ['created', 'written over']) {
      await index.upsert([
        write('user', id, { name: 'Ada' }, { 'space-a': vectorOf(1), 'space-b': vectorOf(1, 4) }),
        write('user', id, {}, { 'space-a': vectorOf(2) }),
        write('user', id, {}, { 'space-b': null }),
      ])
      const [found] = await index.getMany('user', [id], { withVectors: ['space-a', 'space-b'] })
      assert.deepEqual(Object.keys(found!.vectors!), ['space-a'], round)
      assert.ok(Math.abs(found!.vectors!['space-a']![0]! - vectorOf(2)[0]!) < 1e-6, round)
    }
  })

  it('of many entities, some there, some new, some with vectors to remove, are one call', async () => {
    const ids = Array.from({ length: 300 }, (_, n) => `m-${n}`)
    await index.upsert(ids.filter((_, n) => n % 2 === 0).map((id, n) =>
      write('seller', id, { name: `Shop ${id}` }, { 'space-a': vectorOf(n), 'space-b': vectorOf(n, 4) })))
    await index.upsert(ids.map((id, n) => write('seller', id, { country: `C${n % 7}` },
      n % 3 === 0 ? { 'space-a': null } : n % 5 === 0 ? { 'space-a': vectorOf(1000 + n) } : undefined)))
    const found = await index.getMany('seller', ids, { withVectors: ['space-a', 'space-b'] })
    found.forEach((entity, n) => {
      const before = n % 2 === 0
      assert.deepEqual(entity?.fields, { ...(before && { name: `Shop m-${n}` }), country: `C${n % 7}` })
      const spaces = [...((before && n % 3 !== 0) || (n % 3 !== 0 && n % 5 === 0) ? ['space-a'] : []), ...(before ? ['space-b'] : [])]
      assert.deepEqual(Object.keys(entity.vectors!).sort(), spaces, entity.id)
      if (n % 5 === 0 && n % 3 !== 0) assert.ok(Math.abs(entity.vectors!['space-a']![0]! - vectorOf(1000 + n)[0]!) < 1e-6)
    })
    await index.delete(ids.slice(0, 150).map((id) => ({ kind: 'seller', id })))
    assert.equal((await index.stats()).entities.seller, 150)
  })

  it('keep texts to the letter: white space, case, wildcards, nothing at all', async () => {
    const names = ['', ' ', 'a', ' a', 'a ', 'A', 'Á', 'a\nb', 'a*b', 'a?b', 'axb', '\u{1F600}', '\uFF21', '日本']
    await index.upsert(names.map((name, n) => write('user', `t-${String(n).padStart(2, '0')}`, { name, interests: [name], registeredAt: n })))
    assert.equal(fieldOf('user', 'name')?.orderable, true)
    const within = { field: 'registeredAt', op: 'gte', value: 0 } as const
    const named = async (filter: object): Promise<unknown[]> =>
      (await index.query({ kind: 'user', limit: 100, filter: { and: [within, filter as typeof within] } })).hits.map(({ entity }) => entity.fields.name)
    for (const name of names) {
      assert.deepEqual(await named({ field: 'name', op: 'eq', value: name }), [name])
      assert.deepEqual(await named({ field: 'interests', op: 'contains', value: name }), [name])
    }
    assert.deepEqual(await named({ field: 'name', op: 'in', value: [' a', 'A', 'zzz'] }), [' a', 'A'])
    assert.deepEqual(await named({ field: 'name', op: 'isNull', value: true }), [])
    for (const part of ['', ' ', 'A', '*', '?', '\n', 'a*b', '\u{1F600}', '本']) {
      assert.deepEqual(await named({ field: 'name', op: 'contains', value: part }),
        names.filter((name) => name.toLowerCase().includes(part.toLowerCase())), JSON.stringify(part))
    }
    for (const direction of ['asc', 'desc'] as const) {
      const hits = await pageThrough(index, { kind: 'user', limit: 3, filter: within, orderBy: [{ field: 'name', direction }] })
      const sorted = names.toSorted((a, b) => (a < b ? -1 : 1))
      assert.deepEqual(hits.map(({ entity }) => entity.fields.name), direction === 'asc' ? sorted : sorted.reverse())
    }
  })

  it('put ties in order by id, also where a page ends within them', async () => {
    const entities = Array.from({ length: 60 }, (_, n): [string, AnyFields] =>
      [`n-${String((n * 17) % 60).padStart(2, '0')}`, { status: 'TIES', ...(n % 6 !== 0 && { popularity: (n % 4) / 4 }) }])
    await index.upsert(entities.map(([id, fields]) => write('livestream', id, fields)))
    const filter = { field: 'status', op: 'eq', value: 'TIES' } as const
    for (const direction of ['asc', 'desc'] as const) {
      const sign = direction === 'asc' ? 1 : -1
      const rank = (fields: AnyFields) => (fields.popularity === undefined ? Infinity : sign * Number(fields.popularity))
      const expected = entities.toSorted(([a, x], [b, y]) => (rank(x) === rank(y) ? 0 : rank(x) - rank(y)) || (a < b ? -1 : 1)).map(([id]) => id)
      for (const limit of [1, 2, 5, 7, 12, 13, 59, 60, 61]) {
        const hits = await pageThrough(index, { kind: 'livestream', limit, filter, orderBy: [{ field: 'popularity', direction }] })
        assert.deepEqual(idsOf(hits), expected, `${direction}, pages of ${limit}`)
      }
    }
  })
})
