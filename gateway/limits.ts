import {
  getNamedType, GraphQLError, isAbstractType, isCompositeType, isEnumType, isInputObjectType, isInterfaceType, isObjectType, Kind, valueFromASTUntyped,
  type DocumentNode, type FieldNode, type FragmentDefinitionNode, type GraphQLCompositeType, type GraphQLField,
  type GraphQLSchema, type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql'
import type { Limits } from './settings.ts'

const exceeded = (limit: keyof Limits, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED', limit } })

/** Selections looked at before the operation is refused: fragments within fragments can multiply without end. */
const maxVisited = 50_000

/**
 * Refuses an operation that asks for too much. To be called with a validated document. Of introspection only what stands
 * under aliases is measured: all the rest is there once, so that the schema bounds it.
 *
 * @throws GraphQLError with code `LIMIT_EXCEEDED` that names limit, value and what to do
 */
export function checkLimits(
  schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>, limits: Limits,
): void {
  const passed = passedBefore(schema, operation, limits)
  const given = sizesIn(variables, operation)
  if (passed.has(given)) return
  measure(schema, document, operation, variables, limits)
  if (passed.size < maxPassed) passed.add(given)
}

/** Sizes with which an operation is remembered to pass. */
const maxPassed = 100

/** By schema, operation and limits: each is one object for long. */
const passed = new WeakMap<GraphQLSchema, WeakMap<OperationDefinitionNode, { limits: Limits; sizes: Set<string> }>>()

function passedBefore(schema: GraphQLSchema, operation: OperationDefinitionNode, limits: Limits): Set<string> {
  let operations = passed.get(schema)
  if (!operations) passed.set(schema, operations = new WeakMap())
  let known = operations.get(operation)
  if (known?.limits !== limits) operations.set(operation, known = { limits, sizes: new Set() })
  return known.sizes
}

/** All of the variables on which the measure may depend: numbers and the lengths of lists. */
const sizesIn = (variables: Readonly<Record<string, unknown>>, { variableDefinitions = [] }: OperationDefinitionNode): string =>
  variableDefinitions.map(({ variable: { name } }) => {
    const value = variables[name.value]
    return typeof value === 'number' ? value : Array.isArray(value) ? `[${value.length}]` : value === undefined ? 'u' : value === null ? 'n' : ''
  }).join()

function measure(
  schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>, limits: Limits,
): void {
  const fragments = new Map(document.definitions.flatMap((node): [string, FragmentDefinitionNode][] =>
    node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : []))
  const given: Record<string, unknown> = { ...variables }
  for (const { variable, defaultValue } of operation.variableDefinitions ?? [])
    if (defaultValue && given[variable.name.value] === undefined) given[variable.name.value] = valueFromASTUntyped(defaultValue)
  const seen = { visited: 0, aliases: 0, objects: 0, rootFields: 0 }

  const eachField = (set: SelectionSetNode, parent: GraphQLCompositeType, take: (field: FieldNode, parent: GraphQLCompositeType) => void): void => {
    for (const selection of set.selections) {
      if (++seen.visited > maxVisited) throw exceeded('objects', `The operation selects more than ${maxVisited} fields; ask for less at once.`)
      if (selection.kind === Kind.FIELD) {
        if (selection.alias && ++seen.aliases > limits.aliases)
          throw exceeded('aliases', `The operation has more than ${limits.aliases} aliases; split it.`)
        take(selection, parent)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent
        if (isCompositeType(type)) eachField(selection.selectionSet, type, take)
      } else {
        const fragment = fragments.get(selection.name.value)
        const type = fragment && schema.getType(fragment.typeCondition.name.value)
        if (fragment && isCompositeType(type)) eachField(fragment.selectionSet, type, take)
      }
    }
  }

  const visit = (set: SelectionSetNode, parent: GraphQLCompositeType, depth: number, times: number): void => {
    if (depth > limits.depth) throw exceeded('depth', `The operation nests more than ${limits.depth} levels deep; ask for less at once.`)
    eachField(set, parent, (field, type) => visitField(field, type, depth, times))
  }

  const addObjects = (count: number): void => {
    if ((seen.objects += count) > limits.objects)
      throw exceeded('objects', `The operation may ask for more than ${limits.objects} objects (list sizes multiplied along each path); ask for smaller pages.`)
  }

  const visitField = (field: FieldNode, parent: GraphQLCompositeType, depth: number, times: number): void => {
    if (field.name.value.startsWith('__')) return visitIntrospection(field, parent, 1, false)
    if (depth === 1 && ++seen.rootFields > limits.rootFields)
      throw exceeded('rootFields', `The operation has more than ${limits.rootFields} root fields; split it.`)
    if (!field.selectionSet) return
    const definition = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined
    const type = definition && getNamedType(definition.type)
    const within = times * (definition ? listSize(field, definition, given) : 1)
    addObjects(within)
    if (isCompositeType(type)) visit(field.selectionSet, type, depth + 1, within)
  }

  /** What an alias asks for comes besides what is asked for without: it counts as often as the schema has it. */
  const visitIntrospection = (field: FieldNode, parent: GraphQLCompositeType, times: number, repeated: boolean): void => {
    const within = times * introspectedSize(schema, field.name.value)
    const again = repeated || field.alias !== undefined
    if (again && field.selectionSet) addObjects(within)
    if (field.selectionSet) eachField(field.selectionSet, parent, (inner, type) => visitIntrospection(inner, type, within, again))
  }

  const root = schema.getRootType(operation.operation)
  if (root) visit(operation.selectionSet, root, 1, 1)
}

/** How many objects a field of introspection gives: as many as the schema has of them, for each type on average. */
function introspectedSize(schema: GraphQLSchema, field: string): number {
  let known = introspectedSizes.get(schema)
  if (!known) introspectedSizes.set(schema, known = measureSchema(schema))
  return known.get(field) ?? 1
}

const introspectedSizes = new WeakMap<GraphQLSchema, ReadonlyMap<string, number>>()

function measureSchema(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap())
  const mean = (all: readonly number[]): number => Math.max(1, all.reduce((sum, count) => sum + count, 0) / Math.max(1, all.length))
  const withFields = types.filter((type) => isObjectType(type) || isInterfaceType(type))
  const fields = withFields.map((type) => Object.values(type.getFields()))
  return new Map([
    ['types', types.length],
    ['directives', schema.getDirectives().length],
    ['fields', mean(fields.map(({ length }) => length))],
    ['args', mean(fields.flat().map(({ args }) => args.length))],
    ['inputFields', mean(types.filter(isInputObjectType).map((type) => Object.keys(type.getFields()).length))],
    ['enumValues', mean(types.filter(isEnumType).map((type) => type.getValues().length))],
    ['possibleTypes', mean(types.filter(isAbstractType).map((type) => schema.getPossibleTypes(type).length))],
  ])
}

/** Arguments that say how many objects a field gives: a number, or a list of what is asked for. */
const sizes = new Set(['first', 'entities', 'representations'])

/** How many objects a field stands for by its argument among `sizes`; 1 where it takes none of them. */
function listSize(field: FieldNode, definition: GraphQLField<unknown, unknown>, variables: Readonly<Record<string, unknown>>): number {
  for (const argument of definition.args) {
    if (!sizes.has(argument.name)) continue
    const node = field.arguments?.find(({ name }) => name.value === argument.name)?.value
    const value = node === undefined ? argument.defaultValue
      : node.kind === Kind.VARIABLE ? (variables[node.name.value] ?? argument.defaultValue)
      : node.kind === Kind.INT ? Number(node.value)
      : node.kind === Kind.LIST ? node.values
      : undefined
    if (typeof value === 'number') return Math.max(1, value)
    if (Array.isArray(value)) return Math.max(1, value.length)
  }
  return 1
}
