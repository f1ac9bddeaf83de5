import { specifiedScalarTypes, type GraphQLNamedType, type GraphQLScalarType } from 'graphql'

const builtIn = new Map(specifiedScalarTypes.map((type) => [type.name, type]))

/** The scalar that GraphQL itself knows how to check; others are their subgraphs' own. */
export const builtInScalar = ({ name }: GraphQLNamedType): GraphQLScalarType | undefined => builtIn.get(name)

/** By scalar, whether a variable in generated code is one as it should be. */
const conditions: Readonly<Record<string, (value: string) => string>> = {
  Int: (value) => `(${value} | 0) === ${value}`,
  Float: (value) => `Number.isFinite(${value})`,
  String: (value) => `typeof ${value} === 'string'`,
  Boolean: (value) => `typeof ${value} === 'boolean'`,
  ID: (value) => `typeof ${value} === 'string'`,
}

/** An expression that is true where a variable's value is the scalar's. */
export const isOfScalar = ({ name }: GraphQLScalarType, value: string): string => conditions[name]!(value)

/** The value as its scalar has it, or nothing where it is none (specification, "Result Coercion" of each scalar). */
export const coerced = (scalar: GraphQLScalarType, value: unknown): unknown => {
  try {
    return scalar.serialize(value)
  } catch {
    return undefined
  }
}
