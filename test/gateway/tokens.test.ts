import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { WebSocket } from 'ws'
import type { Verified, Verifier } from '../../gateway/session.ts'
import { createClient } from '../../client/index.js'
import { openDoor } from './door.ts'
import { json, openRaw } from './streams/raw-stream.ts'

/** A subscription that is quiet until its reader leaves. */
function quiet() {
  const left = Promise.withResolvers<IteratorResult<{ quiet: number }>>()
  let said = false
  return {
    next: () => {
      if (said) return left.promise
      said = true
      return Promise.resolve({ done: false as const, value: { quiet: 1 } })
    },
    return: () => {
      left.resolve({ done: true, value: undefined })
      return Promise.resolve({ done: true as const, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

const resolvers = { Query: { hello: () => 'hello' }, Subscription: { quiet: { subscribe: quiet } } }
const ada = { tenant: 't', subject: 'ada', roles: [] }

/** Knows some tokens, which the test revokes. */
function tokens() {
  const known = new Map<string, Verified>()
  const revoked = new Map<string, AbortController>()
  const verifier: Verifier = (authorization) => {
    const verified = known.get(authorization ?? '')
    return verified ? Promise.resolve(verified)
      : Promise.reject(new GraphQLError('The token is none.', { extensions: { code: 'UNAUTHENTICATED' } }))
  }
  return {
    verifier,
    give(token: string, scope = ada) {
      const controller = new AbortController()
      revoked.set(token, controller)
      known.set(`Bearer ${token}`, { scope, revoked: controller.signal })
      return `Bearer ${token}`
    },
    revoke: (token: string) => revoked.get(token)?.abort(),
  }
}

describe('tokens that a verifier judges', { timeout: 60_000 }, () => {
  test('are needed by every way in', async () => {
    const { verifier, give } = tokens()
    await using door = await openDoor({ resolvers, verifier })
    const authorization = give('a')
    assert.deepEqual(await door.ask('{ hello }'), { status: 401, body: { errors: [{ message: 'The token is none.', extensions: { code: 'UNAUTHENTICATED' } }] } })
    assert.deepEqual((await door.ask('{ hello }', {}, { authorization })).body, { data: { hello: 'hello' } })
    for (const path of ['/graphql/stream', '/subgraphs/small', '/metrics']) assert.equal((await openRaw(`${door.url}${path}`, { method: 'PUT' })).status, 401)
    const refused = createClient({ url: door.url.replace('http', 'ws') + '/graphql', webSocketImpl: WebSocket, retryAttempts: 0 })
    await assert.rejects(refused.iterate({ query: '{ hello }' }).next(), ({ code }: { code: number }) => code === 4403)
  })

  test('end subscriptions over WebSocket when they are revoked; the connection stays, and goes on by a fresh one', async () => {
    const { verifier, give, revoke } = tokens()
    await using door = await openDoor({ resolvers, verifier })
    const client = createClient({ url: door.url.replace('http', 'ws') + '/graphql', webSocketImpl: WebSocket, connectionParams: { authorization: give('a') }, lazy: false })
    let closed = 0
    client.on('closed', () => closed++)
    const first = client.iterate({ query: 'subscription { quiet }' })
    assert.deepEqual((await first.next()).value?.data, { quiet: 1 })
    revoke('a')
    await assert.rejects(first.next(), ([error]: { extensions: { code: string } }[]) => error?.extensions.code === 'TOKEN_REVOKED')
    await assert.rejects(client.iterate({ query: '{ hello }' }).next(), ([error]: { extensions: { code: string } }[]) => error?.extensions.code === 'TOKEN_REVOKED')

    client.authorize(give('b'))
    const second = client.iterate({ query: 'subscription { quiet }' })
    assert.deepEqual((await second.next()).value?.data, { quiet: 1 })
    assert.equal(closed, 0)
    await second.return?.()
    await client.dispose()
  })

  test('of somebody else do not carry a connection on, and it is told', async () => {
    const { verifier, give } = tokens()
    await using door = await openDoor({ resolvers, verifier })
    const told = Promise.withResolvers<unknown>()
    const client = createClient({
      url: door.url.replace('http', 'ws') + '/graphql', webSocketImpl: WebSocket, connectionParams: { authorization: give('a') },
      on: { ping: (received, payload) => received && told.resolve(payload) },
    })
    const stream = client.iterate({ query: 'subscription { quiet }' })
    await stream.next()
    client.authorize(give('b', { ...ada, subject: 'bob' }))
    const { freshet: { refused: { extensions } } } = await told.promise as { freshet: { refused: { extensions: { code: string } } } }
    assert.equal(extensions.code, 'TOKEN_OF_ANOTHER')
    await stream.return?.()
    await client.dispose()
  })

  test('end streams when they are revoked', async () => {
    const { verifier, give, revoke } = tokens()
    await using door = await openDoor({ resolvers, verifier })
    const headers = { ...json, accept: 'text/event-stream', authorization: give('a') }
    const stream = await openRaw(`${door.url}/graphql`, { headers, body: JSON.stringify({ query: 'subscription { quiet }' }) })
    await stream.until('"quiet":1')
    const reserved = await openRaw(`${door.url}/graphql/stream`, { method: 'PUT', headers })
    const token = await reserved.ended
    const single = await openRaw(`${door.url}/graphql/stream?token=${token}`, { method: 'GET', headers })
    const posted = await openRaw(`${door.url}/graphql/stream?token=${token}`, { headers, body: JSON.stringify({ query: 'subscription { other: quiet }', extensions: { operationId: 'x' } }) })
    assert.equal(posted.status, 202)
    await single.until('"other":1')
    // A stream belongs to who has reserved it.
    assert.equal((await openRaw(`${door.url}/graphql/stream?token=${token}`, { headers: { ...headers, authorization: give('c', { ...ada, subject: 'carl' }) }, body: '{}' })).status, 404)
    revoke('a')
    assert.match(await stream.ended, /event: next\ndata: \{"errors":\[\{[^\n]*"TOKEN_REVOKED"[^\n]*\n\nevent: complete\ndata:\n\n$/)
    await single.until(/"TOKEN_REVOKED"[^\n]*\n\nevent: complete\ndata: \{"id":"x"\}/)
    single.leave()
  })

  test('of each operation of a stream are its own: one that was revoked ends what it began, and a fresh one begins anew', async () => {
    const { verifier, give, revoke } = tokens()
    await using door = await openDoor({ resolvers, verifier })
    const headersOf = (authorization: string) => ({ ...json, accept: 'text/event-stream', authorization })
    const opener = headersOf(give('a'))
    const token = await openRaw(`${door.url}/graphql/stream`, { method: 'PUT', headers: opener }).then(({ ended }) => ended)
    const single = await openRaw(`${door.url}/graphql/stream?token=${token}`, { method: 'GET', headers: opener })
    revoke('a')
    for (const id of ['b', 'c']) {
      const body = JSON.stringify({ query: `subscription { ${id}: quiet }`, extensions: { operationId: id } })
      assert.equal((await openRaw(`${door.url}/graphql/stream?token=${token}`, { headers: headersOf(give(id)), body })).status, 202)
      await single.until(`"${id}":1`)
      revoke(id)
      await single.until(new RegExp(`"TOKEN_REVOKED"[^\\n]*\\n\\nevent: complete\\ndata: \\{"id":"${id}"\\}`))
    }
    single.leave()
  })

  test('of different people never share what they see', async () => {
    const { verifier, give } = tokens()
    let subscribed = 0
    const counted = { Subscription: { quiet: { subscribe: () => {
      subscribed++
      return quiet()
    } } } }
    await using door = await openDoor({ resolvers: counted, verifier })
    const open = (authorization: string) =>
      openRaw(`${door.url}/graphql`, { headers: { ...json, accept: 'text/event-stream', authorization }, body: JSON.stringify({ query: 'subscription { quiet }' }) })
    const [first, second, other] = [await open(give('a')), await open(give('a2')), await open(give('b', { ...ada, subject: 'bob' }))]
    await Promise.all([first, other].map((stream) => stream.until('"quiet":1')))
    assert.equal(subscribed, 2)
    for (const stream of [first, second, other]) stream.leave()
  })
})
