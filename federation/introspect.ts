import { execute, type DocumentNode, type GraphQLSchema } from 'graphql'
import type { Obj } from './merge.ts'
import type { ErrorLog } from './errors.ts'

/** Answers `__schema` and `__type` from the client's schema, into an object of response keys. */
export const introspect = (
  schema: GraphQLSchema, document: DocumentNode, variables: Record<string, unknown>, errors: ErrorLog,
): Obj => {
  const result = execute({ schema, document, variableValues: variables })
  if (result instanceof Promise) throw new Error('Introspection is expected to be synchronous.')
  for (const error of result.errors ?? []) errors.add(error)
  return result.data ?? {}
}
