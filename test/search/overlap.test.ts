import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import { createCorpus, load, selectivities, textOverlap, vectorRecall, type Corpus } from './overlap.ts'

describe('the exact scan', () => {
  let index: EntityIndex
  let other: EntityIndex
  let corpus: Corpus
  before(async () => {
    corpus = await createCorpus(3000, 20)
    index = await openEmbeddedIndex({ directory: null })
    other = await openEmbeddedIndex({ directory: null })
    await load(index, corpus)
    await load(other, { ...corpus, writes: corpus.writes.slice(0, 2000) })
  })
  after(() => Promise.all([index.close(), other.close()]))

  for (const [share, filter] of selectivities) {
    it(`misses nothing at a selectivity of ${share * 100}%`, async () => {
      assert.equal(await vectorRecall(index, corpus, filter), 1)
    })
  }

  it('overlaps fully with itself, and less with an index that lacks a third', async () => {
    assert.equal(await textOverlap(index, index, corpus), 1)
    const share = await textOverlap(index, other, corpus)
    assert.ok(share > 0.4 && share < 0.9, `overlap is ${share}`)
  })
})
