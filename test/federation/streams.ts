import assert from 'node:assert/strict'
import type { ExecutionResult } from 'graphql'
import { codes, SubgraphFailure } from '../../federation/index.ts'

/** A subscription as an engine asks a transport for it. */
export const subscription = (query = 'subscription { tick }', signal?: AbortSignal) =>
  ({ query, context: undefined, kind: 'subscription', signal }) as const

export const streamOf = (stream: AsyncIterable<ExecutionResult> | ExecutionResult): AsyncIterableIterator<ExecutionResult> => {
  assert.ok(Symbol.asyncIterator in stream, `expected a stream, got ${JSON.stringify(stream)}`)
  return stream as AsyncIterableIterator<ExecutionResult>
}

/** Whether an error says so to clients, with this code. */
export const failure = (words: RegExp, code: string = codes.downstream) => (error: unknown) => {
  assert.ok(error instanceof SubgraphFailure, String(error))
  assert.match(error.message, words)
  assert.equal(error.code, code)
  return true
}
