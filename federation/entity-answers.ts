import type { ExecutionResult, GraphQLFormattedError } from 'graphql'
import type { EntityGroup } from './compile.ts'
import { UnusableAnswer, type PathKey } from './errors.ts'
import { isObject } from './merge.ts'

/** What a subgraph answered for one entity. Shared between requests: nobody may change it. */
export interface EntityAnswer {
  value: unknown
  /** Paths are relative to the entity, by the keys of the call. */
  errors: readonly EntityError[]
}

export interface EntityError {
  error: GraphQLFormattedError
  path: readonly PathKey[]
}

/** What became of the entities of one group in one call. */
export type EntityOutcome =
  | {
    /** In the order in which they were asked for; absent where the call brought none. */
    answers: readonly EntityAnswer[] | undefined
    /** Errors that belong to no entity in particular. */
    general: readonly GraphQLFormattedError[]
  }
  | { cause: unknown }

/** Reads the answer for one group's `_entities` field, where `count` entities were asked for. */
export const readEntities = (result: ExecutionResult, group: EntityGroup, count: number): EntityOutcome => {
  const general: GraphQLFormattedError[] = []
  let own: Map<number, EntityError[]> | undefined
  for (const error of result.errors ?? []) {
    const [key, index, ...path] = error.path ?? []
    if (key === group.responseKey && typeof index === 'number') {
      own ??= new Map()
      own.set(index, [...own.get(index) ?? [], { error, path }])
    } else if (key === undefined || key === group.responseKey) {
      general.push(error)
    }
  }
  const entities = isObject(result.data) ? result.data[group.responseKey] : undefined
  if (Array.isArray(entities) && entities.length === count) {
    return { general, answers: entities.map((value, index) => ({ value, errors: own?.get(index) ?? noErrors })) }
  }
  if (general.length > 0) return { general, answers: undefined }
  // Nothing but errors of single entities: each of the entities is null.
  if (own) return { general: [...own.values()].flat().map(({ error }) => error), answers: undefined }
  const given = Array.isArray(entities) ? `${entities.length} entities` : 'no entities'
  return { cause: new UnusableAnswer(`answered with ${given} where ${count} were asked for`) }
}

export const noErrors: readonly EntityError[] = []
