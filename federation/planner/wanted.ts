import {
  Kind, parse, print, visit, type DirectiveNode, type DocumentNode, type FragmentDefinitionNode,
  type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql'

/** What a selection asks for, with its fragments written out. A client's, a key's, a requirement's alike. */
export type Wanted = WantedField | WantedFragment

export interface WantedField {
  kind: 'field'
  name: string
  /** The response key. */
  key: string
  /** As in the document, in parentheses; empty without arguments. */
  args: string
  variables: readonly string[]
  conditions: readonly Condition[]
  /** Absent for leaves. */
  selections: readonly Wanted[] | undefined
}

export interface WantedFragment {
  kind: 'fragment'
  /** Absent where only conditions are set. */
  type: string | undefined
  conditions: readonly Condition[]
  selections: readonly Wanted[]
}

/** `@include(if: $variable)` where `value` is true, `@skip(if: $variable)` where it is false. */
export interface Condition {
  variable: string
  value: boolean
}

export interface WantedOperation {
  operation: OperationDefinitionNode
  wanted: readonly Wanted[]
}

/** What an operation asks for. Constant conditions must have been taken out before. */
export const wantedByOperation = (document: DocumentNode): WantedOperation => {
  const fragments = new Map<string, FragmentDefinitionNode>()
  let operation: OperationDefinitionNode | undefined
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
    else if (node.kind === Kind.OPERATION_DEFINITION) operation = node
  }
  if (!operation) throw new Error('The document has no operation to plan.')
  const converted = new Map<string, Wanted[]>()
  const convert = (set: SelectionSetNode): Wanted[] => set.selections.flatMap((node): Wanted[] => {
    const conditions = conditionsOf(node.directives)
    if (node.kind === Kind.FIELD) {
      return [fieldOf(node.name.value, (node.alias ?? node.name).value, node, conditions,
        node.selectionSet && convert(node.selectionSet))]
    }
    if (node.kind === Kind.INLINE_FRAGMENT) {
      const type = node.typeCondition?.name.value
      return [{ kind: 'fragment', type, conditions, selections: convert(node.selectionSet) }]
    }
    const fragment = fragments.get(node.name.value)
    if (!fragment) return []
    // Shared between its spreads, so that fragments in fragments do not multiply.
    let selections = converted.get(fragment.name.value)
    if (!selections) converted.set(fragment.name.value, selections = convert(fragment.selectionSet))
    return [{ kind: 'fragment', type: fragment.typeCondition.name.value, conditions, selections }]
  })
  return { operation, wanted: convert(operation.selectionSet) }
}

/** What a field set of the federation specification asks for; `keyOf` names its response keys. */
export const wantedByFieldSet = (
  text: string, keyOf: (name: string, args: string, below: readonly Wanted[] | undefined) => string,
): Wanted[] => {
  const convert = (set: SelectionSetNode): Wanted[] => set.selections.flatMap((node): Wanted[] => {
    if (node.kind === Kind.FIELD) {
      const field = fieldOf(node.name.value, '', node, [], node.selectionSet && convert(node.selectionSet))
      return [{ ...field, key: keyOf(field.name, field.args, field.selections) }]
    }
    if (node.kind !== Kind.INLINE_FRAGMENT) return []
    const type = node.typeCondition?.name.value
    return [{ kind: 'fragment', type, conditions: [], selections: convert(node.selectionSet) }]
  })
  const [operation] = parse(`{${text}}`, { noLocation: true }).definitions
  return operation?.kind === Kind.OPERATION_DEFINITION ? convert(operation.selectionSet) : []
}

const fieldOf = (
  name: string, key: string, node: Parameters<typeof argumentsOf>[0], conditions: readonly Condition[],
  selections: readonly Wanted[] | undefined,
): WantedField => ({ kind: 'field', name, key, ...argumentsOf(node), conditions, selections })

const argumentsOf = (
  node: Extract<SelectionSetNode['selections'][number], { kind: Kind.FIELD }>,
): { args: string, variables: string[] } => {
  if (!node.arguments?.length) return { args: '', variables: [] }
  const variables: string[] = []
  for (const argument of node.arguments) visit(argument, { Variable: ({ name }) => void variables.push(name.value) })
  return { args: `(${node.arguments.map((argument) => print(argument)).join(', ')})`, variables }
}

const conditionsOf = (directives: readonly DirectiveNode[] | undefined): Condition[] =>
  directives?.flatMap(({ name, arguments: args }) => {
    const value = args?.find((argument) => argument.name.value === 'if')?.value
    if (name.value !== 'skip' && name.value !== 'include' || value?.kind !== Kind.VARIABLE) return []
    return [{ variable: value.name.value, value: name.value === 'include' }]
  }) ?? []

/** Both, each condition once, in one order: equal conditions have equal texts. */
export const allOf = (some: readonly Condition[], others: readonly Condition[]): readonly Condition[] => {
  if (others.length === 0) return some
  const all = new Map([...some, ...others].map((condition) => [textOf(condition), condition]))
  return [...all].sort(([a], [b]) => a < b ? -1 : 1).map(([, condition]) => condition)
}

const textOf = ({ variable, value }: Condition): string => `${value ? '' : '!'}${variable}`

export const conditionsText = (conditions: readonly Condition[]): string => conditions.map(textOf).join()

/**
 * The fields that are wanted of a value of the type, those of fragments that apply to it included, equal ones joined;
 * and the fragments that do not apply to it as a whole, though they may to narrower types.
 */
export const collect = (
  wanted: readonly Wanted[], type: string, applies: (condition: string, type: string) => boolean,
): { fields: WantedField[], rest: WantedFragment[] } => {
  const fields = new Map<string, WantedField>()
  const rest: WantedFragment[] = []
  const add = (selections: readonly Wanted[], above: readonly Condition[]): void => {
    for (const one of selections) {
      const conditions = allOf(above, one.conditions)
      if (one.kind === 'fragment') {
        if (one.type === undefined || applies(one.type, type)) add(one.selections, conditions)
        else rest.push({ ...one, conditions })
        continue
      }
      const id = `${one.key} ${conditionsText(conditions)}`
      const known = fields.get(id)
      fields.set(id, !known ? { ...one, conditions }
        : known.selections ? { ...known, selections: [...known.selections, ...one.selections ?? []] } : known)
    }
  }
  add(wanted, [])
  return { fields: [...fields.values()], rest }
}
