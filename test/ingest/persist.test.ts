import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger, silentObserver } from '../../ingest/observer.ts'
import { Attempts, persist } from '../../ingest/persist.ts'

const options = (signal: AbortSignal, said: string[] = []) => ({
  system: 'index' as const, what: 'writing', signal, logger: silentLogger,
  metrics: {
    ...silentObserver,
    systemFailed: ({ attempt, retryInMs }: { attempt: number; retryInMs: number }) => said.push(`failed ${attempt}, again in ${retryInMs}`),
    systemRecovered: ({ attempts }: { attempts: number }) => said.push(`works after ${attempts}`),
  },
})

describe('work on a system', { timeout: 10_000 }, () => {
  test('is done again with growing pauses until it succeeds, and both are said', async () => {
    const said: string[] = []
    let left = 2
    const result = await persist(options(new AbortController().signal, said), async () => {
      if (left-- > 0) throw new Error('away')
      return 7
    })
    assert.equal(result, 7)
    assert.deepEqual(said, ['failed 1, again in 50', 'failed 2, again in 100', 'works after 3'])
  })

  test('is told of when it fails first, and then as often as a person reads it', () => {
    const said: unknown[] = []
    const attempts = new Attempts({ system: 'index', what: 'writing', metrics: silentObserver, logger: {
      ...silentLogger, info: (message) => said.push(message), warn: (_message, details) => said.push(details?.['attempt']),
    } })
    for (let attempt = 1; attempt <= 14; attempt++) attempts.failed(new Error('away'))
    attempts.succeeded()
    attempts.failed(new Error('away again'))
    assert.deepEqual(said, [1, 9, 11, 13, 'the index works again', 1])
  })

  test('ends with the reason of the signal, in a pause too', async () => {
    const stop = new AbortController()
    const reason = new Error('stopped')
    const working = persist(options(stop.signal), async () => {
      stop.abort(reason)
      throw new Error('away')
    })
    await assert.rejects(working, reason)
    const pausing = new AbortController()
    const paused = persist({ ...options(pausing.signal), metrics: { ...silentObserver, systemFailed: () => setImmediate(() => pausing.abort(reason)) } },
      () => Promise.reject(new Error('away')))
    await assert.rejects(paused, reason)
  })

  test('that fails by itself is not tried again', async () => {
    let tries = 0
    await assert.rejects(persist({ ...options(new AbortController().signal), isSystems: () => false }, async () => {
      tries++
      throw new Error('ours')
    }), /ours/)
    assert.equal(tries, 1)
  })
})
