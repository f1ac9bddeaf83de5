import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExecutionResult } from 'graphql'
import { RequestTime } from '../../gateway/time-limit.ts'

const never = new Promise<ExecutionResult>(() => {})
const codeOf = ({ errors }: ExecutionResult) => errors?.[0]?.extensions.code

describe('the time of a request', { timeout: 10_000 }, () => {
  test('is up for who waits and for who listens', async () => {
    const time = new RequestTime(60_000)
    const { signal } = time
    const waiting = time.within(never)
    assert.equal(signal.aborted, false)
    time.up()
    time.end()
    assert.equal(codeOf(await waiting), 'REQUEST_TIMEOUT')
    assert.equal((signal.reason as DOMException).name, 'TimeoutError')
  })

  test('ends by itself', async () => {
    assert.equal(codeOf(await new RequestTime(1).within(never)), 'REQUEST_TIMEOUT')
  })

  test('that is up already is up for who comes later', async () => {
    const time = new RequestTime(60_000)
    time.up()
    time.end()
    assert.equal(time.signal.aborted, true)
    assert.equal(codeOf(await time.within(never)), 'REQUEST_TIMEOUT')
  })

  test('gives the result that comes in time, and the failure', async () => {
    const time = new RequestTime(60_000)
    const result = { data: { hello: 'you' } }
    assert.equal(await time.within(Promise.resolve(result)), result)
    await assert.rejects(time.within(Promise.reject(new Error('broken'))), { message: 'broken' })
    time.end()
  })

  test('that has ended is not over when the client leaves with its answer', () => {
    const time = new RequestTime(60_000)
    time.end()
    time.left()
    assert.equal(time.signal.aborted, false)
  })

  test('is over when the client leaves, which is no answer', async () => {
    for (const listens of [false, true]) {
      const time = new RequestTime(60_000)
      const early = listens ? time.signal : undefined
      time.left()
      assert.equal((time.signal.reason as DOMException).name, 'AbortError')
      assert.equal(early?.aborted ?? true, true)
      assert.deepEqual(await time.within(Promise.resolve({ data: null })), { data: null })
    }
  })
})
