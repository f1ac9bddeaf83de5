import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { WebSocket } from 'ws'
import { cursorKeyOf } from '../../cli/cursor-key.ts'
import type { Verified, Verifier } from '../../gateway/session.ts'
import { localScope } from '../../resolvers/scope.ts'
import { createClient } from '../../client/index.js'
import { createCursors } from '../../subscriptions/cursor.ts'
import { startFreshet, type Freshet, type Parts } from '../support/freshet.ts'
import { openRaw } from '../gateway/streams/raw-stream.ts'
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

    test('by one from beyond the end of the log: they are told of the gap, and go on from the state', async () => {
      await using freshet = await startFreshet({ parts, env: { FRESHET_CURSOR_KEY: 'the key of the test' } })
      const { settings, log, topics } = freshet
      const cursors = createCursors({ key: cursorKeyOf(settings, { info() {}, warn() {}, error() {} }), logId: `${log.id} ${topics.changes}`, partitions: log.partitions })
      const beyond = (cursor: string): string => cursors.encode(Object.fromEntries(Object.entries(cursors.decode(cursor)!).map(([lane, position]) =>
        [lane, lane.startsWith('state/') ? position : { ...position, next: position.next + 1_000_000, sequence: position.sequence < 0 ? -1 : position.sequence + 1_000_000 }])))
      await freshet.publish({ type: 'LivestreamScheduled', subject: 'livestream:a', data: { sellerId: 's', title: 'first' } })
      await freshet.settled()
      const again = async (title: string): Promise<void> => {
        await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:a', data: { title } }, { type: 'ChatPosted', subject: 'livestream:a', data: { userId: 'u', sellerId: 's', message: title } })
        await freshet.settled()
      }
      await using client = await freshet.connect()
      const queries = {
        'livestream(id: "a") { title }': 'all', 'livestreams { nodes { title } }': 'all', 'events(types: ["LivestreamChanged"]) { data }': 'nothing',
        'metrics(entities: ["livestream:a"]) { metrics { chats { value } } }': 'all',
      }
      const cursorOf = async (query: string): Promise<string> => {
        const stream = client.subscribe(`subscription { ${query} }`, {}, { delivery: { since: '2020-01-01T00:00:00Z' } })
        const { extensions } = await stream.next()
        stream.leave()
        return extensions!['cursor'] as string
      }
      await again('second')
      // Those who came before make the group that they come to.
      for (const isFirst of [true, false])
        for (const [query, begins] of Object.entries(queries)) {
          const cursor = await cursorOf(query)
          const others = client.subscribe(`subscription { ${query} }`)
          if (begins === 'all') await others.next()
          if (isFirst) others.leave()
          const stream = client.subscribe(`subscription { ${query} }`, {}, { delivery: { after: beyond(cursor) } })
          const { data, extensions } = await stream.next()
          assert.deepEqual([data === null, extensions?.['gap']], [begins === 'nothing', { reason: 'CURSOR', missed: { from: beyond(cursor), count: null } }], query)
          await again(`behind ${query}`)
          const next = await stream.next()
          assert.deepEqual([next.errors, next.extensions?.['gap']], [undefined, undefined], query)
          assert.ok(next.data)
          stream.leave()
          others.leave()
        }
    })

    test('by one of another deployment that has the same key, and the same brokers: they are told of the gap, and begin anew', async () => {
      const env = { FRESHET_CURSOR_KEY: 'the key that both have' }
      await using freshet = await startFreshet({ parts, env })
      await using other = await startFreshet({ parts, env })
      const query = 'subscription { livestream(id: "a") { title } }'
      const begin = async ({ connect }: Freshet, after?: string) => {
        await using client = await connect()
        const { extensions } = await client.subscribe(query, {}, { delivery: { after } }).next()
        return { cursor: extensions!['cursor'] as string, gap: extensions!['gap'] as object | undefined }
      }
      for (const [from, to] of [[freshet, other], [other, freshet]] as const) {
        const { cursor } = await begin(from)
        assert.deepEqual((await begin(to, cursor)).gap, { reason: 'CURSOR', missed: { count: null } })
      }
    })

    test('although they had got nothing yet: they go on from where they began', async () => {
      await using freshet = await startFreshet({ parts })
      const query = 'subscription { events(types: ["ChatPosted"]) { id } }'
      const publish = (id: string) => freshet.publish({ id, type: 'ChatPosted', subject: 'livestream:a', data: { userId: 'u', sellerId: 's', message: 'hi' } })
      const [begun, lost, back] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      let socket: WebSocket | undefined
      const client = createClient({
        url: `${freshet.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryWait: () => back.promise,
        on: {
          opened: (opened) => { socket = opened as WebSocket },
          ping: (_received, payload) => { if (payload?.['freshet']) begun.resolve() },
          closed: () => lost.resolve(),
        },
      })
      const results = client.iterate({ query })
      const next = results.next()
      await begun.promise
      socket!.terminate()
      await lost.promise

      const stream = (headers: Record<string, string> = {}) => openRaw(`${freshet.url}/graphql`, {
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers }, body: JSON.stringify({ query }),
      })
      const first = await stream()
      const [, id] = /^id: ([\w-]+)\n\n/m.exec(await first.until(/^id: [\w-]+\n\n/m))!
      first.leave()

      await publish('meanwhile')
      back.resolve()
      assert.deepEqual((await next).value?.data, { events: { id: 'meanwhile' } })
      const second = await stream({ 'last-event-id': id! })
      await second.until('"id":"meanwhile"')
      second.leave()
      await client.dispose()
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
      // For twice as long as the others last. On a machine that is busy some may still be on their way: they end by either.
      await checker.sends(600)
      const back = checker.comeBack('TOKEN_EXPIRED', 'TOKEN_REVOKED')
      revoke()
      await back
      assert.ok(checker.judges.some((judge) => checker.returned(judge, 'TOKEN_REVOKED') > 0))
      await checker.sends(100)
      await checker.end()
      checker.check()
      t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
    })
  })
}
