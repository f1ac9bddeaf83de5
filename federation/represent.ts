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

/** The distinct representations of a group and the objects that each of them stands for. */
export interface Representations {
  values: Obj[]
  /** What identifies each value within the group. */
  keys: string[]
  objects: Obj[][]
  /** Objects of the right type that lack a field which the plan should have fetched before. */
  incomplete: Obj[]
}

/** Finds the group's objects in the tree and builds what their entities are asked by, equal ones once. */
export const represent = (
  group: EntityGroup, data: Obj, types: SupergraphTypes, variables: Record<string, unknown>,
): Representations => {
  const result: Representations = { values: [], keys: [], objects: [], incomplete: [] }
  const indexes = new Map<string, number>()
  const visit = (object: Obj): void => {
    const value = representation(object, group, types, variables)
    if (value === incomplete) result.incomplete.push(object)
    if (typeof value !== 'object') return
    const key = identityOf(value)
    let index = indexes.get(key)
    if (index === undefined) {
      indexes.set(key, index = result.values.length)
      result.values.push(value)
      result.keys.push(key)
      result.objects.push([])
    }
    result.objects[index]!.push(object)
  }
  for (const path of group.paths) walk(data, path, 0, types, visit)
  return result
}

/** Every place of the group at which one of these objects stands. Only errors need places. */
export const placesOf = (
  objects: Iterable<Obj>, group: Pick<EntityGroup, 'paths'>, data: Obj, types: SupergraphTypes,
): Place[] => {
  const wanted = new Set(objects)
  const places: Place[] = []
  for (const path of group.paths) {
    trace(data, path, 0, undefined, types, (object, at) => {
      if (wanted.has(object)) places.push({ object, path: at })
    })
  }
  return places
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

/** Calls `visit` for the objects at the end of the path. */
const walk = (
  value: unknown, path: Path, index: number, types: SupergraphTypes, visit: (object: Obj) => void,
): void => {
  if (value === null || typeof value !== 'object') return
  const segment = path[index]
  if (Array.isArray(value)) {
    // The planner writes one segment for a list in a list, too.
    const next = segment === 'item' ? index + 1 : index
    for (let item = 0; item < value.length; item++) walk(value[item], path, next, types, visit)
  } else if (segment === 'item') {
    return
  } else if (segment === undefined) {
    visit(value as Obj)
  } else if ('field' in segment) {
    walk((value as Obj)[segment.field], path, index + 1, types, visit)
  } else if (satisfies(value as Obj, segment.types, types)) {
    walk(value, path, index + 1, types, visit)
  }
}

/** The same with the way to each object. */
const trace = (
  value: unknown, path: Path, index: number, at: Trail | undefined, types: SupergraphTypes,
  visit: (object: Obj, path: Trail | undefined) => void,
): void => {
  if (value === null || typeof value !== 'object') return
  const segment = path[index]
  if (Array.isArray(value)) {
    const next = segment === 'item' ? index + 1 : index
    for (let item = 0; item < value.length; item++) {
      trace(value[item], path, next, { above: at, key: item }, types, visit)
    }
  } else if (segment === 'item') {
    return
  } else if (segment === undefined) {
    visit(value as Obj, at)
  } else if ('field' in segment) {
    trace((value as Obj)[segment.field], path, index + 1, { above: at, key: segment.field }, types, visit)
  } else if (satisfies(value as Obj, segment.types, types)) {
    trace(value, path, index + 1, at, types, visit)
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
