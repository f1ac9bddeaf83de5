import {
  getVariableValues, GraphQLError, Kind, print, valueFromAST, type DocumentNode, type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import { codes } from './errors.ts'
import { infiniteVariable } from './finite-numbers.ts'
import type { LiftedValue } from './lift.ts'
import { normalise, type NormalisedOperation } from './normalise.ts'
import type { Plan } from './plans.ts'
import type { SupergraphTypes } from './schema.ts'

/** An operation of a document, normalised. */
export interface PreparedOperation {
  node: OperationDefinitionNode
  normalised: NormalisedOperation
}

/** An operation that can be run. */
export interface Prepared {
  operation: PreparedOperation
  plan: Plan
  /** Coerced, with defaults, lifted literals included. */
  variables: Record<string, unknown>
}

/** Picks and normalises operations; what was done for a document is remembered as long as the document lives. */
export class Preparation {
  readonly #schema: GraphQLSchema
  readonly #types: SupergraphTypes
  readonly #documents = new WeakMap<DocumentNode, Map<string | undefined, PreparedOperation>>()

  constructor(schema: GraphQLSchema, types: SupergraphTypes) {
    this.#schema = schema
    this.#types = types
  }

  /** @throws GraphQLError when the document has no such operation. */
  operation(document: DocumentNode, name: string | null | undefined): PreparedOperation {
    let operations = this.#documents.get(document)
    if (!operations) this.#documents.set(document, operations = new Map())
    const known = operations.get(name ?? undefined)
    if (known) return known
    const node = selectOperation(document, name)
    const prepared = { node, normalised: normalise(document, node, this.#schema, this.#types) }
    operations.set(name ?? undefined, prepared)
    return prepared
  }

  /** Coerced variables, defaults and lifted literals included; or what is wrong with them. */
  variables(operation: PreparedOperation, inputs: Record<string, unknown> | null | undefined): Coerced {
    const result = getVariableValues(this.#schema, operation.node.variableDefinitions ?? [], inputs ?? {}, {
      maxErrors: 50,
    })
    if (result.errors) {
      return { errors: result.errors.map((error) => new GraphQLError(error.message, {
        nodes: error.nodes,
        originalError: error.originalError,
        extensions: { code: codes.badInput, ...error.extensions },
      })) }
    }
    const infinite = infiniteVariable(this.#schema, operation.node, result.coerced)
    if (infinite) return { errors: [infinite] }
    const values = { ...result.coerced }
    for (const [name, lifted] of operation.normalised.lifted) {
      values[name] = 'value' in lifted ? lifted.value : valueFromAST(lifted.literal, lifted.type, result.coerced)
      if (values[name] === undefined) return { errors: [invalidArgument(lifted)] }
    }
    return { values }
  }
}

export type Coerced =
  | { values: Record<string, unknown>, errors?: undefined }
  | { errors: readonly GraphQLError[], values?: undefined }

const invalidArgument = (lifted: LiftedValue): GraphQLError => {
  const { literal, type } = lifted as Extract<LiftedValue, { literal: unknown }>
  return new GraphQLError(
    `An argument of type "${String(type)}" is ${print(literal)}; with these variables that is no such value.`,
    { extensions: { code: codes.badInput } },
  )
}

const selectOperation = (document: DocumentNode, name: string | null | undefined): OperationDefinitionNode => {
  const operations = document.definitions.filter((node): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION)
  // An empty name is one that no operation has.
  if (name !== null && name !== undefined) {
    const named = operations.find((node) => node.name?.value === name)
    if (named) return named
    throw new GraphQLError(`Unknown operation named "${name}".`, { extensions: { code: codes.badInput } })
  }
  if (operations.length === 1) return operations[0]!
  throw new GraphQLError(
    operations.length === 0
      ? 'The document has no operation; expected one query, mutation or subscription.'
      : 'The document has several operations; set operationName to the one to run.',
    { extensions: { code: codes.badInput } },
  )
}
