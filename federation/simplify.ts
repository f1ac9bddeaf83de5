import {
  Kind, type DirectiveNode, type DocumentNode, type FieldNode, type FragmentDefinitionNode,
  type OperationDefinitionNode, type SelectionNode, type SelectionSetNode,
} from 'graphql'

export interface Operation {
  operation: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

/**
 * The operation as the planner gets it. What `@skip(if: true)` and `@include(if: false)` exclude in every request is
 * taken out: the planner does not plan an operation that excludes everything. Fields that are selected several times
 * are joined, and conditions on a field that is selected without one, too, are dropped: the planner (0.0.38) can
 * take such repetitions for different fields. Emptied selections keep a `__typename`, which the projection does not
 * show.
 */
export const simplified = ({ operation, fragments }: Operation): Operation => {
  const kept = new Map<string, FragmentDefinitionNode>()
  const simplify = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: joined(set.selections.filter((node) => !isExcluded(node)).map(withoutConstantConditions))
      .flatMap((node): SelectionNode[] => {
        if (node.kind === Kind.FRAGMENT_SPREAD) {
          const fragment = fragments.get(node.name.value)
          if (!fragment) return []
          const known = kept.get(fragment.name.value) ?? { ...fragment, selectionSet: simplify(fragment.selectionSet) }
          kept.set(fragment.name.value, known)
          return known.selectionSet.selections.length > 0 ? [node] : []
        }
        if (!node.selectionSet) return [node]
        const inner = simplify(node.selectionSet)
        if (inner.selections.length > 0) return [{ ...node, selectionSet: inner }]
        return node.kind === Kind.FIELD ? [{ ...node, selectionSet: { ...inner, selections: [typenameField] } }] : []
      }),
  })
  return { operation: { ...operation, selectionSet: simplify(operation.selectionSet) }, fragments: kept }
}

const joined = (selections: readonly SelectionNode[]): SelectionNode[] => {
  const plain = new Map<string, FieldNode>()
  for (const node of selections) {
    if (node.kind !== Kind.FIELD || node.directives?.length) continue
    const known = plain.get(keyOf(node))
    plain.set(keyOf(node), known?.selectionSet && node.selectionSet ? {
      ...known,
      selectionSet: {
        ...known.selectionSet, selections: [...known.selectionSet.selections, ...node.selectionSet.selections],
      },
    } : known ?? node)
  }
  const written = new Set<string>()
  return selections.flatMap((node): SelectionNode[] => {
    const field = node.kind === Kind.FIELD ? plain.get(keyOf(node)) : undefined
    if (!field || node.kind !== Kind.FIELD || (node.directives?.length && node.selectionSet)) return [node]
    if (written.has(keyOf(node))) return []
    written.add(keyOf(node))
    return [field]
  })
}

export const keyOf = (field: FieldNode): string => (field.alias ?? field.name).value

const withoutConstantConditions = (node: SelectionNode): SelectionNode =>
  node.directives?.length
    ? { ...node, directives: node.directives.filter((directive) => !isConstantCondition(directive)) }
    : node

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

/** The operation and the fragments that it reaches, in the order in which it reaches them. */
export const reachable = (document: DocumentNode, operation: OperationDefinitionNode): DocumentNode => {
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

/** The document with those root fields only that pass; nothing when none does. */
export const withRootFields = (
  { operation, fragments }: Operation, passes: (field: FieldNode) => boolean,
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
