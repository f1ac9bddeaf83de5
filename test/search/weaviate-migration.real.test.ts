import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { EntityIndex } from '../../search/entity-index.ts'
import { openWeaviateIndex } from '../../search/weaviate.ts'
import { requireReal } from '../servers/available.ts'
import { sharedWeaviate, uniquePrefix, type SharedWeaviate } from '../servers/shared.ts'
import { idsOf, pageThrough, randomFrom, randomVector, write } from './contract/fixture.ts'
import { collectionsOf, removeCollections } from './weaviate/server.ts'

const vectorOf = (seed: number, dimensions = 8) => randomVector(dimensions, randomFrom(seed))

describe('collections in Weaviate', { skip: requireReal('weaviate'), timeout: 240_000 }, () => {
  let server: SharedWeaviate
  const prefixes: string[] = []
  const indexes: EntityIndex[] = []
  const newPrefix = (): string => {
    const prefix = uniquePrefix()
    prefixes.push(prefix)
    return prefix
  }
  /** As another process would. */
  const open = async (prefix: string): Promise<EntityIndex> => {
    const index = await openWeaviateIndex({ url: server.url, grpcUrl: `http://${server.grpcHost}:${server.grpcPort}`, prefix })
    indexes.push(index)
    await index.open()
    return index
  }
  const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
    const response = await fetch(`${server.url}/v1${path}`, {
      method, headers: { 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, await response.text())
  }
  before(async () => {
    server = await sharedWeaviate()
  })
  after(async () => {
    for (const index of indexes) await index.close()
    for (const prefix of prefixes) await removeCollections(server.url, prefix)
  })

  it('are created once by processes that open at the same time, and serve all of them', async () => {
    const prefix = newPrefix()
    const [a, b, c] = await Promise.all([open(prefix), open(prefix), open(prefix)])
    const kinds = ['Livestream', 'Seller', 'User']
    assert.deepEqual(await collectionsOf(server.url, prefix),
      { collections: kinds.map((kind) => `${prefix}_${kind}_g1`), aliases: kinds.map((kind) => `${prefix}_${kind}`) })
    await a!.upsert([write('user', 'u', { name: 'Ada' })])
    await b!.upsert([write('user', 'u', { country: 'GB' })])
    assert.deepEqual((await c!.getMany('user', ['u']))[0]?.fields, { name: 'Ada', country: 'GB' })
  })

  it('keep what is in them when the program is started again', async () => {
    const prefix = newPrefix()
    const first = await open(prefix)
    await first.upsert([write('seller', 's', { name: 'Shop' }, { 'model/größe-8': vectorOf(1) })])
    await first.close()
    const again = await open(prefix)
    const [found] = await again.getMany('seller', ['s'], { withVectors: ['model/größe-8'] })
    assert.deepEqual(found?.fields, { name: 'Shop' })
    assert.equal(found?.vectors!['model/größe-8']!.length, 8)
    assert.deepEqual((await again.stats()).spaces, { 'model/größe-8': 8 })
    await assert.rejects(again.upsert([write('user', 'u', {}, { 'model/größe-8': vectorOf(1, 4) })]), /have 8 dimensions; got 4/)
  })

  it('get the properties of a newer version, and find what was there before as missing them', async () => {
    const prefix = newPrefix()
    // A collection of an older version, that kept less.
    await ask('POST', '/schema', {
      class: `${prefix}_User_g1`, vectorConfig: {}, invertedIndexConfig: { indexNullState: true },
      properties: ['entityId', 'entityId_key', 'name', 'name_key'].map((name) => ({
        name, dataType: ['text'], tokenization: 'field', indexFilterable: name.endsWith('_key'), indexSearchable: false,
      })).concat(['revision', 'eventTime', 'appliedAt'].map((name) => ({
        name, dataType: ['int'], indexFilterable: false, indexSearchable: false,
      } as never))),
    })
    await ask('POST', '/aliases', { alias: `${prefix}_User`, class: `${prefix}_User_g1` })
    const hex = (text: string) => `k${Buffer.from(text, 'utf16le').swap16().toString('hex')}`
    await ask('POST', '/batch/objects', { objects: [{
      class: `${prefix}_User_g1`, id: '00000000-0000-4000-8000-000000000001',
      properties: { entityId: 'old', entityId_key: hex('old'), name: 'Old', name_key: hex('Old'), revision: 1, eventTime: 1, appliedAt: 1 },
    }] })
    const newer = await open(prefix)
    await newer.upsert([write('user', 'new', { name: 'New', country: 'DE', registeredAt: 5 })])
    const found = async (op: 'isNull' | 'ne' | 'eq', value: boolean | string) =>
      idsOf((await newer.query({ kind: 'user', limit: 10, filter: { field: 'country', op, value } as never })).hits)
    assert.deepEqual(await found('isNull', true), ['old'])
    assert.deepEqual(await found('isNull', false), ['new'])
    assert.deepEqual(await found('ne', 'DE'), ['old'])
    assert.deepEqual(await found('eq', 'DE'), ['new'])
    assert.deepEqual(idsOf(await pageThrough(newer, { kind: 'user', limit: 1, orderBy: [{ field: 'registeredAt', direction: 'asc' }] })), ['new', 'old'])
  })

  it('refuse a property of another type rather than write past it', async () => {
    const prefix = newPrefix()
    await ask('POST', '/schema', {
      class: `${prefix}_User_g1`, vectorConfig: {}, properties: [{ name: 'registeredAt', dataType: ['text'] }],
    })
    await ask('POST', '/aliases', { alias: `${prefix}_User`, class: `${prefix}_User_g1` })
    await assert.rejects(open(prefix), /registeredAt is text in Weaviate; this version keeps int/)
  })

  it('take a space that another process adds, and one more where two add theirs at the same time', async () => {
    const prefix = newPrefix()
    const [a, b] = await Promise.all([open(prefix), open(prefix)])
    await a!.upsert([write('user', 'zero', { name: 'Zero' }, { zero: vectorOf(1) })])
    await assert.rejects(b!.upsert([write('user', 'zero', {}, { zero: vectorOf(1, 4) })]), /space zero have 8 dimensions; got 4/)
    const c = await open(prefix)
    await Promise.all([
      a!.upsert([write('user', 'a', { name: 'A' }, { one: vectorOf(1) })]),
      b!.upsert([write('user', 'b', { name: 'B' }, { two: vectorOf(2, 4) })]),
    ])
    const [seen] = await c.getMany('user', ['a'], { withVectors: ['one'] })
    assert.deepEqual(Object.keys(seen!.vectors!), ['one'])
    for (const index of [a!, b!]) {
      for (const [space, dimensions, id] of [['one', 8, 'a'], ['two', 4, 'b']] as const) {
        const { hits } = await index.query({
          kind: 'user', limit: 5, hybrid: { vector: { space, values: vectorOf(3, dimensions) }, alpha: 1, fusion: 'ranked' },
        })
        assert.deepEqual(idsOf(hits), [id])
      }
    }
    await assert.rejects(b!.query({
      kind: 'seller', limit: 5, hybrid: { vector: { space: 'one', values: vectorOf(3, 4) }, alpha: 1, fusion: 'ranked' },
    }), /space one have 8 dimensions; got 4/)
  })

  it('have up to eight spaces', async () => {
    const index = await open(newPrefix())
    for (let n = 1; n <= 8; n++) await index.upsert([write('user', 'u', {}, { [`space-${n}`]: vectorOf(n) })])
    await assert.rejects(index.upsert([write('user', 'u', {}, { 'space-9': vectorOf(9) })]), /up to 8 vector spaces/)
    const [found] = await index.getMany('user', ['u'], { withVectors: Array.from({ length: 9 }, (_, n) => `space-${n + 1}`) })
    assert.equal(Object.keys(found!.vectors!).length, 8)
  })

  it('follow another process to its new generation, and are taken there by the next one where it ended half-way', async () => {
    const prefix = newPrefix()
    const [a, b] = await Promise.all([open(prefix), open(prefix)])
    await a!.upsert([write('user', 'u', { name: 'Former' }), write('seller', 's', { name: 'Former' })])
    const next = await a!.newGeneration()
    await next.upsert([write('user', 'u', { name: 'Next' }, { fresh: vectorOf(1) }), write('seller', 's', { name: 'Next' })])
    await next.activate()
    assert.equal((await b!.stats()).generation, next.name)
    assert.equal((await b!.getMany('user', ['u']))[0]?.fields.name, 'Next')
    // Into a space that this process has not seen yet in that generation, and back in one that it has.
    await b!.upsert([write('user', 'u', { country: 'DE' }, { fresh: vectorOf(2) })])
    assert.deepEqual((await a!.getMany('user', ['u']))[0]?.fields, { name: 'Next', country: 'DE' })

    const third = await b!.newGeneration()
    await third.upsert([write('user', 'u', { name: 'Third' }), write('seller', 's', { name: 'Third' })])
    // What a process leaves behind that ends in the middle of the switch.
    await ask('PUT', `/aliases/${prefix}_User`, { class: `${prefix}_User_${third.name}` })
    const healed = await open(prefix)
    assert.equal((await healed.stats()).generation, third.name)
    for (const kind of ['user', 'seller'] as const) {
      assert.equal((await healed.getMany(kind, [kind[0]!]))[0]?.fields.name, 'Third')
    }
    // A generation that lacks a space which this process knows of.
    await a!.upsert([write('user', 'v', { name: 'V' }, { fresh: vectorOf(3) })])
    assert.deepEqual((await a!.stats()).spaces, { fresh: 8 })
    const fourth = await a!.newGeneration()
    await fourth.activate()
    assert.deepEqual((await collectionsOf(server.url, prefix)).collections,
      ['Livestream', 'Seller', 'User'].map((kind) => `${prefix}_${kind}_${fourth.name}`))
  })
  it('are not made up by the server where somebody has removed them', async () => {
    const prefix = newPrefix()
    const index = await open(prefix)
    await removeCollections(server.url, prefix)
    for (const count of [1, 20]) {
      const writes = Array.from({ length: count }, (_, n) => write('user', `u-${n}`, { name: 'Ada' }))
      await assert.rejects(index.upsert(writes), { code: 'INDEX_UNAVAILABLE' })
    }
    assert.deepEqual(await collectionsOf(server.url, prefix), { collections: [], aliases: [] })
    await index.open()
    await index.upsert([write('user', 'u', { name: 'Ada' })])
    assert.equal((await index.getMany('user', ['u']))[0]?.fields.name, 'Ada')
  })

  it('of a generation that is gone take no writes', async () => {
    const prefix = newPrefix()
    const index = await open(prefix)
    const next = await index.newGeneration()
    await next.discard()
    for (const call of [() => next.upsert([write('user', 'u', {})]), () => next.delete([{ kind: 'user', id: 'u' }]), next.activate, next.discard]) {
      await assert.rejects(call(), /Generation g2 is gone: begin a new one/)
    }
    assert.deepEqual((await collectionsOf(server.url, prefix)).collections.filter((name) => name.endsWith('_g2')), [])
  })
})
