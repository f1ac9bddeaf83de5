import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import type { AppendedEvent } from '../../resolvers/context.ts'
import type { Embedder } from '../../search/embedder.ts'
import { NearEvents } from '../../subscriptions/near-events.ts'

const event = (type: string, data: unknown): AppendedEvent => ({ id: 'e', source: 's', type, subject: 'livestream:a', time: 0, appendedAt: 0, data })
const near = { space: 'ours', values: Float32Array.of(1, 0), minSimilarity: 0.8 }

function embedder(embed: (texts: readonly string[]) => Promise<Float32Array[]>) {
  const asked: (readonly string[])[] = []
  const ours: Embedder = {
    model: 'ours', dimensions: 2, local: false,
    embed: (texts) => {
      asked.push(texts)
      return embed(texts)
    },
  }
  return { ours, asked }
}

/** Texts about shoes point one way, others the other. */
const byWord = (texts: readonly string[]) => Promise.resolve(texts.map((text) => Float32Array.of(text.includes('shoe') ? 1 : 0, text.includes('shoe') ? 0 : 1)))

describe('events that are near', { timeout: 20_000 }, () => {
  test('are judged by what is written in them, several at once, and each once for all who ask', async () => {
    const { ours, asked } = embedder(byWord)
    const events = new NearEvents(ours)
    const some = [
      event('ChatPosted', { message: 'red shoes', category: 'fashion' }), event('ChatPosted', { message: 'a hat' }), event('LivestreamLiked', { category: 'shoes' }),
      event('LivestreamScheduled', { title: 'Sunday', tags: ['shoes', 7] }), event('LivestreamStarted', null), event('ChatPosted', { message: ' ' }),
    ]
    const [first, second] = await Promise.all([events.select(some, near), events.select(some, { ...near, values: Float32Array.of(0, 1) })])
    assert.deepEqual(first, [true, false, false, true, false, false])
    assert.deepEqual(second, [false, true, false, false, false, false])
    assert.deepEqual(asked, [['red shoes\nfashion', 'a hat', 'Sunday\nshoes']])
  })

  test('are judged by their own vector where it is of the same model and length', async () => {
    const { ours, asked } = embedder(byWord)
    const computed = (model: string, vector: unknown) => event('EmbeddingComputed', { model, vector, title: 'shoes' })
    const some = [computed('ours', [3, 0.1]), computed('ours', [0, 1]), computed('theirs', [1, 0]), computed('ours', [1, 0, 0]), computed('ours', 'no vector'), computed('ours', [1, null])]
    assert.deepEqual(await new NearEvents(ours).select(some, near), [true, false, false, false, false, false])
    assert.deepEqual(await new NearEvents(ours).select(some, { ...near, space: 'theirs' }), [false, false, true, false, false, false])
    // Texts have no vector of another model.
    assert.deepEqual(await new NearEvents(ours).select([event('ChatPosted', { message: 'shoes' })], { ...near, space: 'theirs' }), [false])
    assert.deepEqual(asked, [])
  })

  test('an embedder that fails is told, with a code, and asked again by whoever comes next', async () => {
    let fails = true
    const { ours } = embedder((texts) => (fails ? Promise.reject(new Error('key sk-secret refused')) : byWord(texts)))
    const events = new NearEvents(ours)
    const shoes = [event('ChatPosted', { message: 'shoes' })]
    await assert.rejects(events.select(shoes, near), (error: unknown) =>
      error instanceof GraphQLError && error.extensions.code === 'EMBEDDER_FAILED' && /failed.*Subscribe again with the last cursor/.test(error.message) && !error.message.includes('secret'))
    fails = false
    assert.deepEqual(await events.select(shoes, near), [true])
  })

  test('an embedder that does not answer is not waited for for ever', async () => {
    const { ours } = embedder(() => new Promise(() => {}))
    await assert.rejects(new NearEvents(ours, { timeoutMs: 5 }).select([event('ChatPosted', { message: 'shoes' })], near), /did not answer within 5 ms/)
  })
})
