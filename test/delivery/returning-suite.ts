import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import type { Verified, Verifier } from '../../gateway/session.ts'
import { localScope } from '../../resolvers/scope.ts'
import { startFreshet, type Parts } from '../support/freshet.ts'
import { Checker } from './checker.ts'
import { EventsJudge } from './judges.ts'
import { appendTo } from './replicas.ts'

/** Tokens of one person that last for so long, ms: a new one whenever the latest is over. */
function shortTokens(lifeMs: number): { verifier: Verifier; authorization: () => string; last(): void; revoke(): void } {
  const known = new Map<string, Verified>()
  let latest = ''
  let life: number | undefined = lifeMs
  let revoking = new AbortController()
  return {
    verifier: (authorization) => {
      const verified = known.get(authorization ?? '')
      return verified ? Promise.resolve(verified) : Promise.reject(new GraphQLError('The token is none.', { extensions: { code: 'UNAUTHENTICATED' } }))
    },
    authorization() {
      const { expiresAt = Infinity, revoked } = known.get(latest) ?? { expiresAt: 0 }
      if (expiresAt > Date.now() && !revoked?.aborted) return latest
      latest = `Bearer ${known.size}`
      known.set(latest, { scope: localScope, revoked: revoking.signal, ...life !== undefined && { expiresAt: Date.now() + life } })
      return latest
    },
    /** Those that follow last until they are revoked. */
    last() { life = undefined },
    revoke() {
      const { signal } = revoking
      const revoked = revoking
      revoking = new AbortController()
      assert.ok(!signal.aborted)
      revoked.abort()
    },
  }
}

/** What subscriptions that end with a cursor do on every log: whoever comes back by it has lost nothing and gets nothing twice. */
export function returningSuite(name: string, parts: Parts): void {
  describe(`subscriptions that end and come back by their cursor, on ${name}`, { timeout: 180_000 }, () => {
    test('whose clients stop reading, and asked to be ended then', async (t) => {
      await using freshet = await startFreshet({ parts })
      await using checker = new Checker({
        send: appendTo(freshet.log, freshet.topics), urlOf: () => freshet.url,
        delivery: { policy: 'DISCONNECT', buffer: 3 }, bulk: { words: 'x'.repeat(1_900), events: 40 }, endings: ['SUBSCRIBER_TOO_SLOW'],
      })
      await checker.begin()
      // Those whose connection has the bulk of it.
      const harmed = checker.judges.filter((judge) => judge instanceof EventsJudge || judge.name.endsWith('graphql-ws'))
      let stalls = 0
      // What systems hold for those who do not read differs: with more and more some of it waits here.
      for (let events = 400; stalls < 2 || harmed.some((judge) => checker.returned(judge, 'SUBSCRIBER_TOO_SLOW') === 0); events *= stalls > 2 ? 2 : 1, stalls++) {
        checker.hang()
        await checker.sends(events)
        checker.goOn()
        await checker.arrived()
      }
      await checker.end()
      checker.check()
      const returns = checker.judges.map((judge) => `${judge.name}: ${checker.returned(judge, 'SUBSCRIBER_TOO_SLOW')}`)
      t.diagnostic(`${checker.ledger.sent.length} events, ${stalls} stalls; came back: ${returns.join(', ')}`)
    })

    test('whose tokens expire or are revoked, with a fresh one', async (t) => {
      const { verifier, authorization, last, revoke } = shortTokens(1_500)
      await using freshet = await startFreshet({ parts, verifier })
      await using checker = new Checker({
        send: appendTo(freshet.log, freshet.topics), urlOf: () => freshet.url, authorization, endings: ['TOKEN_EXPIRED', 'TOKEN_REVOKED'],
      })
      await checker.begin()
      await checker.return('TOKEN_EXPIRED', 3)
      last()
      const expired = new Map(checker.judges.map((judge) => [judge, checker.returned(judge, 'TOKEN_EXPIRED')]))
      for (const [judge, times] of expired) await checker.return('TOKEN_EXPIRED', times + 1, (each) => each === judge)
      await checker.sends(100)
      revoke()
      await checker.return('TOKEN_REVOKED', 1)
      await checker.sends(100)
      await checker.end()
      checker.check()
      t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
    })
  })
}
