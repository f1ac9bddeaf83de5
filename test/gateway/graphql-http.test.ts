import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { serverAudits } from 'graphql-http'
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
