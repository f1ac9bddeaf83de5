import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HybridQuery, IndexHit, IndexQuery, Upsert } from '../../../search/entity-index.ts'
import { cosine } from '../../../search/vector-math.ts'
import { idsOf, pageThrough, randomFrom, randomVector, useIndex, write, type Make } from './fixture.ts'

/** Adapters may compute in 32-bit floats. */
const tolerance = 1e-4
const near = (actual: number | undefined, expected: number, what: string): void =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not ${expected}`)

const random = randomFrom(42)
const nouns = ['camera', 'lens', 'tripod', 'shoe', 'boot', 'coat', 'ring', 'watch', 'lamp', 'chair']
const adjectives = ['red', 'vintage', 'rare', 'small', 'signed', 'golden']
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
const vectorsOf = new Map<string, Float32Array>()
const otherVectorsOf = new Map<string, Float32Array>()
const writes: Upsert[] = Array.from({ length: 60 }, (_, n) => {
  const id = `h-${String(n).padStart(2, '0')}`
  if (n % 6 !== 0) vectorsOf.set(id, randomVector(8, random))
  if (n % 5 === 0) otherVectorsOf.set(id, randomVector(4, random))
  const words = Array.from({ length: 3 + Math.floor(random() * 12) }, () => pick(random() < 0.5 ? nouns : adjectives)).join(' ')
  return write('livestream', id,
    { title: `${pick(adjectives)} ${pick(nouns)}`, description: words, status: n % 2 ? 'LIVE' : 'ENDED', currentBid: n },
    { ...(vectorsOf.has(id) && { 'space-a': vectorsOf.get(id)! }), ...(otherVectorsOf.has(id) && { 'space-b': otherVectorsOf.get(id)! }) })
})
const vector = { space: 'space-a', values: randomVector(8, random) }
const live = { field: 'status', op: 'eq', value: 'LIVE' } as const

export function hybridContract(make: Make): void {
  describe('hybrid queries', () => {
    const index = useIndex(make, (made) => made.upsert(writes))
    const ask = (hybrid: Partial<HybridQuery>, query: Partial<IndexQuery> = {}): Promise<{ hits: readonly IndexHit[]; hasNextPage: boolean }> =>
      index().query({ kind: 'livestream', limit: 100, ...query, hybrid: { alpha: 0.5, fusion: 'relativeScore', ...hybrid } })

    it('find by text, best first, and say so', async () => {
      const { hits } = await ask({ text: 'vintage camera' })
      assert.ok(hits.length > 5)
      for (const { entity, parts } of hits) {
        assert.match(`${entity.fields.title as string} ${entity.fields.description as string}`, /vintage|camera/)
        assert.ok(parts!.text!.score > 0)
        assert.equal(parts!.vector, undefined)
      }
      assertFused(hits, { text: 1, vector: 0 }, 'relativeScore')
    })

    it('find by vector, every entity that has one, with its cosine', async () => {
      const { hits } = await ask({ vector })
      assert.deepEqual(idsOf(hits).sort(), [...vectorsOf.keys()])
      for (const { entity, parts } of hits) {
        near(parts!.vector!.similarity, cosine(vectorsOf.get(entity.id)!, vector.values), 'similarity')
        assert.equal(parts!.text, undefined)
      }
      assertFused(hits, { text: 0, vector: 1 }, 'relativeScore')
    })

    it('name the hits alone where nothing more is wanted, in the same order, page by page', async () => {
      const named = ({ hits }: { hits: readonly IndexHit[] }) => hits.map(({ entity, score, parts, cursor }) => ({ id: entity.id, score, parts, cursor }))
      const whole = await ask({ vector, alpha: 1 }, { filter: live, limit: 5 })
      const bare = await ask({ vector, alpha: 1 }, { filter: live, limit: 5, withFields: false })
      assert.deepEqual(named(bare), named(whole))
      const next = await ask({ vector, alpha: 1 }, { filter: live, limit: 5, withFields: false, after: whole.hits.at(-1)!.cursor })
      const listed = await index().query({ kind: 'livestream', limit: 3, withFields: false, withVectors: ['space-a'] })
      for (const { entity } of [...bare.hits, ...next.hits, ...listed.hits])
        assert.deepEqual(entity, { kind: 'livestream', id: entity.id, fields: {}, revision: 0, eventTime: 0, appliedAt: 0 })
      assert.equal(new Set([...idsOf(bare.hits), ...idsOf(next.hits)]).size, 10)
      assert.deepEqual(idsOf(listed.hits), ['h-00', 'h-01', 'h-02'])
    })

    for (const fusion of ['relativeScore', 'ranked'] as const) {
      for (const alpha of [0.2, 0.5, 0.75]) {
        it(`fuse both legs exactly by ${fusion} with alpha ${alpha}`, async () => {
          const { hits } = await ask({ text: 'rare golden ring', vector, alpha, fusion })
          assert.ok(hits.some(({ parts }) => parts!.text && parts!.vector))
          assert.ok(hits.some(({ parts }) => !parts!.text))
          assert.ok(hits.some(({ parts }) => !parts!.vector))
          assertFused(hits, { text: 1 - alpha, vector: alpha }, fusion)
        })
      }
      it(`run one leg alone where alpha is 0 or 1 (${fusion})`, async () => {
        const text = await ask({ text: 'rare ring', vector, alpha: 0, fusion })
        assert.ok(text.hits.length > 0 && text.hits.every(({ parts }) => parts!.text && !parts!.vector))
        assertFused(text.hits, { text: 1, vector: 0 }, fusion)
        const near = await ask({ text: 'rare ring', vector, alpha: 1, fusion })
        assert.ok(near.hits.length > 0 && near.hits.every(({ parts }) => parts!.vector && !parts!.text))
        assertFused(near.hits, { text: 0, vector: 1 }, fusion)
      })
      it(`ignore alpha where there is one leg (${fusion})`, async () => {
        const [text, alone] = [await ask({ text: 'rare ring', alpha: 0, fusion }), await ask({ text: 'rare ring', alpha: 1, fusion })]
        assert.deepEqual(alone.hits.map(({ entity, score }) => [entity.id, score]), text.hits.map(({ entity, score }) => [entity.id, score]))
        assert.ok(alone.hits.length > 0)
      })
    }

    it('filter inside both legs: nothing else is found, and nothing is missed', async () => {
      const { hits } = await ask({ text: 'rare ring', vector, alpha: 0.5 }, { filter: live })
      assert.ok(hits.every(({ entity }) => entity.fields.status === 'LIVE'))
      const expected = [...vectorsOf.keys()].filter((id) => Number(id.slice(2)) % 2 === 1)
      assert.deepEqual(idsOf(hits).filter((id) => vectorsOf.has(id)).sort(), expected)
      assertFused(hits, { text: 0.5, vector: 0.5 }, 'relativeScore')
      const narrow = await ask({ vector }, { filter: { field: 'currentBid', op: 'in', value: [1, 7, 6] } })
      assert.deepEqual(idsOf(narrow.hits).sort(), ['h-01', 'h-07'])
    })

    it('keep the vector spaces apart', async () => {
      const values = randomVector(4, randomFrom(9))
      const { hits } = await ask({ vector: { space: 'space-b', values } })
      assert.deepEqual(idsOf(hits).sort(), [...otherVectorsOf.keys()])
      for (const { entity, parts } of hits) near(parts!.vector!.similarity, cosine(otherVectorsOf.get(entity.id)!, values), 'similarity')
    })

    it('compare directions: the length of a vector does not count', async () => {
      const values = randomVector(4, randomFrom(3))
      await index().upsert([write('user', 'long', { name: 'L' }, { 'space-b': values.map((value) => value * 10) }),
        write('user', 'short', { name: 'S' }, { 'space-b': values.map((value) => value / 10) })])
      const { hits } = await ask({ vector: { space: 'space-b', values: values.map((value) => value * 3) } }, { kind: 'user' })
      assert.deepEqual(idsOf(hits).sort(), ['long', 'short'])
      for (const { parts } of hits) near(parts!.vector!.similarity, 1, 'similarity')
    })

    it('page through everything in the order of one long page', async () => {
      const whole = await ask({ text: 'rare golden ring', vector, alpha: 0.4 })
      assert.equal(whole.hasNextPage, false)
      const hits = await pageThrough(index(), {
        kind: 'livestream', limit: 7, hybrid: { text: 'rare golden ring', vector, alpha: 0.4, fusion: 'relativeScore' },
      })
      assert.deepEqual(idsOf(hits), idsOf(whole.hits))
      hits.forEach(({ score }, at) => near(score, whole.hits[at]!.score, 'score'))
    })

    it('refuse a cursor of another text, alpha, fusion or vector', async () => {
      const after = (await ask({ text: 'rare', vector }, { limit: 3 })).hits[2]!.cursor
      for (const other of [{ text: 'ring', vector }, { text: 'rare', vector, alpha: 0.6 }, { text: 'rare' },
        { text: 'rare', vector, fusion: 'ranked' as const }, { text: 'rare', vector: { ...vector, values: randomVector(8, randomFrom(77)) } }]) {
        await assert.rejects(ask(other, { limit: 3, after }), { code: 'INVALID_CURSOR' })
      }
      assert.equal((await ask({ text: 'rare', vector }, { limit: 2, after })).hits.length, 2)
    })

    it('find nothing by a blank text, and by the vector alone where there is one', async () => {
      for (const text of ['', '  \n', '?!']) assert.deepEqual(await ask({ text }), { hits: [], hasNextPage: false })
      const alone = await ask({ vector })
      assert.deepEqual(idsOf((await ask({ text: ' ', vector })).hits), idsOf(alone.hits))
    })

    it('find nothing by words that nobody uses', async () => {
      assert.deepEqual((await ask({ text: 'xylophonist' })).hits, [])
    })

    it('find nothing in a space that nobody uses', async () => {
      assert.deepEqual((await ask({ vector: { space: 'space-unknown', values: new Float32Array(3).fill(1) } }, { kind: 'seller' })).hits, [])
    })

    it('find words of any script and case, and of lists', async () => {
      await index().upsert([
        write('seller', 'ru', { name: 'Фотоаппараты', description: 'старые' }),
        write('seller', 'de', { name: 'Große Lampen', categories: ['Lighting', 'home'] }),
        write('seller', 'ja', { name: '東京 カメラ' }),
      ])
      for (const [text, id] of [['фотоаппараты', 'ru'], ['GROSSE große', 'de'], ['東京', 'ja'], ['lighting', 'de'], ['lampen!', 'de']] as const) {
        assert.deepEqual(idsOf((await ask({ text }, { kind: 'seller' })).hits), [id], text)
      }
    })

    it('follow a changed text at once, and leave it alone where other fields change', async () => {
      const find = async (text: string) => (await ask({ text }, { kind: 'user' })).hits.map(({ entity, parts }) => [entity.id, parts!.text!.score] as const)
      await index().upsert([write('user', 'w1', { name: 'Quetzal', bio: 'bird watcher' }), write('user', 'w2', { name: 'Other', bio: 'people watcher' })])
      assert.deepEqual((await find('quetzal')).map(([id]) => id), ['w1'])
      const before = await find('watcher')
      await index().upsert([write('user', 'w1', { country: 'CR', registeredAt: 5 })])
      const unchanged = await find('watcher')
      unchanged.forEach(([id, score], at) => {
        assert.equal(id, before[at]![0])
        near(score, before[at]![1], 'score')
      })
      await index().upsert([write('user', 'w1', { name: 'Toucan' })])
      assert.deepEqual(await find('quetzal'), [])
      assert.deepEqual((await find('toucan')).map(([id]) => id), ['w1'])
      assert.equal((await find('watcher')).length, 2)
      await index().upsert([write('user', 'w1', { bio: null })])
      assert.deepEqual((await find('watcher')).map(([id]) => id), ['w2'])
    })
  })
}

/** The fused scores must follow from the raw ones that the hits themselves report; all hits of the query are here. */
function assertFused(hits: readonly IndexHit[], weights: { text: number; vector: number }, fusion: HybridQuery['fusion']): void {
  const legs = {
    text: hits.flatMap(({ parts }) => (parts!.text ? [{ raw: parts!.text.score, part: parts!.text.part }] : [])),
    vector: hits.flatMap(({ parts }) => (parts!.vector ? [{ raw: parts!.vector.similarity, part: parts!.vector.part }] : [])),
  }
  for (const name of ['text', 'vector'] as const) {
    const leg = legs[name].sort((a, b) => b.raw - a.raw || b.part - a.part)
    const max = leg[0]?.raw ?? 0
    const min = leg.at(-1)?.raw ?? 0
    leg.forEach(({ raw, part }, rank) => near(part, fusion === 'ranked' ? weights[name] / (60 + rank)
      : max === min ? weights[name] : weights[name] * (raw - min) / (max - min), `${name} part of rank ${rank}`))
  }
  hits.forEach(({ score, parts }, at) => {
    near(score, (parts!.text?.part ?? 0) + (parts!.vector?.part ?? 0), 'score')
    if (at > 0) assert.ok(score <= hits[at - 1]!.score + tolerance, 'Hits come best first.')
  })
}
