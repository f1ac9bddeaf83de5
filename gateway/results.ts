import { GraphQLError, type ExecutionResult, type FormattedExecutionResult } from 'graphql'
import { maskErrors } from './errors.ts'

type OnError = (error: unknown) => void

/** A result as clients may see it. */
export const formatResult = ({ errors, ...rest }: ExecutionResult, onError: OnError): FormattedExecutionResult =>
  errors ? { ...rest, errors: maskErrors(errors, onError) } : rest

/** For `/metrics`: an answer with errors counts as one, even when some of its data came. */
export const outcomeOf = ({ errors }: ExecutionResult): 'ok' | 'error' => (errors ? 'error' : 'ok')

/** A stream whose failure is its last result, so that the client is told why it ends. `onEnd` is called once, however it ends. */
export function withLastWord<T extends ExecutionResult>(stream: AsyncIterable<T>, onEnd: () => void): AsyncIterableIterator<T | ExecutionResult> {
  const source = stream[Symbol.asyncIterator]()
  let failed = false
  let ended = false
  const end = (): IteratorReturnResult<undefined> => {
    if (!ended) onEnd()
    ended = true
    return { done: true, value: undefined }
  }
  return {
    async next() {
      if (failed) return end()
      try {
        const result = await source.next()
        return result.done ? end() : result
      } catch (error) {
        failed = true
        return { done: false, value: { errors: [toGraphQLError(error)] } }
      }
    },
    async return() {
      try {
        await source.return?.()
      } finally {
        end()
      }
      return end()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

export const toGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error
  : new GraphQLError('Internal server error.', { originalError: error instanceof Error ? error : new Error(String(error)) })
