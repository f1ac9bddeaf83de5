import { fieldOf, textOf, type AnyFields } from '../../search/entities.ts'
import type { EntityIndex, Upsert } from '../../search/entity-index.ts'
import type { Filter } from '../../search/filter.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { cosine } from '../../search/vector-math.ts'
import { randomFrom, write } from './contract/fixture.ts'

/** How alike two adapters rank, and how much an approximate one misses. */

const top = 20
const batch = 500
const tied = 1e-6

export interface Corpus {
  space: string
  dimensions: number
  writes: readonly Upsert[]
  /** Queries of one to four words, and vectors of such texts. */
  texts: readonly string[]
  vectors: readonly Float32Array[]
}

const stems = ['cam', 'len', 'vint', 'gold', 'sneak', 'card', 'boost', 'watch', 'lamp', 'coat', 'figur', 'comic', 'vinyl', 'guit', 'stamp']
const endings = ['a', 'era', 'age', 'er', 'et', 'ing', 'or', 'ion', 'ish', 'ette', 'ex', 'o', 'um', 'in', 'alo', 'y']

/**
 * Livestreams of topics: each has common words of all (Zipf), words of its own topic, and the vector of the default
 * embedder. `viewersNow` is uniform over 0…199, so that `viewersNow < n` has a selectivity of n / 200.
 */
export async function createCorpus(size: number, queries: number, seed = 1): Promise<Corpus> {
  const random = randomFrom(seed)
  const embedder = createHashingEmbedder()
  const vocabulary = stems.flatMap((stem) => endings.flatMap((ending) => ['', 's', 'bo', 'ki'].map((tail) => stem + ending + tail)))
  const zipf = (from: number, count: number): string =>
    vocabulary[(from + Math.floor(count ** random()) - 1) % vocabulary.length]!
  const topics = 40
  const wordOf = (topic: number): string => (random() < 0.6 ? zipf(topic * 24, 24) : zipf(0, vocabulary.length))
  const sentence = (topic: number, words: number): string => Array.from({ length: words }, () => wordOf(topic)).join(' ')

  const writes: Upsert[] = []
  for (let n = 0; n < size; n++) {
    const topic = Math.floor(random() * topics)
    const fields: AnyFields = {
      title: sentence(topic, 3 + Math.floor(random() * 4)),
      description: sentence(topic, 8 + Math.floor(random() * 20)),
      category: `category${topic % 12}`,
      tags: [...new Set([wordOf(topic), wordOf(topic)])],
      sellerId: `s-${n % 400}`,
      status: ['LIVE', 'ENDED', 'SCHEDULED'][n % 3]!,
      viewersNow: Math.floor(random() * 200),
    }
    const [vector] = await embedder.embed([textOf('livestream', fields)])
    writes.push(write('livestream', `c-${n}`, fields, { [embedder.model]: vector! }))
  }
  const texts = Array.from({ length: queries }, () => sentence(Math.floor(random() * topics), 1 + Math.floor(random() * 4)))
  return { space: embedder.model, dimensions: embedder.dimensions, writes, texts, vectors: await embedder.embed(texts) }
}

/** Writes the corpus to an index. */
export async function load(index: EntityIndex, { writes }: Corpus): Promise<void> {
  for (let at = 0; at < writes.length; at += batch) await index.upsert(writes.slice(at, at + batch))
}

/**
 * The mean share of one index's best 20 texts that are among the other's best 20, both ways; hits whose score ties with
 * the 20th count as being among them.
 */
export async function textOverlap(a: EntityIndex, b: EntityIndex, { texts }: Corpus): Promise<number> {
  const shares: number[] = []
  for (const text of texts) {
    const [inA, inB] = await Promise.all([a, b].map(async (index) => (await index.query({
      kind: 'livestream', limit: 100, hybrid: { text, alpha: 0, fusion: 'relativeScore' },
    })).hits))
    for (const [from, to] of [[inA!, inB!], [inB!, inA!]] as const) {
      const best = from.slice(0, top)
      if (best.length === 0) continue
      const last = to.slice(0, top).at(-1)?.parts?.text?.score ?? Infinity
      const among = new Set(to.filter(({ parts }) => parts!.text!.score >= last - tied).map(({ entity }) => entity.id))
      shares.push(best.filter(({ entity }) => among.has(entity.id)).length / best.length)
    }
  }
  return mean(shares)
}

/** Filters with a selectivity of 50%, 5% and 0.5%. */
export const selectivities: readonly (readonly [number, Filter])[] = [0.5, 0.05, 0.005].map((share) =>
  [share, { field: 'viewersNow', op: 'lt', value: share * 200 }])

/** The mean share of the 20 truly nearest vectors within a filter that the index finds; ties with the 20th count. */
export async function vectorRecall(index: EntityIndex, { space, writes, vectors }: Corpus, filter: Filter): Promise<number> {
  if (!('field' in filter) || filter.op !== 'lt' || fieldOf('livestream', filter.field) === undefined) {
    throw new TypeError('vectorRecall takes a filter of `selectivities`.')
  }
  const within = writes.filter(({ fields }) => Number(fields[filter.field]) < Number(filter.value))
  const shares: number[] = []
  for (const query of vectors) {
    const similarities = new Map(within.map(({ id, vectors: own }) => [id, cosine(own![space]!, query)]))
    const nearest = [...similarities.values()].sort((a, b) => b - a).slice(0, top)
    const { hits } = await index.query({
      kind: 'livestream', filter, limit: top, hybrid: { vector: { space, values: query }, alpha: 1, fusion: 'relativeScore' },
    })
    const found = hits.filter(({ entity }) => (similarities.get(entity.id) ?? -Infinity) >= nearest.at(-1)! - tied)
    shares.push(found.length / nearest.length)
  }
  return mean(shares)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
