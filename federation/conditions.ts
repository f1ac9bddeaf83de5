import { Kind, type SelectionNode, type SelectionSetNode } from 'graphql'
import type { NormalisedOperation } from './normalise.ts'

/** The variables that decide `@skip` and `@include`. */
export const conditionVariables = (operation: NormalisedOperation): string[] => {
  const names = new Set<string>()
  const collect = (set: SelectionSetNode): void => {
    for (const node of set.selections) {
      for (const directive of node.directives ?? []) {
        const value = directive.arguments?.find(({ name }) => name.value === 'if')?.value
        if (value?.kind === Kind.VARIABLE) names.add(value.name.value)
      }
      if (node.kind !== Kind.FRAGMENT_SPREAD && node.selectionSet) collect(node.selectionSet)
    }
  }
  collect(operation.operation.selectionSet)
  for (const fragment of operation.fragments.values()) collect(fragment.selectionSet)
  return [...names]
}

/** Whether `@skip` and `@include` leave a node in, given the variables that decide. */
export const isIncluded = (node: SelectionNode, variables: Record<string, unknown>): boolean => {
  for (const directive of node.directives ?? []) {
    const name = directive.name.value
    if (name !== 'skip' && name !== 'include') continue
    const value = directive.arguments?.find((argument) => argument.name.value === 'if')?.value
    const condition = value?.kind === Kind.VARIABLE ? variables[value.name.value] === true
      : value?.kind === Kind.BOOLEAN && value.value
    if (condition === (name === 'skip')) return false
  }
  return true
}
