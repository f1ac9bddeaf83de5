import { getOperationAST, GraphQLError, parse, type DocumentNode, type OperationDefinitionNode } from 'graphql'
import type { Engine } from '../federation/index.ts'
import { checkLimits } from './limits.ts'
import type { Limits } from './settings.ts'
import { faultsOf } from './validate.ts'

export interface Operation {
  engine: Engine
  document: DocumentNode
  operation: OperationDefinitionNode
}

/** Documents that are remembered for an engine, none of which is longer than so many characters. */
const maxDocuments = 500
const maxText = 16 * 1024

/**
 * Valid documents by their texts. Subscriptions come again and again, many at once after a restart, and those that are equal hold
 * one document together.
 */
const known = new WeakMap<Engine, Map<string, DocumentNode>>()

/** Parses and validates an operation. */
function documentOf(engine: Engine, query: string, { tokens }: Limits): DocumentNode | { errors: readonly GraphQLError[] } {
  let documents = known.get(engine)
  if (!documents) known.set(engine, documents = new Map())
  const remembered = documents.get(query)
  if (remembered) return remembered
  let document: DocumentNode
  try {
    document = parse(query, { maxTokens: tokens })
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    error.extensions.code ??= 'GRAPHQL_PARSE_FAILED'
    return { errors: [error] }
  }
  const errors = faultsOf(engine.schema, document)
  if (errors.length > 0) return { errors }
  if (query.length > maxText) return document
  if (documents.size >= maxDocuments) documents.delete(documents.keys().next().value as string)
  documents.set(query, document)
  return document
}

/** Parses, validates and measures an operation for transports that do not pass through Apollo Server. */
export function prepareOperation(
  engine: Engine, { query, operationName, variables }: { query: string; operationName?: string | null; variables?: Record<string, unknown> | null },
  limits: Limits,
): Operation | { errors: readonly GraphQLError[] } {
  const document = documentOf(engine, query, limits)
  if ('errors' in document) return document
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
