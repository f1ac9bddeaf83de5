import { openEmbeddedIndex } from '../search/embedded.ts'
import { createCorpus, load, selectivities, textOverlap, vectorRecall } from '../test/search/overlap.ts'
import { sharedWeaviate, uniquePrefix } from '../test/servers/shared.ts'
import type { BenchOptions } from './report.ts'

/** Weaviate beside the exact scan: the nearest vectors within filters, and the texts found. */
export async function run({ quick, report }: BenchOptions): Promise<void> {
  const { openWeaviateIndex } = await import('../search/weaviate.ts')
  const { url, grpcHost, grpcPort } = await sharedWeaviate()
  const corpus = await createCorpus(quick ? 3_000 : 10_000, quick ? 30 : 100)
  const weaviate = await openWeaviateIndex({ url, grpcUrl: `http://${grpcHost}:${grpcPort}`, prefix: uniquePrefix() })
  const embedded = await openEmbeddedIndex({ directory: null })
  try {
    await weaviate.open()
    await Promise.all([load(weaviate, corpus), load(embedded, corpus)])
    for (const [share, filter] of selectivities)
      report.add(`Weaviate: recall@20 at selectivity ${share * 100} %`, await vectorRecall(weaviate, corpus, filter), 'share', '>= 0.95')
    report.add('Weaviate and embedded: overlap@20 of text relevance', await textOverlap(weaviate, embedded, corpus), 'share', '>= 0.8')
  } finally {
    await weaviate.close()
    await embedded.close()
  }
}
