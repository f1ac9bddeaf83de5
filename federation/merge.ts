import type { Shape } from './shape.ts'
import type { SupergraphTypes } from './schema.ts'

export type Obj = Record<string, unknown>

export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Copies an answer into the response tree. Answers are never adopted: they may be frozen or shared by the subgraph,
 * and one entity may go to several places, whose later fetches must not meet.
 */
export const mergeObject = (target: Obj, source: Obj, shape: Shape, types: SupergraphTypes): void => {
  for (let index = 0; index < shape.length; index++) {
    const { key, into, child, typename } = shape[index]!
    const value = source[key]
    if (value === undefined) continue
    if (child) target[into] = mergeValue(target[into], value, child, types)
    else if (typename) mergeTypename(target, value, types)
    else if (value !== null || target[into] === undefined) target[into] = value
  }
}

/** A concrete type's name is never replaced by the interface's name that an interface object answers with. */
const mergeTypename = (target: Obj, value: unknown, types: SupergraphTypes): void => {
  if (target.__typename === undefined || (typeof value === 'string' && types.isObject(value))) target.__typename = value
}

const mergeValue = (existing: unknown, incoming: unknown, shape: Shape, types: SupergraphTypes): unknown => {
  if (incoming === null || typeof incoming !== 'object') return existing ?? incoming
  if (Array.isArray(incoming)) {
    const list = Array.isArray(existing) ? existing : []
    for (let index = 0; index < incoming.length; index++) {
      list[index] = mergeValue(list[index], incoming[index], shape, types)
    }
    return list
  }
  const target = isObject(existing) ? existing : {}
  mergeObject(target, incoming as Obj, shape, types)
  return target
}
