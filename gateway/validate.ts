import { GraphQLError, specifiedRules, validate, type DocumentNode, type GraphQLSchema } from 'graphql'
import { FiniteNumbersRule } from '../federation/index.ts'

/** Besides those of the specification that graphql-js has: what it has forgotten. */
export const furtherRules = [FiniteNumbersRule]

const rules = [...specifiedRules, ...furtherRules]

/** What is wrong with a document, with the code that Apollo Server gives over HTTP. */
export function faultsOf(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  const faults = found(schema, document)
  for (const { extensions } of faults) extensions.code ??= 'GRAPHQL_VALIDATION_FAILED'
  return faults
}

/** graphql 16 throws where a variable decides about the root field of a subscription, which nothing may (GraphQL, 5.2.4.1). */
function found(schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] {
  try {
    return validate(schema, document, rules)
  } catch (error) {
    if (error instanceof GraphQLError) return [error]
    throw error
  }
}
