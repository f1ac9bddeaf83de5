import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Market } from './world.ts'

const results = 'mutation ($events: [EventInput!]!) { publish(events: $events) { token results { accepted id code message } } }'

interface Answer {
  publish: { token: string | null; results: { accepted: boolean; id: string; code: string | null; message: string | null }[] }
}

export function publishScenarios(market: () => Market): void {
  test('what is published is in the answer of a query that brings the token', async () => {
    const { freshet } = market()
    for (let i = 0; i < 20; i++) {
      const token = await freshet.publish({ type: 'UserRegistered', subject: `user:fresh-${i}`, data: { name: `Fresh ${i}` } })
      assert.deepEqual(await freshet.query('query ($id: ID!) { user(id: $id) { name } }', { id: `fresh-${i}` }, { token }), { user: { name: `Fresh ${i}` } })
    }
  })

  test('a token may come in the extensions of the request as well', async () => {
    const { freshet } = market()
    const token = await freshet.publish({ type: 'UserRegistered', subject: 'user:extended', data: { name: 'Extended' } })
    const response = await fetch(`${freshet.url}/graphql`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ user(id: "extended") { name } }', extensions: { freshetToken: token } }),
    })
    assert.deepEqual((await response.json() as { data?: unknown }).data, { user: { name: 'Extended' } })
  })

  test('a change changes the fields that it names and no others', async () => {
    const { freshet } = market()
    await freshet.publish({ type: 'SellerRegistered', subject: 'seller:changing', data: { name: 'Before', country: 'DE', categories: ['a', 'b'] } })
    const token = await freshet.publish({ type: 'SellerProfileChanged', subject: 'seller:changing', data: { name: 'After' } })
    assert.deepEqual(
      await freshet.query('{ seller(id: "changing") { name country categories } }', {}, { token }),
      { seller: { name: 'After', country: 'DE', categories: ['a', 'b'] } },
    )
  })

  test('an event that comes again counts once', async () => {
    const { freshet } = market()
    const view = {
      type: 'LivestreamViewed', subject: 'livestream:l-08', source: 'test', id: 'twice',
      data: { userId: 'carl', sellerId: 's-toys', category: 'toys', watchSeconds: 7 },
    }
    await freshet.publish(view, view)
    const token = await freshet.publish(view)
    assert.deepEqual(
      await freshet.query('{ livestream(id: "l-08") { metrics { watchSeconds { total } } } }', {}, { token }),
      { livestream: { metrics: { watchSeconds: { total: 7 } } } },
    )
  })

  test('each refused event says why, and holds no other up', async () => {
    const { freshet } = market()
    const user = { type: 'UserRegistered', subject: 'user:refusals', data: { name: 'Refusals' } }
    const refused: Record<string, object> = {
      UNKNOWN_TYPE: { ...user, type: 'UserSneezed' },
      INVALID_DATA: { ...user, data: { name: 7 } },
      SUBJECT_MISMATCH: { ...user, subject: 'seller:s-books' },
      INVALID_ENVELOPE: { ...user, subject: 'nobody' },
      FAR_FUTURE: { ...user, time: new Date(freshet.clock.now() + 120_000).toISOString() },
      UNSUPPORTED_VERSION: { ...user, dataschema: 'urn:freshet:event:UserRegistered:99' },
    }
    const malformed: [string, object][] = [
      ['INVALID_ENVELOPE', { ...user, time: 'yesterday' }], ['INVALID_ENVELOPE', { ...user, time: 1_700_000_000 }],
      ['INVALID_DATA', { ...user, data: null }], ['INVALID_DATA', { type: user.type, subject: user.subject }],
    ]
    const cases = [...Object.entries(refused), ...malformed]
    const events = cases.flatMap(([, event], i) => [{ ...event, id: `refused-${i}` }, { ...user, id: `after-${i}` }])
    const { publish } = await freshet.query<Answer>(results, { events })
    assert.deepEqual(
      publish.results.map(({ accepted, id, code }) => [id, accepted, code]),
      cases.flatMap(([code], i) => [[`refused-${i}`, false, code], [`after-${i}`, true, null]]),
    )
    for (const { accepted, message } of publish.results) assert.match(String(message), accepted ? /^null$/ : /expected|know/)
    assert.deepEqual(
      await freshet.query('{ user(id: "refusals") { name } }', {}, { token: String(publish.token) }), { user: { name: 'Refusals' } },
    )
  })

  test('what is written in the document is judged as what comes in variables is', async () => {
    const { publish } = await market().freshet.query<Answer>(`mutation { publish(events: [
      { type: "UserRegistered", subject: "user:literal", time: "yesterday", data: { name: "A" } }
      { type: "UserRegistered", subject: "user:literal", time: null, data: null }
      { type: "UserRegistered", subject: "user:literal", time: "2026-01-31T18:00:00+01:00", data: { name: "Literal" } }
    ]) { token results { accepted id code message } } }`)
    assert.deepEqual(publish.results.map(({ code }) => code), ['INVALID_ENVELOPE', 'INVALID_DATA', null])
  })

  test('there is no token where nothing was accepted', async () => {
    const { publish } = await market().freshet.query<Answer>(results, { events: [{ type: 'UserSneezed', subject: 'user:a', data: {} }] })
    assert.equal(publish.token, null)
  })

  test('none and more than 1,000 events at once are refused', async () => {
    const { freshet } = market()
    const event = { type: 'UserRegistered', subject: 'user:many', data: { name: 'Many' } }
    for (const [count, code, limit] of [[0, 'BAD_USER_INPUT', undefined], [1_001, 'LIMIT_EXCEEDED', 'events']] as const) {
      const { errors } = await freshet.ask(results, { events: Array.from({ length: count }, () => event) })
      assert.deepEqual(errors?.map(({ message, extensions }) => [message, extensions?.code, extensions?.limit]),
        [[`"events" must be a whole number from 1 to 1000, but is ${count}.`, code, limit]])
    }
  })

  test('a deleted person is gone, and may come back', async () => {
    const { freshet } = market()
    const ask = '{ user(id: "gone") { name country } users(filter: { id: { eq: "gone" } }) { nodes { name } } }'
    await freshet.publish({ type: 'UserRegistered', subject: 'user:gone', data: { name: 'Gone', country: 'DE' } })
    let token = await freshet.publish({ type: 'UserDeleted', subject: 'user:gone', data: {} })
    assert.deepEqual(await freshet.query(ask, {}, { token }), { user: null, users: { nodes: [] } })
    token = await freshet.publish({ type: 'UserRegistered', subject: 'user:gone', data: { name: 'Back' } })
    assert.deepEqual(await freshet.query(ask, {}, { token }), { user: { name: 'Back', country: null }, users: { nodes: [{ name: 'Back' }] } })
  })

  test('names every event type with topic and schema', async () => {
    const { freshet } = market()
    const { eventTypes } = await freshet.query<{ eventTypes: { name: string; topic: string; version: number; schema: { $id: string; required: string[] } }[] }>(
      '{ eventTypes { name topic version schema } }',
    )
    const started = eventTypes.find(({ name }) => name === 'BidPlaced')
    assert.deepEqual([started?.topic, started?.version, started?.schema.$id], [freshet.topics.livestreams, 1, 'urn:freshet:event:BidPlaced:1'])
    assert.ok(started?.schema.required.includes('amount'))
  })
}
