import {
  getNamedType, getVariableValues, GraphQLScalarType, GraphQLSchema, isInputObjectType, Kind, specifiedScalarTypes,
  visit, type DocumentNode, type GraphQLError, type GraphQLInputObjectType, type OperationDefinitionNode, type TypeNode,
} from 'graphql'

/** What to compile instead of a document, and how its variables are coerced beforehand. */
export interface VariableCoercion {
  schema: GraphQLSchema
  document: DocumentNode
  coerce(
    inputs: Record<string, unknown> | undefined,
  ): { coerced?: Record<string, unknown>, errors?: readonly GraphQLError[] }
}

/** Takes what is already coerced as it is. */
const coercedScalar = new GraphQLScalarType({ name: 'freshet__Coerced' })

const extended = new WeakMap<GraphQLSchema, GraphQLSchema>()

/**
 * graphql-jit 0.8 unrolls the coercion of variables into code and does not end on an input type that contains
 * itself, as filters with `and`, `or` and `not` do. For operations with such a variable graphql-js coerces, and jit
 * compiles the operation with variables that it leaves alone. Nothing for all other operations.
 */
export const variableCoercion = (
  schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined,
): VariableCoercion | undefined => {
  const operation = document.definitions.find((node): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION && (!operationName || node.name?.value === operationName))
  const definitions = operation?.variableDefinitions ?? []
  const recursive = definitions.some(({ type }) => {
    const input = schema.getType(nameOf(type))
    return isInputObjectType(input) && reachesItself(input)
  })
  if (!recursive) return undefined
  let withScalar = extended.get(schema)
  if (!withScalar) {
    const config = schema.toConfig()
    const types = [...config.types, coercedScalar]
    extended.set(schema, withScalar = new GraphQLSchema({ ...config, types, assumeValid: true }))
  }
  return {
    schema: withScalar,
    document: visit(document, {
      // Coercing these twice does no harm, and jit wants conditions to be Boolean.
      VariableDefinition: (node) => specifiedScalarTypes.some(({ name }) => name === nameOf(node.type)) ? undefined : ({
        ...node,
        type: { kind: Kind.NAMED_TYPE as const, name: { kind: Kind.NAME as const, value: coercedScalar.name } },
        defaultValue: undefined,
      }),
    }),
    coerce: (inputs) => getVariableValues(schema, definitions, inputs ?? {}, { maxErrors: 50 }),
  }
}

const nameOf = (type: TypeNode): string => type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type)

/** Whether some input type that this one contains, itself included, contains itself. */
const reachesItself = (type: GraphQLInputObjectType, above: readonly GraphQLInputObjectType[] = []): boolean => {
  if (above.includes(type)) return true
  return Object.values(type.getFields()).some((field) => {
    const inner = getNamedType(field.type)
    return isInputObjectType(inner) && reachesItself(inner, [...above, type])
  })
}
