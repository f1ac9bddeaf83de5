import {
  getNamedType, GraphQLError, isInputObjectType, isScalarType, isSpecifiedScalarType, typeFromAST,
  type ASTVisitor, type GraphQLInputType, type GraphQLSchema, type OperationDefinitionNode, type ValidationContext,
} from 'graphql'
import { codes } from './errors.ts'

const range = `numbers from ${-Number.MAX_VALUE} to ${Number.MAX_VALUE}`

/**
 * Refuses number literals that no double can hold where they would be read as one (GraphQL, 3.5.2 "Float", input coercion):
 * graphql-js reads them as infinity, which JSON writes as null, and planners write them as a name. Whole numbers stay where an
 * ID or a custom scalar is expected: both take them as they are written.
 */
export const FiniteNumbersRule = (context: ValidationContext): ASTVisitor => {
  const check = (node: { readonly value: string }, isWhole: boolean): void => {
    if (Number.isFinite(Number(node.value))) return
    // None is known within the literal of a custom scalar.
    const type = getNamedType(context.getInputType())
    const isFloat = type?.name === 'Float'
    const isCustom = type == null || (isScalarType(type) && !isSpecifiedScalarType(type))
    if (!isFloat && (isWhole || !isCustom)) return
    context.reportError(new GraphQLError(`${type?.name ?? 'A custom scalar'} takes ${range}, not ${printed(node.value)}.`, { nodes: node as never }))
  }
  return { IntValue: (node) => check(node, true), FloatValue: (node) => check(node, false) }
}

const printed = (digits: string): string => digits.length > 40 ? `${digits.slice(0, 39)}…` : digits

/** By operation: the variables that hold what only subgraphs check. */
const unchecked = new WeakMap<OperationDefinitionNode, readonly string[]>()

/**
 * What is wrong with coerced variables: a number in a custom scalar that no double can hold (`1e400` in JSON) is infinity by now,
 * and would reach remote subgraphs as null. Those of type Float are refused by their coercion.
 */
export const infiniteVariable = (
  schema: GraphQLSchema, operation: OperationDefinitionNode, values: Readonly<Record<string, unknown>>,
): GraphQLError | undefined => {
  let names = unchecked.get(operation)
  if (!names) {
    names = (operation.variableDefinitions ?? [])
      .filter(({ type }) => holdsCustomScalar(typeFromAST(schema, type as never) as GraphQLInputType | undefined))
      .map(({ variable }) => variable.name.value)
    unchecked.set(operation, names)
  }
  for (const name of names) {
    if (!hasInfinity(values[name])) continue
    return new GraphQLError(`Variable "$${name}" holds a number that is too large; expected ${range}.`, { extensions: { code: codes.badInput } })
  }
  return undefined
}

const holdsCustomScalar = (type: GraphQLInputType | undefined, seen = new Set<unknown>()): boolean => {
  const named = getNamedType(type)
  if (!named || seen.has(named)) return false
  seen.add(named)
  if (isInputObjectType(named)) return Object.values(named.getFields()).some((field) => holdsCustomScalar(field.type, seen))
  return isScalarType(named) && !isSpecifiedScalarType(named)
}

/** Without recursion: nobody has checked how deep it is. */
const hasInfinity = (value: unknown): boolean => {
  const left = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (each === Infinity || each === -Infinity) return true
    if (typeof each === 'object' && each !== null) for (const child of Array.isArray(each) ? each as unknown[] : Object.values(each)) left.push(child)
  }
  return false
}
