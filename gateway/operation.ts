import { getOperationAST, GraphQLError, parse, validate, type DocumentNode, type OperationDefinitionNode } from 'graphql'
import type { Engine } from '../federation/index.ts'
import { checkLimits } from './limits.ts'
import type { Limits } from './settings.ts'

export interface Operation {
  engine: Engine
  document: DocumentNode
  operation: OperationDefinitionNode
}

/** Parses, validates and measures an operation for transports that do not pass through Apollo Server. */
export function prepareOperation(
  engine: Engine, { query, operationName, variables }: { query: string; operationName?: string | null; variables?: Record<string, unknown> | null },
  limits: Limits,
): Operation | { errors: readonly GraphQLError[] } {
  let document: DocumentNode
  try {
    document = parse(query, { maxTokens: limits.tokens })
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: coded([error], 'GRAPHQL_PARSE_FAILED') }
    throw error
  }
  const errors = validate(engine.schema, document)
  if (errors.length > 0) return { errors: coded(errors, 'GRAPHQL_VALIDATION_FAILED') }
  const operation = getOperationAST(document, operationName)
  if (!operation)
    return { errors: [new GraphQLError('The request must name one of its operations in "operationName".', { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } })] }
  try {
    checkLimits(engine.schema, document, operation, variables ?? {}, limits)
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] }
    throw error
  }
  return { engine, document, operation }
}

/** The codes that Apollo Server gives over HTTP. */
function coded(errors: readonly GraphQLError[], code: string): readonly GraphQLError[] {
  for (const { extensions } of errors) extensions.code ??= code
  return errors
}
