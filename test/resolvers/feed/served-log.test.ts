import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LogUnavailableError, type EventLog, type NewRecord } from '../../../events/log.ts'
import { topicNames } from '../../../events/topics.ts'
import type { FreshetEvent } from '../../../events/vocabulary.ts'
import { createServedLog } from '../../../resolvers/feed/served-log.ts'

const time = '2026-01-01T00:00:00.000Z'
const served = (id: number): FreshetEvent<'FeedServed'> => ({
  specversion: '1.0', id: String(id), source: 'test', type: 'FeedServed', time, subject: 'user:a',
  data: { feedId: String(id), userId: 'a', servedAt: time, model: 'm', items: [] },
})

function servedLog(append: (records: readonly NewRecord[], signal: AbortSignal | undefined) => Promise<void>) {
  const ended = new AbortController()
  const dropped: [reason: string, count: number][] = []
  const log = { append: async (records: readonly NewRecord[], options?: { signal?: AbortSignal }) => append(records, options?.signal) } as unknown as EventLog
  const notes = createServedLog(log, topicNames(), { signal: ended.signal, onDropped: (reason, count) => dropped.push([reason, count]) })
  return { notes, dropped, end: () => ended.abort(), count: () => dropped.reduce((sum, [, count]) => sum + count, 0) }
}

describe('the log of served feeds', { timeout: 20_000 }, () => {
  test('appends every note in order, in batches, behind the answer', async () => {
    const appended: string[] = []
    let calls = 0
    const { notes, dropped } = servedLog((records) => {
      calls++
      for (const { topic, key, value } of records) {
        assert.deepEqual([topic, key], ['freshet.predictions', 'user:a'])
        appended.push((JSON.parse(Buffer.from(value as Uint8Array).toString()) as { id: string }).id)
      }
      return Promise.resolve()
    })
    for (let i = 0; i < 1_200; i++) notes.note(served(i))
    assert.equal(calls, 0)
    await notes.flush()
    assert.deepEqual(appended, Array.from({ length: 1_200 }, (_, i) => String(i)))
    assert.equal(calls, 3)
    assert.deepEqual(dropped, [])
  })

  test('with a log that fails, drops and counts what it could not append, and goes on with the rest', async () => {
    let calls = 0
    const { notes, dropped } = servedLog(() => (++calls === 1 ? Promise.reject(new LogUnavailableError('away')) : Promise.resolve()))
    for (let i = 0; i < 700; i++) notes.note(served(i))
    await notes.flush()
    assert.deepEqual([calls, dropped], [2, [['500 served feeds were not noted: away', 500]]])
  })

  test('with a log that is away, holds a bounded number and returns at once; an end gives up and counts all', async () => {
    const { notes, dropped, count, end } = servedLog((_, signal) => new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new LogUnavailableError('away')), { once: true })
    }))
    notes.note(served(0))
    await new Promise((resolve) => setImmediate(resolve))
    for (let i = 1; i <= 10_005; i++) notes.note(served(i))
    assert.deepEqual([count(), dropped[0]], [5, ['more than 10000 served feeds wait for the log', 1]])
    end()
    await notes.flush()
    assert.equal(count(), 10_006)
  })
})
