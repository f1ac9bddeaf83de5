import { Kind, parse, type DocumentNode, type SelectionSetNode } from 'graphql'
import { federationNames } from '../federation-spec.ts'
import type { Obj } from '../merge.ts'
import { argumentOf } from './names.ts'

/** What an event is about, given the type that it has where it does not say so. */
export type KeyOf = (event: Obj, type: string | undefined) => string | undefined

/** Entities by the first of their keys: events of equal texts are about the same one. Undefined for what is no entity. */
export const entityKeys = (document: DocumentNode): KeyOf => {
  const keyName = federationNames(document).directive('key')
  const keys = new Map<string, SelectionSetNode>()
  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.OBJECT_TYPE_EXTENSION) continue
    const directive = node.directives?.find(({ name }) => name.value === keyName)
    const fields = directive && argumentOf(directive, 'fields')
    if (fields?.kind !== Kind.STRING || keys.has(node.name.value)) continue
    const [operation] = parse(`{ ${fields.value} }`).definitions
    if (operation?.kind === Kind.OPERATION_DEFINITION) keys.set(node.name.value, operation.selectionSet)
  }
  return (event, type) => {
    const name = typeof event.__typename === 'string' ? event.__typename : type
    const key = name === undefined ? undefined : keys.get(name)
    return key && JSON.stringify([name, picked(key, event)])
  }
}

/** Scalars as texts: an `ID` may be `1` or `"1"`. */
const picked = ({ selections }: SelectionSetNode, value: unknown): unknown[] => selections.map((selection) => {
  if (selection.kind !== Kind.FIELD) return null
  const inner = (value as Obj | null | undefined)?.[selection.name.value]
  return selection.selectionSet ? picked(selection.selectionSet, inner) : inner === undefined || inner === null ? null : String(inner)
})
