import {
  isEnumType, isInputObjectType, isListType, isNonNullType, isSpecifiedScalarType, Kind, parseType, print,
  valueFromAST, valueFromASTUntyped, type GraphQLInputType, type OperationDefinitionNode, type ValueNode,
  type VariableDefinitionNode,
} from 'graphql'

/** The value of an argument that became a variable, or what to work it out from where it contains variables. */
export type LiftedValue = { value: unknown } | { literal: ValueNode, type: GraphQLInputType }

const liftedPrefix = '_lit_'

/** Argument values lifted to variables; equal ones share a variable, so that equal fields stay equal. */
export class Lifted {
  readonly values = new Map<string, LiftedValue>()
  readonly definitions: VariableDefinitionNode[] = []
  readonly #names = new Map<string, string>()
  readonly #enabled: boolean

  constructor(operation: OperationDefinitionNode) {
    this.#enabled = !operation.variableDefinitions?.some(({ variable }) => variable.name.value.startsWith(liftedPrefix))
  }

  /** The variable that stands for the value, or nothing when it stays as it is. */
  lift(value: ValueNode, type: GraphQLInputType): ValueNode | undefined {
    if (!this.#enabled || value.kind === Kind.VARIABLE || value.kind === Kind.NULL) return undefined
    if (!isSafe(value, type)) return undefined
    const identity = `${String(type)} ${print(value)}`
    let name = this.#names.get(identity)
    if (name === undefined) {
      this.#names.set(identity, name = liftedPrefix + this.definitions.length)
      this.values.set(name, isConstant(value) ? { value: constantOf(value, type) } : { literal: value, type })
      this.definitions.push({
        kind: Kind.VARIABLE_DEFINITION,
        variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
        type: parseType(String(type), { noLocation: true }),
      })
    }
    return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } }
  }
}

/** The value with the defaults of input objects filled in, as a literal in the document would have had them. */
const constantOf = (value: ValueNode, type: GraphQLInputType): unknown => {
  const coerced: unknown = valueFromAST(value, type)
  return coerced === undefined ? valueFromASTUntyped(value) : coerced
}

const isConstant = (value: ValueNode): boolean => {
  switch (value.kind) {
    case Kind.VARIABLE: return false
    case Kind.LIST: return value.values.every(isConstant)
    case Kind.OBJECT: return value.fields.every((field) => isConstant(field.value))
    default: return true
  }
}

/** Only values that mean the same as JSON: a custom scalar may read a literal differently. */
const isSafe = (value: ValueNode, type: GraphQLInputType): boolean => {
  if (value.kind === Kind.NULL || value.kind === Kind.VARIABLE) return true
  const nullable = isNonNullType(type) ? type.ofType : type
  if (isListType(nullable)) {
    return value.kind === Kind.LIST
      ? value.values.every((item) => isSafe(item, nullable.ofType))
      : isSafe(value, nullable.ofType)
  }
  if (isInputObjectType(nullable)) {
    return value.kind === Kind.OBJECT && value.fields.every((field) => {
      const fieldType = nullable.getFields()[field.name.value]?.type
      return fieldType !== undefined && isSafe(field.value, fieldType)
    })
  }
  return isEnumType(nullable) || isSpecifiedScalarType(nullable)
}
