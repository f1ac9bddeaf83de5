import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExecutionResult } from 'graphql'
import { render, standIn, standInText, stringifyResult } from '../../gateway/rendered.ts'
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
    for (let times = 0; times < 3; times++) assert.equal(render(result), '{"data":{"hello":1}}')
    assert.equal(seen.times, 1)
    assert.equal(result.data, data)
  })

  test('that requests share are the same bytes for all where they are long', () => {
    const result = Object.freeze({ data: { hello: 'a'.repeat(40_000) } })
    const bytes = render(result)
    assert.ok(Buffer.isBuffer(bytes))
    assert.equal(render(result), bytes)
  })

  test('of one request alone lose their data, which nobody needs who still holds them', () => {
    const result: ExecutionResult = { data: { hello: 1 } }
    assert.equal(render(result), '{"data":{"hello":1}}')
    assert.equal(result.data, undefined)
  })

  test('of one request alone are no bytes beside their text, however long', () => {
    const data = { hello: 'a'.repeat(40_000) }
    assert.equal(render({ data }), JSON.stringify({ data }))
  })

  test('that are rendered pass Apollo Server by a stand-in, all others as they are', () => {
    assert.equal(stringifyResult({ ...standIn, errors: undefined, extensions: undefined }), standInText)
    for (const result of [{ data: {} }, { data: null, errors: [{ message: 'a' }] }, { errors: [{ message: 'b' }] }])
      assert.equal(stringifyResult(result), JSON.stringify(result))
  })

  test('with errors are rendered with the errors that clients may see, and what there is of data', async () => {
    await using door = await openDoor({ resolvers: { Query: { hello: () => 'there', broken: () => { throw new Error('secret') } } } })
    const { body: { data, errors } } = await door.ask('{ hello broken }')
    assert.deepEqual(data, { hello: 'there', broken: null })
    assert.deepEqual(errors?.map(({ message, path }) => [message, path]), [['Internal server error.', ['broken']]])
  })

  test('that a client does not accept are not sent to it', async () => {
    await using door = await openDoor({ resolvers: { Query: { hello: () => 'there' } } })
    const answer = await rawRequest(`${door.url}/graphql?query=%7Bhello%7D`, { headers: { accept: 'image/png' } })
    assert.equal(answer.status, 406)
    assert.match((JSON.parse(answer.text) as { errors: [{ message: string }] }).errors[0].message, /accept/)
    assert.ok(!answer.text.includes('there'))
  })

  test('arrive whole, short or long, whatever their letters', async () => {
    for (const text of ['ascii', 'café', 'naïve ☂ 🌊', 'é'.repeat(10_000), 'é'.repeat(20_000), 'a'.repeat(40_000), '☂'.repeat(20_000)]) {
      await using door = await openDoor({ resolvers: { Query: { hello: () => text } } })
      const answer = await rawRequest(`${door.url}/graphql?query=%7Bhello%7D`)
      assert.deepEqual(withoutFreshness(JSON.parse(answer.text) as object), { data: { hello: text } })
      assert.equal(Number(answer.headers['content-length']), Buffer.byteLength(answer.text))
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
  })
})
