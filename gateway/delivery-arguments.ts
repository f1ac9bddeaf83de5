import {
  getNullableType, GraphQLError, isRequiredArgument, Kind, valueFromASTUntyped, visit, type ArgumentNode, type ASTNode, type DocumentNode,
  type FragmentDefinitionNode, type GraphQLArgument, type GraphQLField, type GraphQLSchema, type OperationDefinitionNode, type SelectionSetNode, type ValueNode,
} from 'graphql'
import { DateTime } from '../resolvers/scalars.ts'
import type { Policy } from '../subscriptions/delivery/subscriber.ts'
import { isObject } from './json.ts'

/** How a client wants its subscription delivered. */
export interface DeliveryArguments {
  /** A cursor, or what the client takes for one. */
  after?: string
  /** Ms since the epoch. */
  since?: number
  policy: Policy
  /** Payloads that may wait. */
  buffer: number
}

/** A subscription without the arguments that are the same to its source: what is left of equal ones is equal. */
export interface Stripped {
  document: DocumentNode
  variables: Record<string, unknown>
  delivery: DeliveryArguments
}

/** Arguments of subscription fields that are about their delivery, by what a field has to declare of them. */
const types: Readonly<Record<string, string>> = { after: 'Cursor', since: 'DateTime', policy: 'DeliveryPolicy', buffer: 'Int' }
const names = Object.keys(types)
const policies: ReadonlySet<unknown> = new Set<Policy>(['CONFLATE', 'BUFFER', 'DISCONNECT'])
const maxBuffer = 10_000

/** What is found once for a document. */
interface Shape {
  document: DocumentNode
  field: GraphQLField<unknown, unknown> | undefined
  given: ReadonlyMap<string, ValueNode>
  /** Variables that nothing else needs. */
  dropped: readonly string[]
}

const shapes = new WeakMap<GraphQLSchema, WeakMap<OperationDefinitionNode, Shape>>()

/** What of a request says how it is delivered. */
export interface Asked {
  document: DocumentNode
  operation: OperationDefinitionNode
  variables?: Readonly<Record<string, unknown>> | null | undefined
  extensions?: unknown
}

/**
 * Takes what is about delivery out of a validated subscription: the arguments of its field, where it has such, and `delivery` in the
 * extensions of the request, which every subscription may have and whose values win.
 * @throws GraphQLError with code `BAD_USER_INPUT` for a value that is none of the argument's
 */
export function stripDelivery(schema: GraphQLSchema, { document, operation, variables, extensions }: Asked): Stripped {
  const { document: rest, field, given, dropped } = shapeOf(schema, document, operation)
  const left = { ...variables }
  for (const name of dropped) delete left[name]
  return { document: rest, variables: left, delivery: read(field?.args ?? [], given, withDefaults(operation, variables ?? {}), ofExtensions(extensions)) }
}

/** What the extensions of a request alone say. */
export const deliveryOf = (extensions: unknown): DeliveryArguments => read([], new Map(), {}, ofExtensions(extensions))

function ofExtensions(extensions: unknown): Record<string, unknown> {
  const delivery = isObject(extensions) ? extensions.delivery ?? {} : {}
  if (!isObject(delivery)) throw wrong('extensions.delivery', `an object with ${names.join(', ')}`, delivery)
  // A misspelt "after" would otherwise be a resume that silently starts anew.
  const unknown = Object.keys(delivery).find((key) => !names.includes(key))
  if (unknown !== undefined) throw new GraphQLError(
    `"extensions.delivery" takes ${names.join(', ')}; ${JSON.stringify(unknown.slice(0, 100))} is none of them.`, { extensions: { code: 'BAD_USER_INPUT' } })
  return delivery
}

