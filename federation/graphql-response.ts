import type { ExecutionResult } from 'graphql'
import { SubgraphFailure, UnusableAnswer } from './errors.ts'
import { isObject } from './merge.ts'

/**
 * Reads a response by the GraphQL-over-HTTP rules: a well-formed answer counts, whatever its status.
 * @throws SubgraphFailure for anything else
 */
export const readResult = (text: string, status: number): ExecutionResult => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (isObject(value) && (isObject(value.data) || (Array.isArray(value.errors) && value.errors.length > 0))) {
    return value as ExecutionResult
  }
  const transient = status === 502 || status === 503 || status === 504
  const words =
    status === 200 ? 'answered with something that is no GraphQL response' : `answered with HTTP status ${status}`
  throw transient ? new SubgraphFailure(words, { transient }) : new UnusableAnswer(words)
}
