import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { serverAudits } from 'graphql-http'
import type { RequestContext } from '../../resolvers/context.ts'
import { openDoor, type OpenDoor } from './door.ts'
import { rawRequest } from './raw-request.ts'

describe('GraphQL over HTTP, by the audits of its reference implementation', { timeout: 60_000 }, () => {
  let door: OpenDoor
  before(async () => { door = await openDoor() })
  after(() => door[Symbol.asyncDispose]())

  // The door is open by the time that an audit asks where it is.
  const audits = serverAudits({ url: () => `${door.url}/graphql` })

  test('there are as many as there were', () => assert.ok(audits.length >= 61, `${audits.length} audits`))

  for (const { id, name, fn } of audits) {
    test(`${id}: ${name}`, async () => {
      const result = await fn()
      assert.equal(result.status, 'ok', 'reason' in result ? result.reason : '')
    })
  }
})

test('answers take the form that each client accepts, however often it was asked for', { timeout: 60_000 }, async () => {
  await using door = await openDoor({ resolvers: { Query: { hello: () => 'you' } } })
  const ask = async (accept: string | undefined, query: string) => {
    const headers = { 'content-type': 'application/json', ...(accept !== undefined && { accept }) }
    const answer = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
    return [answer.status, answer.headers['content-type'] ?? '']
  }
  const json = 'application/json; charset=utf-8'
  const graphql = 'application/graphql-response+json; charset=utf-8'
  for (let times = 0; times < 3; times++) {
    for (const [accept, type] of [
      [undefined, json], ['*/*', json], ['application/json', json], ['application/graphql-response+json', graphql],
      ['application/json;q=0.5, application/graphql-response+json', graphql],
    ] as const) {
      assert.deepEqual(await ask(accept, '{ hello }'), [200, type])
      assert.deepEqual(await ask(accept, '{ nothing }'), [type === json ? 200 : 400, type])
    }
    assert.equal((await ask('image/png', '{ hello }'))[0], 406)
  }
})

test('whoever leaves before the answer ends what is under way', { timeout: 60_000 }, async () => {
  const begun = Promise.withResolvers<undefined>()
  const ended = Promise.withResolvers<unknown>()
  const slow = (_: unknown, __: unknown, { signal }: RequestContext) => new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      ended.resolve(signal.reason)
      reject(new Error('left'))
    })
    begun.resolve(undefined)
  })
  await using door = await openDoor({ resolvers: { Query: { slow } } })
  const left = request(`${door.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  left.once('error', () => undefined)
  left.end('{"query":"{ slow }"}')
  await begun.promise
  left.destroy()
  assert.equal((await ended.promise as DOMException).name, 'AbortError')
})

test('many who ask at once are each given their own answer', { timeout: 60_000 }, async () => {
  await using door = await openDoor({ resolvers: { Query: { items: (_: unknown, { first }: { first: number }) => Array.from({ length: first }, (__, id) => ({ id })) } } })
  const answers = await Promise.all(Array.from({ length: 100 }, (_, first) => door.ask('query ($first: Int!) { items(first: $first) { id } }', { first })))
  assert.deepEqual(answers.map(({ status, body }) => [status, (body.data?.items as unknown[]).length]), answers.map((_, first) => [200, first]))
})
