import { GraphQLError, type ExecutionResult, type FormattedExecutionResult } from 'graphql'
import { maskErrors } from './errors.ts'

type OnError = (error: unknown) => void

/** A result as clients may see it. */
export const formatResult = ({ errors, ...rest }: ExecutionResult, onError: OnError): FormattedExecutionResult =>
  errors ? { ...rest, errors: maskErrors(errors, onError) } : rest

/** For `/metrics`: an answer with errors counts as one, even when some of its data came. */
export const outcomeOf = ({ errors }: ExecutionResult): 'ok' | 'error' => (errors ? 'error' : 'ok')

export const toGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error
  : new GraphQLError('Internal server error.', { originalError: error instanceof Error ? error : new Error(String(error)) })
