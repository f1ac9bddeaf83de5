import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FormattedExecutionResult } from 'graphql'
import kafkajs from 'kafkajs'
import { partitionKey } from '../../events/log.ts'
import { partitionOf } from '../../events/topics.ts'
import { requireReal } from '../servers/available.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { startFreshet, type Freshet, type Parts } from '../support/freshet.ts'
import { holdable, type HeldLog } from '../support/held-log.ts'

interface Freshness {
  eventTime: string | null
  appliedAt: string | null
  deliveredAt: string
}

const freshnessOf = ({ extensions }: FormattedExecutionResult): Freshness => extensions?.['freshness'] as Freshness
const errorOf = ({ errors }: FormattedExecutionResult): Record<string, unknown> | undefined => errors?.[0]?.extensions
const isInOrder = ({ eventTime, appliedAt, deliveredAt }: Freshness): boolean => eventTime !== null && appliedAt !== null && eventTime <= appliedAt && appliedAt <= deliveredAt

const subject = 'livestream:l1'
const titled = (id: string, title: string, time: string) => ({
  specversion: '1.0', id, source: 'urn:test:freshness', type: 'LivestreamStarted', subject, time, data: { sellerId: 's1', title, category: 'vinyl' },
})

/** Appends an event as another program does: resolves when the log ends behind it. */
type Append = (freshet: Freshet, event: object) => Promise<void>

const append: Append = async ({ log, topics }, event) => {
  await log.append([{ topic: topics.livestreams, key: subject, value: Buffer.from(JSON.stringify(event)) }])
}

/** In a transaction, and another one behind it that is aborted: the log ends with what no reader is given. */
const appendInTransactions: Append = async ({ log, topics: { livestreams: topic } }, event) => {
  const { brokers } = await sharedKafka()
  const producer = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING })
    .producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1, retry: { initialRetryTime: 5 } })
  const partition = partitionOf(subject, log.partitions)
  const key = partitionKey(topic, partition)
  const before = (await log.ends([topic]))[key]!
  await producer.connect()
  try {
    for (const end of ['commit', 'abort'] as const) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ key: subject, partition, value: JSON.stringify({ ...event, ...end === 'abort' && { id: 'aborted' } }) }] })
      await transaction[end]()
    }
  } finally {
    await producer.disconnect()
  }
  // The coordinator ends a transaction in its partitions some time after it has answered.
  while ((await log.ends([topic]))[key]! < before + 4) continue
}

/** How old answers and messages say that they are, and what is done about those that are too old. */
function freshnessSuite(name: string, parts: Parts, appends: Append): void {
  const start = async (): Promise<{ freshet: Freshet; ingest: HeldLog }> => {
    let ingest: HeldLog | undefined
    const freshet = await startFreshet({ parts, wrapIngestLog: (log) => (ingest = holdable(log)).log })
    return { freshet, ingest: ingest! }
  }
  const asker = (freshet: Freshet) => (bounds: string) => freshet.ask(`query @maxStale(${bounds}) { livestream(id: "l1") { title } }`)

  describe(`on ${name}`, { timeout: 120_000 }, () => {
    test('an answer is as fresh as was asked for, or comes once it is, or not at all', async () => {
      const { freshet, ingest } = await start()
      await using _ = freshet
      const ask = asker(freshet)
      const nothing = await ask('ms: 0')
      assert.deepEqual([nothing.errors, nothing.data], [undefined, { livestream: null }])
      assert.deepEqual([freshnessOf(nothing).eventTime, freshnessOf(nothing).appliedAt], [null, null])

      ingest.hold()
      const time = new Date(Date.now() - 1_000).toISOString()
      await appends(freshet, titled('1', 'First', time))
      assert.equal(errorOf(await ask('ms: 0'))?.['code'], 'STALE')
      const bounded = await ask('ms: 3600000')
      assert.deepEqual([bounded.errors, bounded.data], [undefined, { livestream: null }])
      assert.equal(freshnessOf(bounded).eventTime, null, 'it says that it does not have the event')
      freshet.clock.advance(3_600_001)
      const late = errorOf(await ask('ms: 3600000'))
      assert.equal(late?.['code'], 'STALE')
      assert.ok(late['staleMs'] as number > 3_600_000, String(late['staleMs']))

      const waiting = ask('ms: 0, wait: true')
      let isAnswered = false
      void waiting.then(() => { isAnswered = true })
      // The one that waits was asked before this one, which is refused.
      assert.equal(errorOf(await ask('ms: 0'))?.['code'], 'STALE')
      assert.equal(isAnswered, false)
      ingest.release()
      const answer = await waiting
      assert.deepEqual([answer.errors, answer.data], [undefined, { livestream: { title: 'First' } }])
      assert.equal(freshnessOf(answer).eventTime, time)
      assert.ok(isInOrder(freshnessOf(answer)), JSON.stringify(freshnessOf(answer)))

      // Nothing more comes: what was known by then is too old, and the log is asked anew.
      for (const bounds of ['ms: 0', 'ms: 0, wait: true']) {
        freshet.clock.advance(60_000)
        const idle = await ask(bounds)
        assert.deepEqual([idle.errors, idle.data], [undefined, { livestream: { title: 'First' } }])
      }
    })

    test('one that begins again knows how new it is before anything more comes', async () => {
      await using folder = temporaryDirectory('freshness')
      const options = { parts, dataDir: folder.path, env: { FRESHET_TOPIC_PREFIX: uniquePrefix() } }
      const time = new Date(Date.now() - 1_000).toISOString()
      const query = 'query @maxStale(ms: 0, wait: true) { livestream(id: "l1") { title } }'
      let before: Freshness
      {
        await using first = await startFreshet(options)
        await appends(first, titled('1', 'First', time))
        before = freshnessOf(await first.ask(query))
      }
      await using again = await startFreshet(options)
      const { eventTime, appliedAt } = freshnessOf(await again.ask(query))
      assert.deepEqual([eventTime, appliedAt], [time, before.appliedAt])
    })

    test('each message of a subscription says when its event happened, was applied and is delivered', async () => {
      const { freshet, ingest } = await start()
      await using _ = freshet
      await using client = await freshet.connect()
      const streams = ['livestream(id: "l1") { title }', 'livestreams(filter: { category: { eq: "vinyl" } }) { added { node { title } } }']
        .map((field) => client.subscribe(`subscription { ${field} }`))
      for (const stream of streams) {
        const { eventTime, appliedAt } = freshnessOf(await stream.next())
        assert.deepEqual([eventTime, appliedAt], [null, null])
      }
      const time = new Date(Date.now() - 1_000).toISOString()
      ingest.hold()
      await appends(freshet, titled('1', 'First', time))
      const raw = freshnessOf(await client.subscribe('subscription { events { id } }', {}, { delivery: { since: time } }).next())
      assert.deepEqual([raw.eventTime, raw.appliedAt], [time, null], 'it is told before it is applied')
      assert.ok(time < raw.deliveredAt)
      ingest.release()
      const [state, list] = [freshnessOf(await streams[0]!.next()), freshnessOf(await streams[1]!.next())]
      for (const freshness of [state, list]) {
        assert.equal(freshness.eventTime, time)
        assert.ok(isInOrder(freshness) && raw.deliveredAt <= freshness.appliedAt!, JSON.stringify({ raw, freshness }))
      }
      assert.equal(state.appliedAt, list.appliedAt)
    })
  })
}

describe('freshness', () => {
  freshnessSuite('the embedded log', 'embedded', append)
  describe('with a broker', { skip: requireReal('kafka') }, () => freshnessSuite('Kafka, by a producer of transactions', 'kafka', appendInTransactions))
})
