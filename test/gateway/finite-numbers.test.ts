import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FormattedExecutionResult } from 'graphql'
import { startFreshet, type Freshet } from '../support/freshet.ts'

const range = 'takes numbers from -1.7976931348623157e+308 to 1.7976931348623157e+308, not 1e400.'
const search = '{ searchLivestreams(hybrid: { text: "a", alpha: 1e400 }, first: 1) { edges { score } } }'
const publish = 'mutation { publish(events: [{ type: "UserRegistered", subject: "user:a", data: { name: "A", more: [1e400] } }]) { token } }'

describe('numbers that no double can hold', { timeout: 60_000 }, () => {
  let freshet: Freshet
  before(async () => {
    freshet = await startFreshet({ ingest: false })
  })
  after(() => freshet[Symbol.asyncDispose]())

  const post = async (path: string, body: string): Promise<FormattedExecutionResult> => {
    const response = await fetch(`${freshet.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return await response.json() as FormattedExecutionResult
  }
  const said = (errors: FormattedExecutionResult['errors']) => errors?.map(({ message, extensions }) => [message, extensions?.code])

  test('are refused as literals on every way in, and no name from inside is told', async () => {
    const float = [[`Float ${range}`, 'GRAPHQL_VALIDATION_FAILED']]
    const json = [[`A custom scalar ${range}`, 'GRAPHQL_VALIDATION_FAILED']]
    for (const path of ['/graphql', '/subgraphs/freshet']) {
      assert.deepEqual(said((await post(path, JSON.stringify({ query: search }))).errors), float, path)
      assert.deepEqual(said((await post(path, JSON.stringify({ query: publish }))).errors), json, path)
    }
    assert.deepEqual(said((await post('/subgraphs/livestreams', JSON.stringify({ query: search }))).errors), float)
    // By the subgraph's own schema, where the scalar itself has seen it first.
    assert.deepEqual(said((await post('/subgraphs/events', JSON.stringify({ query: publish }))).errors)?.slice(1), json)
    await using client = await freshet.connect()
    assert.deepEqual(said(await client.subscribe(`subscription ${search.replace(', first: 1', '').replace('{ edges { score } }', '{ kind }')}`).ended), float)
    const streamed = await freshet.eventStream(search)
    assert.deepEqual(said((await streamed.next()).errors), float)
  })

  test('are refused in variables, of Float and of JSON', async () => {
    const hybrid = { query: 'query ($alpha: Float) { searchLivestreams(hybrid: { text: "a", alpha: $alpha }) { edges { score } } }', variables: { alpha: 'INFINITE' } }
    const events = {
      query: 'mutation ($events: [EventInput!]!) { publish(events: $events) { token } }',
      variables: { events: [{ type: 'UserRegistered', subject: 'user:a', data: { name: 'A', more: 'INFINITE' } }] },
    }
    for (const [path, asked, words] of [
      ['/graphql', hybrid, /^Variable "\$alpha" got invalid value Infinity; Float cannot represent/],
      ['/graphql', events, /^Variable "\$events" holds a number that is too large/],
      ['/subgraphs/freshet', events, /^Variable "\$events" holds a number that is too large/],
      ['/subgraphs/events', events, /JSON takes numbers from .* to .*; what is beyond them cannot be kept/],
    ] as const) {
      const { errors } = await post(path, JSON.stringify(asked).replace('"INFINITE"', '1e400'))
      assert.match(String(errors?.[0]?.message), words, path)
      assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT', path)
    }
  })

  test('are refused within JSON that is written out, whole numbers too', async () => {
    const { errors } = await post('/graphql', JSON.stringify({ query: publish.replace('1e400', '9'.repeat(400)) }))
    assert.match(String(errors?.[0]?.message), /JSON takes numbers from .* to .*; what is beyond them cannot be kept/)
    assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
  })
})
