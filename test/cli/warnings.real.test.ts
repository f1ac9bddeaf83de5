import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { root, runProgram } from './program.ts'

const script = (code: string): Promise<{ stderr: string }> => runProgram(['--input-type=module', '-e', `
  import { createRequire } from 'node:module'
  import { silenceKafkaTimers, silenceWeaviateRetries } from './cli/warnings.ts'
  ${code}
  // Warnings are shown in the next tick; the queue of kafkajs goes on for ever.
  setImmediate(() => process.exit())
  function kafkaTimer() {
    const RequestQueue = createRequire(process.cwd() + '/x.js')('kafkajs/src/network/requestQueue')
    new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1000, enforceRequestTimeout: false, clientId: '', broker: '',
      logger: { namespace: () => ({ debug() {} }) } }).scheduleCheckPendingRequests()
  }
`], { cwd: root, command: [process.execPath] })

describe('what weaviate-client prints of its attempts', () => {
  const retries = "const { retryOptions } = await import('./node_modules/weaviate-client/dist/node/esm/grpc/retry.js'); retryOptions.onRetryableError(new Error('away'), 1, 700)"
  test('is not shown, all else is', async () => {
    assert.match((await script(retries)).stderr, /Attempt 1 failed\. Retrying in 700ms/, 'else there is nothing to silence any more')
    const { stderr } = await script(`silenceWeaviateRetries(); ${retries}; console.warn('one', 'Attempt 1 failed. Retrying in 3ms.'); console.warn('another')`)
    assert.equal(stderr, 'one Attempt 1 failed. Retrying in 3ms.\nanother\n')
  })
})

describe('warnings of Node', () => {
  test('of a timer that kafkajs asks for are not shown, all others are', async () => {
    assert.match((await script('kafkaTimer()')).stderr, /TimeoutNegativeWarning/, 'else there is nothing to silence any more')
    const { stderr } = await script(`
      silenceKafkaTimers()
      kafkaTimer()
      process.emitWarning('of something else', 'OtherWarning')
      process.emitWarning('with options', { type: 'ThirdWarning' })
      process.emitWarning(new Error('as an error'))`)
    assert.doesNotMatch(stderr, /TimeoutNegativeWarning/)
    for (const shown of [/OtherWarning: of something else/, /ThirdWarning: with options/, /as an error/]) assert.match(stderr, shown)
    assert.match((await script('silenceKafkaTimers(); setTimeout(() => {}, -5)')).stderr, /TimeoutNegativeWarning: -5/)
  })
})
