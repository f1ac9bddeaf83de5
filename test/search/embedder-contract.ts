import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Embedder } from '../../search/embedder.ts'
import { norm } from '../../search/vector-math.ts'

/** A working embedder, and how to take away what it speaks to. */
export type MakeEmbedder = () => Promise<{ embedder: Embedder } & AsyncDisposable>

/** What every embedder owes to the words of its port (search/embedder.ts). */
export function embedderContract(name: string, make: MakeEmbedder): void {
  describe(`Embedder: ${name}`, () => {
    it('gives each text its own vector, in the order of the texts, however many there are at once', async () => {
      await using made = await make()
      const { embedder } = made
      const texts = Array.from({ length: 300 }, (_, n) => `lot ${n % 170} ${'camera '.repeat(n % 7)}`)
      const vectors = await embedder.embed(texts)
      assert.equal(vectors.length, texts.length)
      const alone = new Map<string, Float32Array>()
      for (const [at, text] of texts.entries()) {
        if (at % 25 === 0) alone.set(text, (await embedder.embed([text]))[0]!)
        const expected = alone.get(text)
        if (expected) close(vectors[at]!, expected, `the vector of text ${at}`)
      }
      assert.ok(new Set(vectors.map((vector) => vector.join())).size >= 2, 'different texts have different vectors')
    })

    it('gives vectors of its dimensions and of length 1, zeros where there is nothing to embed', async () => {
      await using made = await make()
      const { embedder } = made
      await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), async (texts) => {
        for (const [at, vector] of (await embedder.embed(texts)).entries()) {
          assert.equal(vector.length, embedder.dimensions)
          const length = norm(vector)
          assert.ok(Math.abs(length - 1) < 1e-5 || (length === 0 && !/[\p{L}\p{N}]/u.test(texts[at]!)), `length ${length} of ${JSON.stringify(texts[at])}`)
        }
      }), { numRuns: 30 })
      const [empty, full, blank] = await embedder.embed(['', 'camera', ' \n'])
      assert.deepEqual([norm(empty!), norm(blank!)], [0, 0])
      assert.ok(norm(full!) > 0.99, 'what stands between empty ones keeps its place')
    })

    it('gives nothing for nothing', async () => {
      await using made = await make()
      assert.deepEqual(await made.embedder.embed([]), [])
    })

    it('takes the longest texts that an event may carry', async () => {
      await using made = await make()
      const [vector] = await made.embedder.embed(['camera lens '.repeat(1_700)])
      assert.ok(Math.abs(norm(vector!) - 1) < 1e-5)
    })

    it('leaves one call alone when another is given up, and ends that one with the reason', async () => {
      await using made = await make()
      const { embedder } = made
      const left = new AbortController()
      const given = embedder.embed(['camera'])
      left.abort(new Error('client left'))
      await assert.rejects(embedder.embed(['camera'], left.signal), { message: 'client left' })
      assert.equal((await given).length, 1)
    })

    it('names a model and says whether it waits for anybody', async () => {
      await using made = await make()
      const { embedder } = made
      assert.match(embedder.model, /^\S+$/)
      assert.equal(typeof embedder.local, 'boolean')
      assert.ok(Number.isInteger(embedder.dimensions) && embedder.dimensions > 0)
    })
  })
}

function close(actual: Float32Array, expected: Float32Array, what: string): void {
  actual.forEach((value, place) => assert.ok(Math.abs(value - expected[place]!) < 1e-6, `${what}: ${value} is not ${expected[place]}`))
}
