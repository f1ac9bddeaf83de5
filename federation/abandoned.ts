import { GraphQLError } from 'graphql'

/**
 * Whether a rejection that nobody handles is one that graphql-js 16 left behind: when one item of a list throws while
 * an earlier one is awaited, the list's failure is answered, and the earlier one's promise is forgotten. It would end
 * the process.
 */
export const isAbandoned = (reason: unknown): boolean => reason instanceof GraphQLError && reason.path !== undefined
