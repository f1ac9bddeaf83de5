import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { GraphQLError } from 'graphql'
import { Session, type Verified, type Verifier } from '../../gateway/session.ts'

const ada = { tenant: 't', subject: 'ada', roles: ['viewer', 'buyer'] }

function set(t: TestContext, first: Verified, tokens: Record<string, Verified> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000 })
  const verifier: Verifier = (token = '') => {
    const verified = tokens[token]
    return verified ? Promise.resolve(verified) : Promise.reject(new GraphQLError('no', { extensions: { code: 'UNAUTHENTICATED' } }))
  }
  const session = new Session(first, verifier, Date.now)
  const told: unknown[] = []
  const listen = () => session.onEnd(({ extensions }) => told.push(extensions.code))
  return { session, told, listen, pass: (ms: number) => t.mock.timers.tick(ms) }
}

describe('a session', () => {
  test('ends when its token expires, and says so once', (t) => {
    const { session, told, listen, pass } = set(t, { scope: ada, expiresAt: 5_000 })
    listen()
    pass(3_999)
    assert.deepEqual([told, session.over], [[], undefined])
    pass(1)
    assert.deepEqual([told, session.over?.extensions.code], [['TOKEN_EXPIRED'], 'TOKEN_EXPIRED'])
    pass(100_000)
    assert.equal(told.length, 1)
  })

  test('waits for a token that lives longer than a timer can', (t) => {
    const month = 40 * 86_400_000
    const { told, listen, pass } = set(t, { scope: ada, expiresAt: 1_000 + month })
    listen()
    pass(month - 1)
    assert.deepEqual(told, [])
    pass(1)
    assert.deepEqual(told, ['TOKEN_EXPIRED'])
  })

  test('ends when its token is revoked, also before anybody listens', (t) => {
    const revoked = new AbortController()
    const { session, told, listen } = set(t, { scope: ada, revoked: revoked.signal })
    listen()
    revoked.abort()
    assert.deepEqual(told, ['TOKEN_REVOKED'])
    assert.equal(session.over?.extensions.code, 'TOKEN_REVOKED')
    assert.equal(new Session({ scope: ada, revoked: revoked.signal }, () => Promise.reject(new Error()), Date.now).over?.extensions.code, 'TOKEN_REVOKED')
  })

  test('that has ended says so to who comes later, as what begins may have been let in before', (t) => {
    const { told, listen, pass } = set(t, { scope: ada, expiresAt: 2_000 })
    pass(1_000)
    listen()
    assert.deepEqual(told, ['TOKEN_EXPIRED'])
  })

  test('goes on by a fresh token of the same scope', async (t) => {
    const { session, told, listen, pass } = set(t, { scope: ada, expiresAt: 2_000 }, { fresh: { scope: { ...ada, roles: ['buyer', 'viewer'] }, expiresAt: 9_000 } })
    listen()
    await session.renew('fresh')
    pass(7_999)
    assert.deepEqual(told, [])
    pass(1)
    assert.deepEqual(told, ['TOKEN_EXPIRED'])
    // Late, but not too late for what begins now.
    await assert.doesNotReject(session.renew('fresh').then(() => undefined))
  })

  test('does not go on by a token that is none, or is somebody else\'s', async (t) => {
    const { session, told, listen, pass } = set(t, { scope: ada, expiresAt: 2_000 }, {
      other: { scope: { ...ada, subject: 'bob' } }, more: { scope: { ...ada, roles: [...ada.roles, 'admin'] } }, less: { scope: { ...ada, roles: ['buyer', 'buyer'] } },
    })
    listen()
    const isCode = (code: string) => (error: unknown) => error instanceof GraphQLError && error.extensions.code === code
    await assert.rejects(session.renew('none'), isCode('UNAUTHENTICATED'))
    await assert.rejects(session.renew('other'), isCode('TOKEN_OF_ANOTHER'))
    for (const token of ['more', 'less']) await assert.rejects(session.renew(token), isCode('TOKEN_OF_ANOTHER'))
    pass(1_000)
    assert.deepEqual(told, ['TOKEN_EXPIRED'])
  })

  test('that is closed while a fresh token is judged leaves nothing behind', async (t) => {
    const revoked = new AbortController()
    const { session, told, listen, pass } = set(t, { scope: ada }, { fresh: { scope: ada, expiresAt: 2_000, revoked: revoked.signal } })
    listen()
    const renewed = session.renew('fresh')
    session.close()
    await renewed
    assert.deepEqual(getEventListeners(revoked.signal, 'abort'), [])
    pass(1_000)
    assert.deepEqual([told, session.over], [[], undefined])
  })

  test('tells nobody who has left', (t) => {
    const { told, listen, session, pass } = set(t, { scope: ada, expiresAt: 2_000 })
    listen()()
    pass(1_000)
    assert.deepEqual(told, [])
    session.close()
  })
})
