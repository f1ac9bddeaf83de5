import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { serverAudits } from 'graphql-http'
import { openDoor, type OpenDoor } from './door.ts'

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
