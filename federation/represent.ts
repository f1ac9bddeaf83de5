import type { EntityGroup, Path } from './compile.ts'
import { isObject, type Obj } from './merge.ts'
import type { RequiresSelection } from './plan.ts'
import { rewriteInput } from './rewrites.ts'
import type { SupergraphTypes } from './schema.ts'
import type { PathKey } from './errors.ts'

/** An object in the response tree that a fetch is about, and where it is. */
export interface Place {
  object: Obj
  path: Trail | undefined
}

/** A path, linked from its end: extending it copies nothing, and it is written out for errors only. */
export interface Trail {
  above: Trail | undefined
  key: PathKey
}

export const pathOf = (trail: Trail | undefined): PathKey[] => {
  const path: PathKey[] = []
  for (let at = trail; at; at = at.above) path.push(at.key)
  return path.reverse()
}

/** The distinct representations of a group and the places that each of them stands for. */
export interface Representations {
  values: Obj[]
  /** What identifies each value within the group. */
  keys: string[]
  places: Place[][]
  /** Objects of the right type that lack a field which the plan should have fetched before. */
  incomplete: Place[]
}

/** Finds the group's objects in the tree and builds what their entities are asked by, equal ones once. */
export const represent = (
  group: EntityGroup, data: Obj, types: SupergraphTypes, variables: Record<string, unknown>,
): Representations => {
  const result: Representations = { values: [], keys: [], places: [], incomplete: [] }
  const indexes = new Map<string, number>()
  const visit = (object: Obj, path: Trail | undefined): void => {
    const value = representation(object, group, types, variables)
    if (value === incomplete) result.incomplete.push({ object, path })
    if (typeof value !== 'object') return
    const key = identityOf(value)
    let index = indexes.get(key)
    if (index === undefined) {
      indexes.set(key, index = result.values.length)
      result.values.push(value)
      result.keys.push(key)
      result.places.push([])
    }
    result.places[index]!.push({ object, path })
  }
  for (const path of group.paths) walk(data, path, 0, undefined, types, visit)
  return result
}

/** Equal for equal representations of one group: their fields come in one order. Lengths keep strings apart. */
const identityOf = (representation: Obj): string => {
  let identity = ''
  for (const name in representation) {
    const value = representation[name]
    identity += typeof value === 'string' ? `${value.length}"${value}` : `${JSON.stringify(value)};`
  }
  return identity
}

const walk = (
  value: unknown, path: Path, index: number, at: Trail | undefined, types: SupergraphTypes,
  visit: (object: Obj, path: Trail | undefined) => void,
): void => {
  if (value === null || value === undefined) return
  const segment = path[index]
  if (Array.isArray(value)) {
    // The planner writes one segment for a list in a list, too.
    const next = segment === 'item' ? index + 1 : index
    for (let item = 0; item < value.length; item++) {
      walk(value[item], path, next, { above: at, key: item }, types, visit)
    }
  } else if (segment === 'item') {
    return
  } else if (!isObject(value)) {
    return
  } else if (segment === undefined) {
    visit(value, at)
  } else if ('field' in segment) {
    walk(value[segment.field], path, index + 1, { above: at, key: segment.field }, types, visit)
  } else if (satisfies(value, segment.types, types)) {
    walk(value, path, index + 1, at, types, visit)
  }
}

/** An object that did not tell its type stands where only one type is possible. */
const satisfies = (value: Obj, conditions: readonly string[], types: SupergraphTypes): boolean => {
  const name = value.__typename
  return typeof name !== 'string' || conditions.some((condition) => types.matches(condition, name))
}

const incomplete = Symbol('incomplete')

/** Nothing when the entity is not meant or cannot be known: it is of another type, or all its keys are null. */
const representation = (
  object: Obj, group: EntityGroup, types: SupergraphTypes, variables: Record<string, unknown>,
): Obj | typeof incomplete | undefined => {
  const value: Obj = {}
  if (!select(object, group.requires, value, types, variables)) return incomplete
  let known = false
  for (const key in value) if (key !== '__typename' && value[key] !== null) known = true
  if (!known || typeof value.__typename !== 'string') return undefined
  if (group.inputRewrites.length > 0) rewriteInput(value, group.inputRewrites, types)
  return value
}

const select = (
  source: Obj, selections: readonly RequiresSelection[], into: Obj, types: SupergraphTypes,
  variables: Record<string, unknown>,
): boolean => {
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      if (selection.skipIf && variables[selection.skipIf] === true) continue
      if (selection.includeIf && variables[selection.includeIf] !== true) continue
      if (!satisfies(source, [selection.typeCondition], types)) continue
      if (!select(source, selection.selections, into, types, variables)) return false
    } else if (selection.kind === 'Field') {
      const value = selectValue(source[selection.name], selection.selections, types, variables)
      if (value === undefined) return false
      into[selection.alias ?? selection.name] = value
    }
  }
  return true
}

const selectValue = (
  value: unknown, selections: readonly RequiresSelection[] | undefined, types: SupergraphTypes,
  variables: Record<string, unknown>,
): unknown => {
  if (!selections?.length || value === null || value === undefined) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => selectValue(item, selections, types, variables))
    return items.includes(undefined) ? undefined : items
  }
  if (!isObject(value)) return undefined
  const into: Obj = {}
  return select(value, selections, into, types, variables) ? into : undefined
}
