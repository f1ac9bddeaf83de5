import { GraphQLError } from 'graphql'
import { InvalidCursorError, InvalidIndexQueryError } from '../search/entity-index.ts'

/** The client asked for something that it can put right; the message says what was expected. */
export const badInput = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })

/** Checks a list size. */
export function checkSize(name: string, value: number, { min = 0, max }: { min?: number; max: number }): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw badInput(`"${name}" must be a whole number from ${min} to ${max}, but is ${value}.`)
  return value
}

/** The index's refusal of a query as an error that the client can read; anything else as it is. */
export const readable = (error: unknown): unknown =>
  error instanceof InvalidCursorError || error instanceof InvalidIndexQueryError ? badInput(error.message) : error

/** Makes a check that the index would make, of what meets changes and not the index. */
export function checkAsIndex(check: () => void): void {
  try {
    check()
  } catch (error) {
    throw readable(error)
  }
}
