import { Kind, print, visit, type DirectiveNode, type DocumentNode } from 'graphql'
import type { Supergraph } from './supergraph.ts'
import type { Wanted } from './wanted.ts'

/**
 * Finds operations that the native planner (0.0.38) may plan wrongly without a word. Goes by the names of fields, so it
 * also finds some that would be right.
 * - A field is required with other arguments than those with which it is selected or required elsewhere: one of them
 *   can get the other's value.
 * - An interface object's field is selected: where it has arguments, or is selected for some types only, other types
 *   can get its value or its error.
 * - Variables decide on a fragment for one type of several: the condition can get lost, and with it errors of fields that
 *   are excluded come up.
 */
export const riskyOperations = (supergraph: Supergraph): (document: DocumentNode) => boolean => {
  const required = requirementsByField(supergraph)
  const added = supergraph.addedByInterfaceObjects()
  return (document) => {
    const selected = new Map<string, Set<string>>()
    const types = new Map(document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.typeCondition.name.value] as const] : []))
    let loseable = false
    const conditioned = (type: string | undefined, directives: readonly DirectiveNode[] | undefined): void => {
      if (directives?.length && type !== undefined && supergraph.isMember(type)) loseable = true
    }
    visit(document, {
      InlineFragment: ({ typeCondition, directives }) => conditioned(typeCondition?.name.value, directives),
      FragmentSpread: ({ name, directives }) => conditioned(types.get(name.value), directives),
      Field: ({ name, arguments: args }) => {
        addTo(selected, name.value, args?.length ? `(${args.map((argument) => print(argument)).join(', ')})` : '')
      },
    })
    if (loseable) return true
    const followed = new Map<string, Set<string>>()
    const follow = (field: string): void => {
      for (const [name, args] of required.get(field) ?? []) {
        const isNew = !followed.has(name)
        for (const one of args) addTo(followed, name, one)
        if (isNew) follow(name)
      }
    }
    for (const name of selected.keys()) {
      if (added.has(name)) return true
      follow(name)
    }
    return [...followed].some(([name, args]) => args.union(selected.get(name) ?? new Set()).size > 1)
  }
}

/** What fields require, with which arguments, by the names of the fields. */
const requirementsByField = (supergraph: Supergraph): Map<string, Map<string, Set<string>>> => {
  const required = new Map<string, Map<string, Set<string>>>()
  const addAll = (wanted: readonly Wanted[], into: Map<string, Set<string>>): void => {
    for (const one of wanted) {
      if (one.kind === 'field') addTo(into, one.name, one.args)
      addAll(one.selections ?? [], into)
    }
  }
  for (const [, field, { wanted }] of supergraph.requirements()) {
    const into = required.get(field) ?? new Map<string, Set<string>>()
    required.set(field, into)
    addAll(wanted, into)
  }
  return required
}

const addTo = (map: Map<string, Set<string>>, key: string, value: string): void => {
  const set = map.get(key) ?? new Set()
  map.set(key, set.add(value))
}
