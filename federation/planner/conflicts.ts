import { visit, type DocumentNode } from 'graphql'
import type { Supergraph } from './supergraph.ts'
import type { Wanted } from './wanted.ts'

/**
 * Finds operations whose fields require the same field with different arguments. The native planner (0.0.38) can give
 * one of them the other's value. Goes by names alone, so it may name operations that are none.
 */
export const conflictingRequirements = (supergraph: Supergraph): (document: DocumentNode) => boolean => {
  const required = new Map<string, Map<string, Set<string>>>()
  let anyArguments = false
  const addAll = (wanted: readonly Wanted[], into: Map<string, Set<string>>): void => {
    for (const one of wanted) {
      if (one.kind === 'field') {
        const texts = into.get(one.name) ?? new Set()
        into.set(one.name, texts.add(one.args))
        if (one.args !== '') anyArguments = true
      }
      addAll(one.selections ?? [], into)
    }
  }
  for (const [field, { wanted }] of supergraph.requirements()) {
    const into = required.get(field) ?? new Map<string, Set<string>>()
    required.set(field, into)
    addAll(wanted, into)
  }
  return (document) => {
    if (!anyArguments) return false
    const asked = new Map<string, Set<string>>()
    const follow = (field: string, followed: Set<string>): void => {
      if (followed.has(field)) return
      followed.add(field)
      for (const [name, texts] of required.get(field) ?? []) {
        asked.set(name, (asked.get(name) ?? new Set()).union(texts))
        follow(name, followed)
      }
    }
    const followed = new Set<string>()
    visit(document, { Field: ({ name }) => follow(name.value, followed) })
    return [...asked.values()].some(({ size }) => size > 1)
  }
}
