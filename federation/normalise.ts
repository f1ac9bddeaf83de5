import {
  Kind, isInputObjectType, isEnumType, isListType, isNonNullType, isSpecifiedScalarType, parseType, print, TypeInfo,
  valueFromAST, valueFromASTUntyped, visit, visitWithTypeInfo, type ArgumentNode, type DirectiveNode,
  type DocumentNode, type FieldNode, type FragmentDefinitionNode, type GraphQLInputType, type GraphQLSchema,
  type OperationDefinitionNode, type SelectionNode, type SelectionSetNode, type ValueNode,
  type VariableDefinitionNode,
} from 'graphql'
import type { SupergraphTypes } from './schema.ts'

/** One operation of a client's document, in the form under which its plan is kept. */
export interface NormalisedOperation {
  /** Equal for operations that differ in names, literals of arguments, layout and unused definitions only. */
  text: string
  operation: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** The document for the planner: no introspection. Absent when nothing but introspection is left. */
  forPlanner: DocumentNode | undefined
  /** The operation reduced to `__schema` and `__type`, when it asks for them. */
  introspection: DocumentNode | undefined
  /** Arguments that became variables: their values, or what to work them out from where they contain variables. */
  lifted: ReadonlyMap<string, LiftedValue>
  /** Response keys that were renamed for the planner → the client's. */
  renamed: ReadonlyMap<string, string>
}

export type LiftedValue = { value: unknown } | { literal: ValueNode, type: GraphQLInputType }

const liftedPrefix = '_lit_'
const renamedPrefix = '_key_'

/**
 * Brings an operation into the form in which it is planned: literals of arguments become variables; aliases that
 * could meet a field that the planner adds on its own (keys, requirements) get names of their own.
 */
export const normalise = (
  document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema, types: SupergraphTypes,
): NormalisedOperation => {
  const literals = new Lifted(operation)
  const renamed = new Map<string, string>()
  const rewritten = rewrite(reachable(document, operation), schema, types, literals, renamed)
  const main = rewritten.definitions[0] as OperationDefinitionNode
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of rewritten.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  const lifted: OperationDefinitionNode = {
    ...main, name: undefined, variableDefinitions: [...main.variableDefinitions ?? [], ...literals.definitions],
  }
  const whole: DocumentNode = { kind: Kind.DOCUMENT, definitions: [lifted, ...fragments.values()] }
  const planned = withRootFields(...withoutExcluded(lifted, fragments), ({ name }) => !name.value.startsWith('__'))
  const introspective = withRootFields(lifted, fragments, ({ name }) =>
    name.value === '__schema' || name.value === '__type')
  return {
    text: print(whole),
    operation: lifted,
    fragments,
    forPlanner: planned,
    introspection: introspective,
    lifted: literals.values,
    renamed,
  }
}

/** The operation and the fragments that it reaches, in the order in which it reaches them. */
const reachable = (document: DocumentNode, operation: OperationDefinitionNode): DocumentNode => {
  const all = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) all.set(node.name.value, node)
  const used = new Set<FragmentDefinitionNode>()
  const follow = (set: SelectionSetNode): void => {
    for (const node of set.selections) {
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = all.get(node.name.value)
        if (!fragment || used.has(fragment)) continue
        used.add(fragment)
        follow(fragment.selectionSet)
      } else if (node.selectionSet) {
        follow(node.selectionSet)
      }
    }
  }
  follow(operation.selectionSet)
  return { kind: Kind.DOCUMENT, definitions: [operation, ...used] }
}

const rewrite = (
  document: DocumentNode, schema: GraphQLSchema, types: SupergraphTypes, literals: Lifted, renamed: Map<string, string>,
): DocumentNode => {
  const info = new TypeInfo(schema)
  return visit(document, visitWithTypeInfo(info, {
    Field: {
      enter: (node) => {
        const key = (node.alias ?? node.name).value
        // The planner takes `name: name` and `name` for two fields.
        if (!meetsPlanner(node, key, types)) {
          return node.alias?.value === node.name.value ? { ...node, alias: undefined } : undefined
        }
        renamed.set(renamedPrefix + key, key)
        return { ...node, alias: { kind: Kind.NAME, value: renamedPrefix + key } }
      },
    },
    Directive: () => false,
    VariableDefinition: () => false,
    Argument: {
      enter: (node) => {
        const type = info.getArgument()?.type
        const value = type && literals.lift(node.value, type)
        return value ? { ...node, value } satisfies ArgumentNode : undefined
      },
    },
  }))
}

