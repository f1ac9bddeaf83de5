import { GraphQLError, validate, ValuesOfCorrectTypeRule, type DocumentNode, type GraphQLSchema } from 'graphql'
import { codes } from './errors.ts'

/**
 * What is wrong with the document's literals, by the schema that has the scalars' own code. The supergraph knows a custom
 * scalar by its name alone, so a wrong literal comes as far as the subgraph; execution would say that the whole argument is
 * invalid, and not what in it is or why.
 */
export const invalidLiterals = (schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] | undefined => {
  const errors = validate(schema, document, [ValuesOfCorrectTypeRule])
  if (errors.length === 0) return undefined
  return errors.map(({ message, extensions }) => new GraphQLError(message, { extensions: { code: codes.badInput, ...extensions } }))
}
