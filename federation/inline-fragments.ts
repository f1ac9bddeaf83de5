import {
  Kind, type DocumentNode, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** Beyond so many selections a document is not written out: fragments that use fragments can multiply. */
const maximumSelections = 20_000

/**
 * The document with its fragments written out where they are used. graphql-jit 0.8 looks at a fragment's first use
 * only, even if a condition excludes that one. Nothing when the result would be too large.
 */
export const inlineFragments = (document: DocumentNode): DocumentNode | undefined => {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  if (fragments.size === 0) return document
  let left = maximumSelections
  const write = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: set.selections.flatMap((node): SelectionNode[] => {
      if (left-- <= 0) return []
      if (node.kind !== Kind.FRAGMENT_SPREAD) {
        return [node.selectionSet ? { ...node, selectionSet: write(node.selectionSet) } as SelectionNode : { ...node }]
      }
      const fragment = fragments.get(node.name.value)
      if (!fragment) return []
      return [{
        kind: Kind.INLINE_FRAGMENT,
        typeCondition: fragment.typeCondition,
        directives: node.directives,
        selectionSet: write(fragment.selectionSet),
      }]
    }),
  })
  const operations = document.definitions.filter((node): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION)
  const written = operations.map((operation) => ({ ...operation, selectionSet: write(operation.selectionSet) }))
  return left > 0 ? { ...document, definitions: written } : undefined
}
