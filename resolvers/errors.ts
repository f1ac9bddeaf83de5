import { GraphQLError } from 'graphql'
import { InvalidCursorError, InvalidIndexQueryError } from '../search/entity-index.ts'

/** The client asked for something that it can put right; the message says what was expected. */
export const badInput = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })

/** The client asked for more than it may at once, by the limit that is named. */
const exceeded = (limit: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED', limit } })

interface Range {
  min?: number
  max: number
}

/** Checks a number that means no size. */
export function checkRange(name: string, value: number, { min = 0, max }: Range): number {
  if (!Number.isInteger(value) || value < min || value > max) throw badInput(outside(name, value, { min, max }))
  return value
}

/** Checks how long a list may be, whose limit is the maximum. */
export function checkSize(name: string, value: number, { min = 0, max }: Range): number {
  if (value > max) throw exceeded(name, outside(name, value, { min, max }))
  return checkRange(name, value, { min, max })
}

const outside = (name: string, value: number, { min, max }: Required<Range>): string =>
  `"${name}" must be a whole number from ${min} to ${max}, but is ${value}.`

/** Checks how long a text may be. */
export function checkText(name: string, text: string, max: number): void {
  if (text.length > max) throw exceeded(name, `"${name}" may have up to ${max} characters, but has ${text.length}.`)
}

/** The index's refusal of a query as an error that the client can read; anything else as it is. */
export function readable(error: unknown): unknown {
  if (error instanceof InvalidIndexQueryError && error.limit) return exceeded(error.limit, error.message)
  return error instanceof InvalidCursorError || error instanceof InvalidIndexQueryError ? badInput(error.message) : error
}

/** Makes a check that the index would make, of what meets changes and not the index. */
export function checkAsIndex(check: () => void): void {
  try {
    check()
  } catch (error) {
    throw readable(error)
  }
}
