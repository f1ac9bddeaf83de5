import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openEmbeddedIndex } from '../../../search/embedded.ts'
import type { EntityIndex, IndexQuery } from '../../../search/entity-index.ts'
import { idsOf, write } from '../contract/fixture.ts'

const at = (degrees: number): Float32Array => Float32Array.of(Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180))

describe('pages of an embedded hybrid query', () => {
  let index: EntityIndex
  const query: IndexQuery = {
    kind: 'seller', limit: 2, hybrid: { vector: { space: 'v', values: at(0) }, alpha: 1, fusion: 'ranked' },
  }
  before(async () => {
    index = await openEmbeddedIndex({ directory: null })
    await index.upsert(Array.from({ length: 8 }, (_, n) => write('seller', `s${n}`, { name: `S ${n}` }, { v: at(10 * n) })))
  })
  after(() => index.close())

  it('repeat nothing when a better hit comes in between', async () => {
    const first = await index.query(query)
    assert.deepEqual(idsOf(first.hits), ['s0', 's1'])
    await index.upsert([write('seller', 'best', { name: 'Best' }, { v: at(1) })])
    const second = await index.query({ ...query, after: first.hits[1]!.cursor })
    assert.deepEqual(idsOf(second.hits), ['s2', 's3'])
    await index.delete([{ kind: 'seller', id: 'best' }])
  })

  it('miss nothing when the hit that they go on from is gone', async () => {
    const first = await index.query(query)
    await index.delete([{ kind: 'seller', id: 's1' }])
    const second = await index.query({ ...query, after: first.hits[1]!.cursor })
    assert.deepEqual(idsOf(second.hits), ['s2', 's3'])
  })

  it('look as deep as the first page did, whatever their own size', async () => {
    const wide = await openEmbeddedIndex({ directory: null })
    await wide.upsert(Array.from({ length: 250 }, (_, n) => write('seller', `w${String(n).padStart(3, '0')}`, { name: 'W' }, { v: at(n / 3) })))
    const first = await wide.query({ ...query, limit: 10 })
    const rest = await wide.query({ ...query, limit: 1000, after: first.hits.at(-1)!.cursor })
    assert.equal(rest.hits.length, 90)
    assert.equal(rest.hasNextPage, false)
    await wide.close()
  })
})
