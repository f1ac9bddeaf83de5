import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { expectShared, renderResult } from '../../gateway/rendered.ts'
import { openDoor, withoutFreshness } from './door.ts'
import { rawRequest } from './raw-request.ts'

/** Data that tells how often it was rendered. */
const counting = () => {
  const seen = { times: 0 }
  return { seen, data: { hello: { toJSON: () => ++seen.times } } }
}

describe('results', { timeout: 60_000 }, () => {
  test('that requests share are rendered once', () => {
    const { seen, data } = counting()
    const result = Object.freeze({ data })
    for (let times = 0; times < 3; times++) {
      expectShared(result)
      // Apollo Server hands over another object with the same data.
      assert.equal(renderResult({ data }), '{"data":{"hello":1}}')
    }
    assert.equal(seen.times, 1)
  })

  test('of one request alone are rendered as they are', () => {
    const { seen, data } = counting()
    expectShared({ data })
    assert.deepEqual([renderResult({ data }), renderResult({ data })], ['{"data":{"hello":1}}', '{"data":{"hello":2}}'])
    assert.equal(seen.times, 2)
  })

  test('with errors are rendered for each request, as each is told of its own', () => {
    const data = { hello: null }
    expectShared(Object.freeze({ data, errors: [new GraphQLError('a')] }))
    assert.equal(renderResult({ data, errors: [{ message: 'a' }] }), '{"data":{"hello":null},"errors":[{"message":"a"}]}')
    assert.equal(renderResult({ data, errors: [{ message: 'b' }] }), '{"data":{"hello":null},"errors":[{"message":"b"}]}')
  })

  test('arrive whole, short or long, whatever their letters', async () => {
    for (const text of ['ascii', 'café', 'naïve ☂ 🌊', 'é'.repeat(20_000), 'a'.repeat(40_000), '☂'.repeat(20_000)]) {
      await using door = await openDoor({ resolvers: { Query: { hello: () => text } } })
      const answer = await rawRequest(`${door.url}/graphql?query=%7Bhello%7D`)
      assert.deepEqual(withoutFreshness(JSON.parse(answer.text) as object), { data: { hello: text } })
      assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.text))
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
  })
})