/** Whether the planner might use this response key for a field of its own. */
const meetsPlanner = (node: FieldNode, key: string, types: SupergraphTypes): boolean => {
  const name = node.name.value
  return key === name ? types.requiredWithArguments.has(name) : key.startsWith('_') || types.fieldNames.has(key)
}

/** The value with the defaults of input objects filled in, as a literal in the document would have had them. */
const constantOf = (value: ValueNode, type: GraphQLInputType): unknown => {
  const coerced: unknown = valueFromAST(value, type)
  return coerced === undefined ? valueFromASTUntyped(value) : coerced
}

/** Argument values lifted to variables; equal ones share a variable, so that equal fields stay equal. */
class Lifted {
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

/**
 * The operation without what `@skip(if: true)` and `@include(if: false)` exclude in every request: the planner does
 * not plan an operation that excludes everything. Emptied selections keep a `__typename`, which the projection does
 * not show.
 */
const withoutExcluded = (
  operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): [OperationDefinitionNode, ReadonlyMap<string, FragmentDefinitionNode>] => {
  const kept = new Map<string, FragmentDefinitionNode>()
  const prune = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: set.selections.flatMap((node): SelectionNode[] => {
      if (isExcluded(node)) return []
      const directives = node.directives?.filter((directive) => !isConstantCondition(directive))
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(node.name.value)
        if (!fragment) return []
        const known = kept.get(fragment.name.value) ?? { ...fragment, selectionSet: prune(fragment.selectionSet) }
        kept.set(fragment.name.value, known)
        return known.selectionSet.selections.length > 0 ? [{ ...node, directives }] : []
      }
      if (!node.selectionSet) return [{ ...node, directives }]
      const inner = prune(node.selectionSet)
      if (inner.selections.length > 0) return [{ ...node, directives, selectionSet: inner }]
      if (node.kind !== Kind.FIELD) return []
      return [{ ...node, directives, selectionSet: { ...inner, selections: [typenameField] } }]
    }),
  })
  const pruned = { ...operation, selectionSet: prune(operation.selectionSet) }
  return [pruned, kept]
}

const typenameField: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

const conditionOf = (directive: DirectiveNode): boolean | undefined => {
  const value = directive.arguments?.find(({ name }) => name.value === 'if')?.value
  return value?.kind === Kind.BOOLEAN ? value.value : undefined
}

const isConstantCondition = (directive: DirectiveNode): boolean =>
  (directive.name.value === 'skip' || directive.name.value === 'include') && conditionOf(directive) !== undefined

const isExcluded = (node: SelectionNode): boolean => node.directives?.some((directive) =>
  directive.name.value === 'skip' && conditionOf(directive) === true
  || directive.name.value === 'include' && conditionOf(directive) === false) === true

/** A document for each root field of the operation, in the order in which they are selected. */
export const perRootField = (normalised: NormalisedOperation): DocumentNode[] => {
  const [operation, fragments] = withoutExcluded(normalised.operation, normalised.fragments)
  const keys = new Set<string>()
  const keyOf = (field: FieldNode): string => (field.alias ?? field.name).value
  withRootFields(operation, fragments, (field) => {
    if (!field.name.value.startsWith('__')) keys.add(keyOf(field))
    return true
  })
  return [...keys].flatMap((key) => withRootFields(operation, fragments, (field) => keyOf(field) === key) ?? [])
}

/** The document with those root fields only that pass; nothing when none does. */
const withRootFields = (
  operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  passes: (field: FieldNode) => boolean,
): DocumentNode | undefined => {
  const filter = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: set.selections.flatMap((node): SelectionNode[] => {
      if (node.kind === Kind.FIELD) return passes(node) ? [node] : []
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value)
      const inner = fragment?.selectionSet
      const kept = inner && filter(inner)
      if (!kept || kept.selections.length === 0) return []
      if (node.kind === Kind.FRAGMENT_SPREAD && kept.selections.length === inner.selections.length
        && kept.selections.every((selection, index) => selection === inner.selections[index])) return [node]
      return [{
        kind: Kind.INLINE_FRAGMENT as const,
        directives: node.directives,
        typeCondition: fragment?.typeCondition,
        selectionSet: kept,
      }]
    }),
  })
  const selectionSet = filter(operation.selectionSet)
  if (selectionSet.selections.length === 0) return undefined
  return reachable(
    { kind: Kind.DOCUMENT, definitions: [...fragments.values()] },
    { ...operation, selectionSet },
  )
}
