import { GraphQLError } from 'graphql'

/** The client asked for something that it can put right; the message says what was expected. */
export const badInput = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })

/** Checks a list size. */
export function checkSize(name: string, value: number, { min = 0, max }: { min?: number; max: number }): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw badInput(`"${name}" must be a whole number from ${min} to ${max}, but is ${value}.`)
  return value
}
