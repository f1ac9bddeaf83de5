import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { cosine } from '../../search/vector-math.ts'
import { embedderContract } from './embedder-contract.ts'

const embedder = createHashingEmbedder()
const similarity = async (a: string, b: string): Promise<number> => {
  const [x, y] = await embedder.embed([a, b])
  return cosine(x!, y!)
}

embedderContract('feature hashing', async () => ({ embedder: createHashingEmbedder(), [Symbol.asyncDispose]: async () => {} }))

describe('hashing embedder', () => {
  it('names its model after its dimensions and computes locally', () => {
    assert.equal(embedder.model, 'hash-256')
    assert.equal(embedder.local, true)
    assert.equal(createHashingEmbedder({ dimensions: 64 }).model, 'hash-64')
    assert.throws(() => createHashingEmbedder({ dimensions: 3 }), /16 to 4096 dimensions; got 3/)
  })

  it('gives the same vectors in every release', async () => {
    const [vector] = await embedder.embed(['Vintage Leica camera'])
    const strongest = [...vector!.entries()].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, 3)
    // A change of these needs another model name: stored vectors would no longer meet those of queries.
    assert.deepEqual(strongest.map(([place, value]) => [place, Number(value.toFixed(4))]), [[141, 0.3584], [165, -0.3584], [241, -0.3584]])
  })

  it('gives a text without words zeros', async () => {
    assert.deepEqual(await embedder.embed(['?! …']), [new Float32Array(256)])
  })

  it('brings alike texts together: the same words, inflections, misspelt words', async () => {
    const far = await similarity('vintage leica camera', 'limited sneaker drop')
    assert.ok(Math.abs(far) < 0.2)
    assert.ok(await similarity('vintage leica camera', 'Leica camera, vintage') > 0.7)
    assert.ok(await similarity('vintage cameras', 'vintage camera') > 0.6)
    assert.ok(await similarity('vintage camera', 'vintge camra') > 0.2)
    assert.ok(await similarity('old camera lens', 'camera lens') > await similarity('old camera lens', 'lens cap'))
  })

  it('counts a word that is repeated more, but not as many times', async () => {
    assert.ok(await similarity('lens lens lens camera', 'lens') > await similarity('lens camera', 'lens'))
    assert.ok(await similarity(`${'lens '.repeat(50)} camera`, 'camera') > 0.1)
  })

  it('knows words of every script, whatever their case and width', async () => {
    assert.ok(await similarity('Фотоаппараты', 'фотоаппараты') > 0.999)
    assert.ok(await similarity('ＣＡＭＥＲＡ', 'camera') > 0.999)
    assert.ok(await similarity('カメラ', 'camera') < 0.3)
  })
})
