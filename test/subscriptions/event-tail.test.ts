import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { partitionKey, type EventLog, type LogRecord, type ReadOptions } from '../../events/log.ts'
import type { AppendedEvent } from '../../resolvers/context.ts'
import type { SourceEvent } from '../../resolvers/live.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { deliver } from '../../subscriptions/deliver.ts'
import { eventParts } from '../../subscriptions/event-source.ts'
import { EventTail } from '../../subscriptions/event-tail.ts'
import { toAppendedEvent } from '../../subscriptions/tailed.ts'
import { Queue } from '../support/queue.ts'

const topic = 'freshet.engagements'
const event = (n: number, type = 'ChatPosted') => ({ specversion: '1.0', id: `e-${n}`, source: 'test', type, time: '2026-01-01T00:00:00Z', subject: 'livestream:a', data: { n } })
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const cursors = createCursors({ key: Buffer.alloc(32), logId: 'log', partitions: 1 })

const show = (event: AppendedEvent) => ({ value: event, key: event.subject, eventTime: event.time })

/** A log whose end is followed as the test hands it out; what was handed out can be read again. */
function scriptedLog(ring: { maxCount?: number } = {}) {
  let batches = new Queue<LogRecord[]>()
  const records: LogRecord[] = []
  let readers = 0
  let read = 0
  let failure: Error | undefined
  const log: Pick<EventLog, 'ends' | 'read' | 'partitions'> = {
    partitions: 1,
    ends: () => (failure ? Promise.reject(failure) : Promise.resolve({ [partitionKey(topic, 0)]: records.length })),
    async *read({ from, signal }: ReadOptions) {
      const position = from[partitionKey(topic, 0)] as number
      if (position < records.length) {
        read++
        yield records.slice(position)
        return
      }
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
        batches = new Queue()
      }
    },
  }
  const errors: unknown[] = []
  const tail = new EventTail({ log: log as EventLog, topics: [topic], decode: toAppendedEvent, onError: (error) => errors.push(error), ...ring })
  const subscribe = (types: readonly string[] = []) =>
    deliver({ kind: 'whole' }, eventParts({ tail, log: log as EventLog, encode: cursors.encode, wants: ({ type }) => types.length === 0 || types.includes(type), show }), cursors)
  return {
    tail, errors, subscribe, readers: () => readers, read: () => read,
    deliver: (values: unknown[]) => {
      const next = values.map((value, i) => ({ topic, partition: 0, offset: records.length + i, key: 'a', value: value instanceof Uint8Array ? value : bytes(value), appendedAt: 7 }))
      records.push(...next)
      batches.push(next)
    },
    breakReading: (error: Error) => batches.fail(error),
    breakEnds: (error: Error) => { failure = error },
  }
}

const idOf = ({ value }: IteratorResult<SourceEvent<AppendedEvent>>) => (value as SourceEvent<AppendedEvent>).value.id
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the tail of events', { timeout: 20_000 }, () => {
  test('gives each subscriber the types it wants, by one reader, and leaves out what is no event', async () => {
    const { deliver: give, subscribe, readers } = scriptedLog()
    const [all, chats] = [subscribe(), subscribe(['ChatPosted'])]
    const first = [all.next(), chats.next()]
    while (readers() === 0) await turn()
    give([Buffer.from('{ no event'), bytes(null), { ...event(0), time: 'never' }, event(1, 'LivestreamLiked'), event(2)])
    assert.deepEqual((await Promise.all(first)).map(idOf), ['e-1', 'e-2'])
    const { value: { value, at, key, eventTime } } = await all.next() as IteratorYieldResult<SourceEvent<AppendedEvent>>
    assert.deepEqual(value, { id: 'e-2', source: 'test', type: 'ChatPosted', subject: 'livestream:a', time: Date.UTC(2026, 0, 1), appendedAt: 7, data: { n: 2 } })
    assert.deepEqual([at?.lane, at?.position.next, key, eventTime], [`${topic}/0`, 5, 'livestream:a', Date.UTC(2026, 0, 1)])
    assert.equal(readers(), 1)
    await all.return?.()
    await chats.return?.()
  })

  test('a subscriber of a quiet log leaves at once; with the last one the reader ends, and begins anew with the next', async () => {
    const { deliver: give, subscribe, readers } = scriptedLog()
    const quiet = subscribe()
    const waiting = quiet.next()
    await quiet.return?.()
    assert.deepEqual(await waiting, { done: true, value: undefined })
    while (readers() > 0) await turn()
    const next = subscribe()
    const value = next.next()
    while (readers() === 0) await turn()
    give([event(1)])
    assert.equal(idOf(await value), 'e-1')
    await next.return?.()
  })

  test('a subscriber who reads slowly gets everything, from the log where it is not kept any more; others do not wait', async () => {
    const { deliver: give, subscribe, readers, read } = scriptedLog({ maxCount: 10 })
    const [slow, fast] = [subscribe(), subscribe(['LivestreamLiked'])]
    const first = slow.next()
    const liked = fast.next()
    while (readers() === 0) await turn()
    give([event(0)])
    assert.equal(idOf(await first), 'e-0')
    for (let n = 1; n < 100; n++) give([event(n)])
    give([event(100, 'LivestreamLiked')])
    assert.equal(idOf(await liked), 'e-100')
    assert.equal(read(), 0)
    for (let n = 1; n <= 100; n++) assert.equal(idOf(await slow.next()), `e-${n}`)
    assert.equal(read(), 1)
    await slow.return?.()
    await fast.return?.()
  })

  test('a log that cannot be read ends it with a code, and the operator hears why', async () => {
    const { subscribe, breakReading, errors } = scriptedLog()
    const events = subscribe()
    const next = events.next()
    breakReading(new Error('gone'))
    await assert.rejects(next, (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'LOG_UNAVAILABLE')
    assert.deepEqual(errors.map(String), ['Error: gone'])
  })

  test('a log that is away when it begins ends it with a code, and the next subscriber tries anew', async () => {
    const { subscribe, breakEnds } = scriptedLog()
    breakEnds(new Error('away'))
    for (let i = 0; i < 2; i++)
      await assert.rejects(subscribe().next(), (error: unknown) => error instanceof GraphQLError && error.extensions.code === 'LOG_UNAVAILABLE')
  })

  test('one that is closed ends all with its reason, later ones too', async () => {
    const { tail, subscribe } = scriptedLog()
    const before = subscribe().next()
    await turn()
    tail.close(new Error('the end'))
    await assert.rejects(before, /the end/)
    await assert.rejects(subscribe().next(), /the end/)
  })
})