function shapeOf(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Shape {
  let known = shapes.get(schema)
  if (!known) shapes.set(schema, known = new WeakMap())
  let shape = known.get(operation)
  if (!shape) known.set(operation, shape = strip(schema, document, operation))
  return shape
}

function strip(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Shape {
  const fields = schema.getSubscriptionType()?.getFields() ?? {}
  const given = new Map<string, ValueNode>()
  let field: Shape['field']
  const fragments = new Map(document.definitions.flatMap((node): [string, FragmentDefinitionNode][] =>
    node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : []))
  const changed = new Map<string, FragmentDefinitionNode>()

  const inSet = (set: SelectionSetNode): SelectionSetNode => ({ ...set, selections: set.selections.map((node) => {
    if (node.kind === Kind.INLINE_FRAGMENT) return { ...node, selectionSet: inSet(node.selectionSet) }
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      const { value } = node.name
      const fragment = fragments.get(value)
      if (fragment && !changed.has(value)) changed.set(value, { ...fragment, selectionSet: inSet(fragment.selectionSet) })
      return node
    }
    const definition = fields[node.name.value]
    if (!definition || !hasDelivery(definition)) return node
    field = definition
    const { args } = definition
    const isDelivery = ({ name: { value } }: ArgumentNode): boolean => args.some((argument) => argument.name === value && isOfDelivery(argument))
    for (const argument of node.arguments ?? []) if (isDelivery(argument)) given.set(argument.name.value, argument.value)
    return { ...node, arguments: node.arguments?.filter((argument) => !isDelivery(argument)) }
  }) })

  const stripped: OperationDefinitionNode = { ...operation, selectionSet: inSet(operation.selectionSet) }
  const rest = document.definitions.map((node) =>
    node === operation ? stripped : node.kind === Kind.FRAGMENT_DEFINITION ? changed.get(node.name.value) ?? node : node)
  if (given.size === 0) return { document, field, given, dropped: [] }
  const used = new Set<string>()
  for (const node of rest) collectVariables(node, used)
  const dropped = [...given.values()].flatMap((value) => value.kind === Kind.VARIABLE && !used.has(value.name.value) ? [value.name.value] : [])
  const variableDefinitions = stripped.variableDefinitions?.filter(({ variable }) => !dropped.includes(variable.name.value))
  return {
    field, given, dropped,
    document: { ...document, definitions: rest.map((node) => node === stripped ? { ...stripped, variableDefinitions } : node) },
  }
}

/** `after: Cursor` says that those named like these are meant. */
const hasDelivery = ({ args }: GraphQLField<unknown, unknown>): boolean => args.some((argument) => argument.name === 'after' && isOfDelivery(argument))

/** What is left of the operation has to be valid without it. */
const isOfDelivery = (argument: GraphQLArgument): boolean =>
  getNullableType(argument.type).toString() === types[argument.name] && !isRequiredArgument(argument)

const collectVariables = (node: ASTNode, used: Set<string>): void => {
  visit(node, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  })
}

const withDefaults = ({ variableDefinitions = [] }: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...Object.fromEntries(variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [])),
  ...variables,
})

function read(
  args: readonly GraphQLArgument[], given: ReadonlyMap<string, ValueNode>, variables: Record<string, unknown>, extensions: Record<string, unknown>,
): DeliveryArguments {
  const valueOf = (name: string): unknown => {
    const node = given.get(name)
    return extensions[name] ?? (node && valueFromASTUntyped(node, variables)) ?? args.find((each) => each.name === name && isOfDelivery(each))?.defaultValue
  }
  const [after, since, policy = 'BUFFER', buffer = 1_000] = names.map((name) => valueOf(name) ?? undefined)
  if (!policies.has(policy)) throw wrong('policy', 'one of CONFLATE, BUFFER and DISCONNECT', policy)
  if (!Number.isInteger(buffer) || (buffer as number) < 1 || (buffer as number) > maxBuffer)
    throw wrong('buffer', `how many payloads may wait, from 1 to ${maxBuffer}`, buffer)
  if (after !== undefined && typeof after !== 'string') throw wrong('after', 'the "cursor" of a payload\'s extensions', after)
  return {
    policy: policy as Policy, buffer: buffer as number,
    ...after !== undefined && { after },
    ...since !== undefined && { since: moment(since) },
  }
}

function moment(value: unknown): number {
  try {
    return DateTime.parseValue(value)
  } catch {
    throw wrong('since', 'a moment with a zone in RFC 3339, as in "2026-01-31T18:00:00Z"', value)
  }
}

const wrong = (name: string, expected: string, value: unknown): GraphQLError =>
  new GraphQLError(`"${name}" must be ${expected}; it is ${JSON.stringify(value)?.slice(0, 100)}.`, { extensions: { code: 'BAD_USER_INPUT' } })
