import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import { openWeaviateIndex } from '../../search/weaviate.ts'
import { requireReal } from '../servers/available.ts'
import { sharedWeaviate, uniquePrefix } from '../servers/shared.ts'
import { createCorpus, load, selectivities, textOverlap, vectorRecall, type Corpus } from './overlap.ts'
import { removeCollections, scanUpTo } from './weaviate/server.ts'

const least = { recall: 0.95, overlap: 0.8 }

describe('what Weaviate finds', { skip: requireReal('weaviate'), timeout: 240_000 }, () => {
  let weaviate: EntityIndex
  let embedded: EntityIndex
  let corpus: Corpus
  let remove: () => Promise<void>
  let walkAlways: () => Promise<void>
  before(async () => {
    const { url, grpcHost, grpcPort } = await sharedWeaviate()
    const prefix = uniquePrefix()
    corpus = await createCorpus(3000, 30)
    weaviate = await openWeaviateIndex({ url, grpcUrl: `http://${grpcHost}:${grpcPort}`, prefix })
    embedded = await openEmbeddedIndex({ directory: null })
    remove = () => removeCollections(url, prefix)
    walkAlways = () => scanUpTo(url, prefix, 0)
    await weaviate.open()
    await Promise.all([load(weaviate, corpus), load(embedded, corpus)])
  })
  after(async () => {
    await Promise.all([weaviate.close(), embedded.close()])
    await remove()
  })

  const recalls = (how: string): void => {
    for (const [share, filter] of selectivities) {
      it(`is nearly all of the nearest at a selectivity of ${share * 100}%, ${how}`, async (test) => {
        const recall = await vectorRecall(weaviate, corpus, filter)
        test.diagnostic(`recall@20 is ${recall.toFixed(3)}`)
        assert.ok(recall >= least.recall, `recall@20 is ${recall}, expected at least ${least.recall}`)
      })
    }
  }
  recalls('as configured')

  describe('without the exact scan of what a filter leaves, as in a collection of millions,', () => {
    before(() => walkAlways())
    recalls('by the graph alone')
  })

  it('is by text what the embedded index finds, also among so many that no property alone leads to the best', async (test) => {
    const { writes, ...rest } = await createCorpus(8000, 30, 2)
    const texts: Corpus = { ...rest, writes: writes.map(({ vectors: _, ...write }) => ({ ...write, id: `t${write.id}` })) }
    await Promise.all([load(weaviate, texts), load(embedded, texts)])
    const overlap = await textOverlap(weaviate, embedded, texts)
    test.diagnostic(`overlap@20 is ${overlap.toFixed(3)}`)
    assert.ok(overlap >= least.overlap, `overlap@20 is ${overlap}, expected at least ${least.overlap}`)
  })
})
