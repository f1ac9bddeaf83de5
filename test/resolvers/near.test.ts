import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestContext } from '../../resolvers/context.ts'
import { deliveryOf } from '../../resolvers/delivery.ts'
import { toNear } from '../../resolvers/near.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'

const embedder = createHashingEmbedder({ dimensions: 16 })
const context = { services: { embedder }, signal: undefined } as unknown as RequestContext

describe('what something must be near to', () => {
  test('is a text, by the own model, or a vector of any', async () => {
    const [vector] = await embedder.embed(['shoes'])
    assert.deepEqual(await toNear({ text: 'shoes', minSimilarity: 0.5 }, context), { space: 'hash-16', values: vector, minSimilarity: 0.5 })
    assert.deepEqual(await toNear({ text: 'shoes', model: 'hash-16', minSimilarity: -1 }, context), { space: 'hash-16', values: vector, minSimilarity: -1 })
    assert.deepEqual(await toNear({ vector: [1, 0], model: 'theirs', minSimilarity: 1 }, context), { space: 'theirs', values: Float32Array.of(1, 0), minSimilarity: 1 })
    assert.equal((await toNear({ vector: [1], minSimilarity: 0 }, context)).space, 'hash-16')
  })

  for (const [what, input, message] of [
    ['neither', {}, /needs either "text" or "vector"/], ['both', { text: 'a', vector: [1] }, /needs either "text" or "vector"/],
    ['no similarity', { text: 'a', minSimilarity: 1.1 }, /"near.minSimilarity" must be from -1 to 1, but is 1.1/],
    ['an empty vector', { vector: [] }, /must have 1 to 4096 numbers/], ['a vector of nothing', { vector: [0, -0] }, /that are not all 0, but has 2 that are\./],
    ['a vector that is too long', { vector: Array(4097).fill(1) }, /but has 4097/], ['a text that is too long', { text: 'a'.repeat(1001) }, /up to 1000 characters, but has 1001/],
    ['a text for another model', { text: 'a', model: 'theirs' }, /"near.text" is embedded by "hash-16"/], ['a text without words', { text: ' … ' }, /has no words/],
  ] as const)
    test(`is refused: ${what}`, () => assert.rejects(toNear({ minSimilarity: 0.5, ...input } as Parameters<typeof toNear>[0], context), message))
})

describe('what a source is asked to give', () => {
  test('is what the gateway says, else what the arguments say; a cursor goes before a time', () => {
    assert.deepEqual(deliveryOf({ after: 'c', buffer: 1 }, { delivery: { kind: 'stream' } } as RequestContext), { kind: 'stream' })
    assert.deepEqual(deliveryOf({ after: 'c', since: 5, buffer: 1 }, context), { kind: 'whole', after: 'c' })
    assert.deepEqual(deliveryOf({ after: null, since: 0, buffer: 10_000 }, context), { kind: 'whole', since: 0 })
    assert.deepEqual(deliveryOf({ buffer: 1 }, context), { kind: 'whole' })
    for (const buffer of [0, 10_001]) assert.throws(() => deliveryOf({ buffer }, context), /"buffer" must be a whole number from 1 to 10000/)
  })
})
