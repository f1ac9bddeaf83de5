import {
  Kind, type DocumentNode, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode,
} from 'graphql'

/**
 * The response keys that a fetch can answer with. Validation forbids that one key is a leaf under one type and an
 * object under another, so one tree serves all runtime types. It tells a scalar that happens to be a JSON object
 * (which must not be merged into) from an object.
 */
export type Shape = ShapeField[]

export interface ShapeField {
  key: string
  /** Where the value goes: differs from the key where the planner had to alias a field internally. */
  into: string
  /** Absent for leaves. */
  child: Shape | undefined
  /** Whether the value is the object's type name, under whatever key. */
  typename: boolean
}

export const fieldOf = (shape: Shape | undefined, key: string): ShapeField | undefined =>
  shape?.find((field) => field.key === key)

/** The shape of an operation's answer. */
export const operationShape = (document: DocumentNode): Shape => {
  const fragments = new Map<string, FragmentDefinitionNode>()
  let operation: OperationDefinitionNode | undefined
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
    else if (node.kind === Kind.OPERATION_DEFINITION) operation = node
  }
  const shape: Shape = []
  if (operation) collect(operation.selectionSet, fragments, shape)
  return shape
}

const collect = (set: SelectionSetNode, fragments: Map<string, FragmentDefinitionNode>, into: Shape): void => {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value
      let field = fieldOf(into, key)
      if (!field) {
        field = { key, into: key, child: undefined, typename: selection.name.value === '__typename' }
        into.push(field)
      }
      if (selection.selectionSet) collect(selection.selectionSet, fragments, field.child ??= [])
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      collect(selection.selectionSet, fragments, into)
    } else {
      const fragment = fragments.get(selection.name.value)
      if (fragment) collect(fragment.selectionSet, fragments, into)
    }
  }
}
