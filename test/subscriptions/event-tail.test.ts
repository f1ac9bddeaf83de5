import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { partitionKey, type EventLog, type LogRecord } from '../../events/log.ts'
import type { AppendedEvent } from '../../resolvers/context.ts'
import { EventTail } from '../../subscriptions/event-tail.ts'
import { Queue } from '../support/queue.ts'
import { temporaryLog } from '../events/temporary-log.ts'

const topic = 'freshet.engagements'
const event = (n: number, type = 'ChatPosted') => ({ specversion: '1.0', id: `e-${n}`, source: 'test', type, time: '2026-01-01T00:00:00Z', subject: 'livestream:a', data: { n } })
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))

/** A log whose reader gives what the test hands it. */
function scriptedLog() {
  const batches = new Queue<LogRecord[]>()
  let readers = 0
  let failure: Error | undefined
  const log: Pick<EventLog, 'ends' | 'read'> = {
    ends: () => (failure ? Promise.reject(failure) : Promise.resolve({ [partitionKey(topic, 0)]: 0 })),
    async* read({ signal }) {
      readers++
      const stopped = new Promise<'stopped'>((resolve) => {
        if (signal.aborted) resolve('stopped')
        signal.addEventListener('abort', () => resolve('stopped'))
      })
      try {
        for (;;) {
          const batch = await Promise.race([batches.next(), stopped])
          if (batch === 'stopped') return
          yield batch
        }
      } finally {
        readers--
      }
    },
  }
  const errors: unknown[] = []
  const tail = new EventTail({ log: log as EventLog, topics: [topic], onError: (error) => errors.push(error) })
  return {
    tail, errors, readers: () => readers,
    deliver: (values: unknown[]) => batches.push(values.map((value, offset) => ({ topic, partition: 0, offset, key: 'a', value: value instanceof Uint8Array ? value : bytes(value), appendedAt: 7 }))),
    breakReading: (error: Error) => batches.fail(error),
    breakEnds: (error: Error) => { failure = error },
  }
}

const reading = (events: AsyncIterable<AppendedEvent>) => events[Symbol.asyncIterator]()

describe('the tail of events', { timeout: 20_000 }, () => {
  test('gives each subscriber the types it wants, by one reader, and leaves out what is no event', async () => {
    const { tail, deliver, readers } = scriptedLog()
    const [all, chats] = [reading(tail.subscribe([])), reading(tail.subscribe(['ChatPosted']))]
    const first = [all.next(), chats.next()]
    deliver([Buffer.from('{ no event'), bytes(null), { ...event(0), time: 'never' }, event(1, 'LivestreamLiked'), event(2)])
    assert.deepEqual((await Promise.all(first)).map(({ value }) => (value as AppendedEvent).id), ['e-1', 'e-2'])
    assert.deepEqual((await all.next()).value, { id: 'e-2', source: 'test', type: 'ChatPosted', subject: 'livestream:a', time: Date.UTC(2026, 0, 1), appendedAt: 7, data: { n: 2 } })
    assert.equal(readers(), 1)
    await all.return?.()
    await chats.return?.()
  })

  test('a subscriber of a quiet log leaves at once; with the last one the reader ends, and begins anew with the next', async () => {
    const { tail, deliver, readers } = scriptedLog()
    const quiet = reading(tail.subscribe([]))
    const waiting = quiet.next()
    await quiet.return?.()
    assert.deepEqual(await waiting, { done: true, value: undefined })
    while (readers() > 0) await new Promise((resolve) => setImmediate(resolve))
    const next = reading(tail.subscribe([]))
    const value = next.next()
    deliver([event(1)])
    deliver([event(2)])
    assert.match(((await value).value as AppendedEvent).id, /^e-[12]$/)
    await next.return?.()
  })

  test('a subscriber who reads too slowly ends with a code, after what waits; others go on', async () => {
    const { tail, deliver } = scriptedLog()
    const slow = reading(tail.subscribe([]))
    const fast = reading(tail.subscribe(['LivestreamLiked']))
    // Its first read begins it.
    const first = slow.next()
    deliver(Array.from({ length: 5_010 }, (_, n) => event(n)))
    await first
    deliver([event(1, 'LivestreamLiked')])
    assert.equal(((await fast.next()).value as AppendedEvent).type, 'LivestreamLiked')
    let read = 1
    await assert.rejects(async () => {
      for (;; read++) if ((await slow.next()).done) return
    }, (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'SUBSCRIBER_TOO_SLOW' && /5000 events behind/.test(error.message))
    assert.ok(read >= 5_000 && read <= 5_001, String(read))
    assert.equal((await slow.next()).done, true)
    await fast.return?.()
  })

  test('a log that cannot be read ends it with a code, and the operator hears why', async () => {
    const { tail, breakReading, errors } = scriptedLog()
    const events = reading(tail.subscribe([]))
    const next = events.next()
    breakReading(new Error('gone'))
    await assert.rejects(next, (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'LOG_UNAVAILABLE')
    assert.deepEqual(errors.map(String), ['Error: gone'])
  })

  test('a log that is away when it begins ends it with a code, and the next subscriber tries anew', async () => {
    const { tail, breakEnds } = scriptedLog()
    breakEnds(new Error('away'))
    for (let i = 0; i < 2; i++)
      await assert.rejects(reading(tail.subscribe([])).next(), (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'LOG_UNAVAILABLE')
  })

  test('begins at the end of the log', async (t) => {
    const { log } = await temporaryLog(t)
    await log.ensureTopics([{ name: topic }])
    const append = (n: number) => log.append([{ topic, key: 'livestream:a', value: bytes(event(n)) }])
    await append(1)
    const tail = new EventTail({ log, topics: [topic], onError: (error) => assert.fail(String(error)) })
    const events = reading(tail.subscribe([]))
    const next = events.next()
    // Its start is asked for before anything that is appended after it was subscribed to.
    await append(2)
    assert.equal(((await next).value as AppendedEvent).id, 'e-2')
    await events.return?.()
  })
})
